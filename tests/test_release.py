"""What runs elsewhere keeps rules that nothing here would notice: workflows, the changelog, what a release needs."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SESSIONS = {
    node.name
    for node in ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.decorator_list
}

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def jobs_of(path):
    return yaml.safe_load(path.read_text("utf-8"))["jobs"].items()


def steps_of(path):
    return [step for _, job in jobs_of(path) for step in job["steps"]]


def test_an_sdist_holds_what_the_tests_read():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["sdist"]
    always = {".gitignore", "LICENSE", "README.md", "pyproject.toml"}
    texts = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py")]
    read = {name for text in texts for name in re.findall(r'\bROOT / "([\w.]+)"', text) if (ROOT / name).exists()}
    assert {"docs", ".github", "CHANGELOG.md"} <= read
    assert {f"/{name}" for name in read - always} <= set(build["include"])


def test_there_are_workflows():
    assert [path.stem for path in WORKFLOWS] == ["ci", "publish"]


@each_workflow
def test_every_action_is_pinned_by_its_commit_and_says_its_version(path):
    used = re.findall(r"uses: (.*)", path.read_text("utf-8"))
    assert len(used) == sum("uses" in step for step in steps_of(path)) > 0
    assert [each for each in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


@each_workflow
def test_a_workflow_may_do_nothing_and_a_job_only_what_it_says_why(path):
    text = path.read_text("utf-8")
    assert yaml.safe_load(text)["permissions"] == {}
    granted = [(scope, right) for _, job in jobs_of(path) for scope, right in job["permissions"].items()]
    assert {right for scope, right in granted if scope == "contents"} <= {"read"}
    assert len(re.findall(r"^ +[\w-]+: (?:read|write) # .+\.$", text, re.MULTILINE)) == len(granted)


@each_workflow
def test_no_step_keeps_a_token_on_disk_or_expands_text_of_others_in_a_shell(path):
    for step in steps_of(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", "")


def test_only_the_job_that_publishes_can_and_an_owner_agrees_first():
    (publish,) = (path for path in WORKFLOWS if path.stem == "publish")
    jobs = dict(jobs_of(publish))
    assert jobs["publish"]["environment"] == "pypi"
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert not any("checkout" in step.get("uses", "") for step in jobs["publish"]["steps"])


def test_the_workflows_call_sessions_that_there_are():
    (ci,) = (path for path in WORKFLOWS if path.stem == "ci")
    called = set(dict(jobs_of(ci))["checks"]["strategy"]["matrix"]["session"])
    commands = " ".join(step.get("run", "") for path in WORKFLOWS for step in steps_of(path))
    called |= set(re.findall(r'--session "?([a-z]+)', commands)) | set(re.findall(r'"([a-z]+)-\$PYTHON"', commands))
    assert {"lint", "types", "tests", "docs", "install", "build", "sbom", "uvloop", "lowest"} <= called
    assert called <= SESSIONS


def test_the_changelog_is_one_that_is_kept():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert [each for each in versions[1:] if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", each)] == []
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= kinds


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_every_form_can_be_read(path):
    found = yaml.safe_load(path.read_text("utf-8"))
    if path.parent.name == "ISSUE_TEMPLATE" and path.stem != "config":
        assert found.keys() >= {"name", "description", "body"}
        ids = [field["id"] for field in found["body"] if field["type"] != "markdown"]
        assert len(ids) == len(set(ids)) > 0


def test_read_the_docs_builds_the_site_as_nox_does():
    jobs = yaml.safe_load((ROOT / ".readthedocs.yaml").read_text("utf-8"))["build"]["jobs"]
    session = re.search(r"^def docs\(.*?(?=^@)", (ROOT / "noxfile.py").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    calls = [node for node in ast.walk(ast.parse(session[0])) if isinstance(node, ast.Call)]
    (sphinx,) = [words for call in calls if "sphinx" in (words := [getattr(each, "value", "") for each in call.args])]
    (html,) = jobs["build"]["html"]
    assert shlex.split(html)[:-1] == sphinx[:-1]
    *_, install = jobs["install"]
    assert set(re.findall(r"--group (\w+)", install)) == set(re.findall(r'group\("(\w+)"\)', session[0]))
    assert shlex.split(install)[-1] in session[0]
