"""``governor validate``: every problem of a policy folder, and of its test suites, at once."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from governor import __version__
from governor.clients.clock import SystemClock
from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import Compiled, compile_folder
from governor.compiler.problems import Problem, Severity, in_order
from governor.compiler.report import as_github, as_json, as_sarif
from governor.compiler.testcases import Suites, read_suites
from governor.edges.cli.load_policies import policy_folder
from governor.edges.cli.mistakes import FINDING, WRONG_USE
from governor.edges.cli.printing import complain, print_json, progress, say

EXAMPLE = "Example: governor validate policies --format github"


class Format(StrEnum):
    """How problems are printed."""

    TEXT = "text"
    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def validate(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="A policy folder; by default GOVERNOR_POLICIES.", show_default=False),
    ] = None,
    output: Annotated[
        Format,
        typer.Option(
            "--format", "--output", "-o", help="text (or table) for people; json, sarif, github for programs."
        ),
    ] = Format.TEXT,
) -> None:
    """Check a policy folder: exit code 0 if it can be used, 1 if it has errors, 2 if there is none.

    Its test suites are checked too, but not run: governor test runs them.
    """
    place = folder or policy_folder()
    if not place.is_dir():
        complain(f"there is no policy folder `{place}`; name one: governor validate FOLDER")
        raise typer.Exit(WRONG_USE)
    with progress() as bar:
        bar.add_task(f"compiling {place}", total=None, note="")
        compiled = compile_folder(place, SystemClock().now(), genai_prices())
        suites = read_suites(place)
    problems = in_order((*compiled.problems, *suites.problems))
    _show(compiled, suites, problems, place, output)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise typer.Exit(FINDING)


def _show(compiled: Compiled, suites: Suites, problems: Sequence[Problem], place: Path, output: Format) -> None:
    prefix = "" if place.is_absolute() else place.as_posix()
    if output is Format.JSON:
        print_json(as_json(problems, compiled.version, len(compiled.files), len(suites.suites)))
    elif output is Format.SARIF:
        print_json(as_sarif(problems, __version__, prefix))
    elif output is Format.GITHUB:
        for line in as_github(problems, prefix):
            say(line)
    else:
        for problem in problems:
            say(str(problem))
        say(_summary(compiled, suites, problems))


def _summary(compiled: Compiled, suites: Suites, problems: Sequence[Problem]) -> str:
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    if errors:
        what = "the folder cannot be used" if compiled.policies is None else "its test suites cannot be run"
        return f"{_count(errors, 'error')}, {_count(warnings, 'warning')}: {what}"
    assert compiled.policies is not None, "a folder without errors was compiled"
    policies = _count(len(compiled.policies.headers), "policy", "policies")
    counted = f"{policies} in {_count(len(compiled.files), 'file')}, {_count(len(suites.suites), 'test suite')}"
    return f"{counted}, {_count(warnings, 'warning')}; version {compiled.version[:12]}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
