"""The house rules that a machine can check; style is a test, not a wish."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("governor", "tests", "benchmarks", "docs", "policies", "schemas", "alembic", ".ci", "deploy")
TOP = (
    "Makefile",
    "pyproject.toml",
    "constraints.txt",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "action.yml",
    ".pre-commit-hooks.yaml",
)
LINES_MAX = 400
FUNCTION_LINES_MAX = 60

BANNED_NAMES = {
    "utils": "the noun that it is about",
    "util": "the noun that it is about",
    "helpers": "the noun that it is about",
    "common": "the noun that is shared",
    "misc": "a room each",
    "base": "the noun that it is",
    "manager": "the verb that it does",
    "exceptions": "errors",
}

# Put together here, so that this file does not trip over itself.
LEFT_OPEN = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")) + r")\b")
MACHINE_PATH = re.compile(
    r"(?<![\w.~/-])/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers")) + r")/\w"
)
REGISTRIES = (
    "py" + "pi.org",
    "pythonhos" + "ted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "proxy.golang" + ".org",
    "crates" + ".io",
)
SILENCED = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b(?::\s*[A-Z0-9, ]+|\[[^\]]+\])?(?P<reason>.*)$")


def files(*suffixes: str) -> Iterator[Path]:
    """Yield the project's text files; generated and installed things are not among them."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and (not suffixes or path.suffix in suffixes):
                yield path
    for name in TOP:
        if not suffixes or Path(name).suffix in suffixes:
            yield ROOT / name


def python_files(folder: str = "governor") -> list[Path]:
    """Return the Python files of one folder."""
    return [path for path in files(".py") if path.is_relative_to(ROOT / folder)]


def shown(path: Path, line: int | None = None) -> str:
    """Name a place like a compiler does."""
    return f"{path.relative_to(ROOT)}" + (f":{line}" if line is not None else "")


def found(pattern: re.Pattern[str], *suffixes: str) -> list[str]:
    """Return the places where a pattern occurs."""
    return [
        shown(path, number)
        for path in files(*suffixes)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def unreasoned(line: str) -> bool:
    """Tell whether a line silences a checker without saying why."""
    match = SILENCED.search(line)
    return match is not None and re.search(r"[A-Za-z]{3}", match["reason"]) is None


def test_nothing_is_called_an_attic() -> None:
    """A function without a home needs a noun, not a drawer for everything."""
    named = [f"{shown(path)}: {BANNED_NAMES[path.stem]}" for path in files(".py") if path.stem in BANNED_NAMES]
    named += [
        shown(path)
        for path in files(".py")
        if BANNED_NAMES.keys() & {part.lower() for part in path.relative_to(ROOT).parent.parts}
    ]

    assert [] == named


def test_files_stay_small() -> None:
    """The median is a vanity number; the maximum is what rots."""
    large = {
        shown(path): lines
        for path in [*python_files(), *python_files("tests"), *python_files("benchmarks")]
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LINES_MAX
    }

    assert {} == large


def test_functions_stay_small() -> None:
    """A function that does not fit on a screen does two things; a migration is a list of columns."""
    large = [
        f"{shown(path, node.lineno)} {node.name}"
        for path in python_files()
        if path.parent.name != "versions"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > FUNCTION_LINES_MAX
    ]

    assert [] == large


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_nothing_is_left_open() -> None:
    """What is not done yet is an issue, not a comment."""
    assert [] == found(LEFT_OPEN)


def test_every_test_says_what_it_proves() -> None:
    """Each test has a docstring of its own."""
    silent = [
        f"{shown(path, node.lineno)} {node.name}"
        for path in python_files("tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert [] == silent


def test_every_silenced_check_has_a_reason() -> None:
    """A checker may be overruled, with a reason beside it."""
    silent = [
        shown(path, number)
        for path in files(".py")
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if unreasoned(line)
    ]

    assert [] == silent


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = 1  # type: ignore[assignment]", True),
        ("x = 1  # type: ignore[assignment]  # set by open alone", False),
        ("x = 1  # noqa: S311", True),
        ("x = 1  # noqa: S311, B008  # repeatable, not secret", False),
        ("x = 1  # noqa: S311 - repeatable, not secret", False),
        ("x = 1  # a comment", False),
    ],
)
def test_reason_is_recognised(line: str, expected: bool) -> None:
    """The check itself is checked on snippets."""
    assert expected == unreasoned(line)


def test_no_machine_is_named() -> None:
    """A path of one machine works on one machine."""
    assert [] == found(MACHINE_PATH)


def test_no_registry_is_named() -> None:
    """Where packages come from is the installer's business."""
    assert [] == found(re.compile("|".join(map(re.escape, REGISTRIES))))


def test_constraints_are_exact_versions() -> None:
    """The tested versions are named exactly, without addresses or paths."""
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]

    assert [] == [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", line)]


def test_imports_follow_the_floors() -> None:
    """No arrow up or sideways: the contracts of import-linter hold."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]


def test_reference_pages_say_what_the_code_says() -> None:
    """Commands, settings, codes, metrics and roles are documented, and the pages are up to date."""
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_links_in_the_documentation_lead_somewhere() -> None:
    """A relative link names a file that exists."""
    dead = [
        f"{shown(page)}: {target}"
        for page in files(".md")
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert [] == dead


LOADED_BY_OTHERS = {
    "fastapi-offline": "the pages under /docs are files of this package",
    "httptools": "uvicorn reads HTTP with it",
    "tzdata": "zones where the machine has none",
    "uvloop": "uvicorn runs on it",
}


def test_nothing_is_installed_that_nothing_uses() -> None:
    """Each package that users get is one more to trust: it is imported, or there is a reason for it."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    by_module = packages_distributions()
    imported = {
        distribution.lower().replace("_", "-")
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in modules_of(node)
        for distribution in by_module.get(module, [])
    }

    assert set(LOADED_BY_OTHERS) == {re.split(r"[\[<>=;]", each)[0] for each in declared} - imported


def modules_of(node: ast.AST) -> list[str]:
    """Return the top modules that an import names."""
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [node.module.partition(".")[0]] if isinstance(node, ast.ImportFrom) and node.module else []
