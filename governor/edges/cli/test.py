"""``governor test``: the policies against their own test suites."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from governor.clients.clock import SystemClock
from governor.clients.price_catalogue import genai_prices
from governor.compiler.problems import Severity
from governor.compiler.testcases import read_suites
from governor.core.decisions.snapshot import Snapshot
from governor.core.decisions.suites import Suite
from governor.edges.cli.load_policies import load_policies, policy_folder
from governor.edges.cli.mistakes import FINDING, WRONG_USE
from governor.edges.cli.printing import complain, console, print_json, say
from governor.edges.cli.test_report import as_github, as_json, as_junit, as_text
from governor.services.coverage import coverage
from governor.services.run_suites import run_suites

EXAMPLE = "Example: governor test policies --fail-under 80"


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"


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
    policies = load_policies(place, SystemClock().now())
    suites = _selected(place, suite, case)
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


def _selected(place: Path, suite: str, case: str) -> list[Suite]:
    found = read_suites(place)
    broken = any(problem.severity is Severity.ERROR for problem in found.problems)
    for problem in found.problems:
        # A warning stops nothing, and stays out of what programs read.
        console(stderr=not broken).print(str(problem), soft_wrap=True, markup=False)
    if broken:
        complain("the test suites have errors; mend them first")
        raise typer.Exit(FINDING)
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
