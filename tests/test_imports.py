"""What an import brings in, and that names which come late are there all the same."""

from __future__ import annotations

import ast
import base64
import importlib
import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import heymarket_async
from heymarket_async import AsyncSession, Inbox, NotFound, resources, sandbox, testing, webhooks

LAZY = [heymarket_async, resources, sandbox, testing, webhooks]
# Of all that this package needs, what a session needs before it does anything.
FOR_A_SESSION = {"aiohttp", "attrs", "msgspec", "typing_extensions"}


def run_python(program: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def loaded_by(program: str) -> set[str]:
    return set(run_python(f"{program}\nimport sys; print(*sys.modules)").split())


def seen_by_type_checkers(package) -> dict[str, str]:
    """Return the names that a package imports for type checkers only, and the modules they come from."""
    tree = ast.parse(Path(package.__file__).read_text("utf-8"))
    blocks = [node.body for node in tree.body if isinstance(node, ast.If)]
    nodes = [node for block in blocks for node in block if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in nodes for alias in node.names}


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
class TestAPackageWhoseNamesComeLate:
    def test_type_checkers_see_what_it_lists(self, package):
        listed = package.__all__
        assert len(listed) == len(set(listed))
        assert seen_by_type_checkers(package).keys() == {name for name in listed if not name.startswith("__")}

    def test_what_a_program_gets_is_what_type_checkers_see(self, package):
        for name, home in seen_by_type_checkers(package).items():
            assert getattr(package, name) is getattr(importlib.import_module(home), name)

    def test_completion_offers_what_it_lists_and_no_helpers(self, package):
        name = package.__name__
        offered = run_python(f"import {name} as package; print(*dir(package))").split()
        public = {each for each in offered if not each.startswith("_")}
        modules = {home.removeprefix(f"{name}.").partition(".")[0] for home in seen_by_type_checkers(package).values()}
        assert public - modules == seen_by_type_checkers(package).keys()
        assert {"__all__", "__doc__", "__name__"} <= set(offered)

    def test_a_star_brings_all_of_it(self, package):
        run_python(
            f"import {package.__name__} as package\nfrom {package.__name__} import *\n{'; '.join(package.__all__)}"
        )

    def test_a_name_that_it_has_not_is_an_error_that_names_the_package(self, package):
        with pytest.raises(AttributeError, match=rf"^module '{package.__name__}' has no attribute 'Imbox'$"):
            package.Imbox  # noqa: B018 - that it raises is the point


def test_a_bare_import_shows_the_modules_of_the_package_too():
    run_python(
        "import heymarket_async as h; assert h.errors.NotFound is h.NotFound; assert h.resources.inboxes.Inboxes"
    )


def test_the_nouns_of_a_session_say_at_run_time_what_they_are():
    nouns = {name: member for name, member in inspect.getmembers(AsyncSession) if isinstance(member, property)}
    assert inspect.signature(nouns["inboxes"].fget, eval_str=True).return_annotation is resources.Inboxes


def test_what_was_pickled_is_read_where_nothing_was_imported_before():
    pickled = base64.b85encode(pickle.dumps([Inbox(id=42), NotFound("Gone.", status=404)])).decode()
    read = f"import base64, pickle; print(*map(repr, pickle.loads(base64.b85decode({pickled!r}))))"
    assert run_python(read).startswith("Inbox(id=42")


class TestWhatAnImportBringsIn:
    def test_the_package_by_itself_brings_in_nothing_but_the_means_to_find_its_names(self):
        fresh = loaded_by("import heymarket_async") - loaded_by("import __future__, importlib, typing")
        assert fresh == {f"heymarket_async{name}" for name in ("", "._homes", "._lazy", "._version")}

    def test_a_session_brings_in_only_packages_that_every_call_needs(self):
        loaded = loaded_by("from heymarket_async import AsyncSession")
        fresh = {name.partition(".")[0] for name in loaded - loaded_by("import aiohttp, attrs, msgspec")}
        assert fresh - sys.stdlib_module_names <= FOR_A_SESSION | {"heymarket_async"}

    def test_a_session_brings_in_no_models_and_no_nouns(self):
        loaded = loaded_by("from heymarket_async import AsyncSession")
        assert not {name for name in loaded if name.startswith("heymarket_async.models")}
        assert not {name for name in loaded if name.startswith("heymarket_async.resources.inboxes")}

    def test_a_session_brings_in_few_modules_beside_those_of_aiohttp(self):
        assert len(loaded_by("from heymarket_async import AsyncSession") - loaded_by("import aiohttp")) <= 66

    def test_a_session_makes_few_classes_at_import(self):
        # Most of what an import takes is the code that attrs compiles, a piece for each class.
        program = """
import sys, aiohttp
compiled = []
sys.addaudithook(lambda event, of: compiled.append(of) if event == "compile" and "attrs" in str(of[1]) else None)
from heymarket_async import AsyncSession
print(len(compiled))
"""
        assert 0 < int(run_python(program)) <= 20
