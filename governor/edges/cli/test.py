"""``governor test``: the policies against their own test suites."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from governor.clients.clock import SystemClock
from governor.clients.price_catalogue import genai_prices
from governor.compiler.problems import Severity
from governor.compiler.report import as_github as problems_as_github
from governor.compiler.testcases import read_suites
from governor.core.decisions.snapshot import Snapshot
from governor.core.decisions.suites import Suite
from governor.edges.cli.load_policies import InvalidFolderError, load_policies, policy_folder
from governor.edges.cli.mistakes import FINDING, WRONG_USE, FindingError
from governor.edges.cli.printing import complain, console, print_json, say
from governor.edges.cli.test_report import as_github, as_json, as_junit, as_text, problems_as_junit
from governor.services.coverage import coverage
from governor.services.run_suites import run_suites

EXAMPLE = "Example: governor test policies --fail-under 80"


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"


class InvalidSuitesError(InvalidFolderError, FindingError):
    """Test suites that cannot be read: something that tests find, like a case that fails."""


def test(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="A policy folder; by default GOVERNOR_POLICIES.", show_default=False),
    ] = None,
    suite: Annotated[str, typer.Option(help="Only the suite of this name.", show_default=False)] = "",
    case: Annotated[str, typer.Option(help="Only cases whose name has this text.", show_default=False)] = "",
    fail_under: Annotated[
        float, typer.Option(min=0, max=100, help="Fail if fewer percent of the rules were made to fire.")
    ] = 0,
    output: Annotated[
        Format, typer.Option("--output", "-o", help="A table for people; json, junit or github for programs.")
    ] = Format.TABLE,
) -> None:
    """Run the test suites of a policy folder: exit code 0 if all pass, 1 if not, 2 if there are none.

    Suites are documents of kind TestSuite in files named *.test.yaml.
    """
    place = folder or policy_folder()
    try:
        policies = load_policies(place, SystemClock().now())
        suites = _selected(place, suite, case)
    except InvalidFolderError as error:
        if error.problems:
            _show_problems(error, place, output)
        raise
    results = list(run_suites(Snapshot.build(policies, genai_prices()), suites))
    covered = coverage(policies, (rule for result in results for rule in result.fired))
    # A selection of cases says nothing of what the others cover.
    short = covered.percent < fail_under and not (suite or case)
    missed = [policy for policy in covered.policies if policy.silent] if short else []
    if output is Format.JSON:
        print_json(as_json(results, covered))
    elif output is Format.JUNIT:
        say(as_junit(results, missed))
    else:
        lines = as_github(results, place, missed) if output is Format.GITHUB else as_text(results, covered)
        for line in lines:
            say(line)
    if short:
        complain(f"the tests make {covered.percent:.0f}% of the rules fire, wanted are {fail_under:g}%")
    if short or any(result.differences for result in results):
        raise typer.Exit(FINDING)


def _show_problems(error: InvalidFolderError, place: Path, output: Format) -> None:
    """Say in the form of the results why there are none; people are told on standard error."""
    if output is Format.JSON:
        print_json(as_json((), None, error.problems))
    elif output is Format.JUNIT:
        say(problems_as_junit(error.problems))
    elif output is Format.GITHUB:
        for line in problems_as_github(error.problems, "" if place.is_absolute() else place.as_posix()):
            say(line)


def _selected(place: Path, suite: str, case: str) -> list[Suite]:
    found = read_suites(place)
    if any(problem.severity is Severity.ERROR for problem in found.problems):
        raise InvalidSuitesError(f"the test suites in `{place}` have errors; mend them first", found.problems)
    for problem in found.problems:
        # A warning stops nothing, and stays out of what programs read.
        console(stderr=True).print(str(problem), soft_wrap=True, markup=False)
    suites = [
        Suite(one.name, tuple(each for each in one.cases if case.lower() in each.name.lower()), one.source)
        for one in found.suites
        if not suite or one.name == suite
    ]
    if not any(one.cases for one in suites):
        names = ", ".join(one.name for one in found.suites)
        missing = f"no case matches; the suites are {names}" if names else f"`{place}` has no *.test.yaml"
        complain(f"{missing}: nothing was tested")
        raise typer.Exit(WRONG_USE)
    return suites
