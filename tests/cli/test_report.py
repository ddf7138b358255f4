"""``governor report``: the same numbers for people, for programs, and from a server."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from typer.testing import Result

from governor.edges.cli.demo_server import DayClock, running_server
from governor.settings import load_settings
from tests.cli.conftest import POLICIES

Cli = Callable[..., Result]

USE_CASES = """
---
apiVersion: governor/v1
kind: UseCase
name: support-triage
owner: ada@acme.example
stage: production
audience: customer
outcome: a resolved ticket
outcome_worth: 4.50 USD
expected_cost: 0.35 USD per outcome
---
apiVersion: governor/v1
kind: UseCase
name: drafting
owner: dan@acme.example
stage: experiment
audience: internal
"""
NOVEMBER = ("report", "use-cases", "--at", "2026-11-20T12:00:00Z")


@pytest.fixture
def url(cli: Cli, policies: Path) -> Iterator[str]:
    """Give the address of a server on the database and the policies of the commands, after a November of use."""
    assert cli is not None
    (policies / "acme.yaml").write_text(POLICIES + USE_CASES)
    settings = load_settings(auth="off", port=0, log_level="error", decide_deadline_ms=60_000)
    with running_server(settings, DayClock(datetime(2026, 11, 20, 12, tzinfo=UTC))) as address:
        usage = {"model": "acme/fast", "subject": {"user": "ada@acme.example"}, "usage": {"input_tokens": 150_000}}
        reports = [
            ("/usage", {"event_id": "e1", "use_case": "support-triage", **usage}),
            ("/usage", {"event_id": "e2", **usage}),
            ("/outcomes", {"event_id": "o1", "use_case": "support-triage", "count": 4}),
            ("/outcomes", {"event_id": "o2", "use_case": "cooking", "count": 2}),
            ("/outcomes", {"event_id": "o3", "use_case": "drafting", "time": "2026-10-31T23:59:59Z"}),
        ]
        for path, report in reports:
            assert 200 == httpx.post(address + path, json=report).status_code
        yield address


def test_use_cases_are_a_table_for_people(cli: Cli, url: str) -> None:
    """Cost, outcomes, cost of each against what was expected and what it is worth; and what the numbers leave out."""
    result = cli(*NOVEMBER, "--url", url)
    rows = {line.split("  ")[0]: line.split() for line in result.stdout.splitlines()}

    assert 0 == result.exit_code
    assert "Use cases from 2026-11-01 00:00 to 2026-12-01 00:00 UTC, in USD" in rows
    assert ["(none)", "1.50", "0"] == rows["(none)"]
    assert ["cooking", "unregistered", "0", "2", "0"] == rows["cooking"]
    assert ["drafting", "experiment", "0", "0"] == rows["drafting"]
    assert ["support-triage", "production", "1.50", "4", "0.3750", "0.3500", "4.50", "16.50"] == rows["support-triage"]
    assert ["all", "3.00", "6", "15.00"] == rows["all"]
    assert "2 outcomes have no worth" in result.stdout


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize(
    "time",
    [
        ("--at", "2026-11-20T12:00:00Z"),
        ("--period", "fiscal year", "--at", "2026-11-20T12:00:00Z"),
        ("--since", "2026-10-01T00:00:00+02:00", "--until", "2026-11-20T12:00:00Z"),
    ],
    ids=lambda time: time[0],
)
def test_a_server_and_its_database_give_the_same_report(cli: Cli, url: str, output: str, time: tuple[str, ...]) -> None:
    """With ``--url`` the running server is asked, and what people and programs see is the same."""
    words = ("report", "use-cases", *time, "--output", output)
    here, there = cli(*words), cli(*words, "--url", url)

    assert (0, 0) == (here.exit_code, there.exit_code), here.output + there.output
    assert here.stdout == there.stdout


def test_programs_get_every_use_case(cli: Cli, url: str) -> None:
    """JSON has all of it on one page, with what is unknown as null."""
    document = json.loads(cli(*NOVEMBER, "--output", "json", "--url", url).stdout)

    assert {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"} == document["period"]
    assert ["", "cooking", "drafting", "support-triage"] == [line["use_case"] for line in document["use_cases"]]
    assert (None, "3.000000000") == (document["next"], document["totals"]["cost_usd"])
    assert (None, None, "0.000000000") == tuple(
        document["use_cases"][1][name] for name in ("stage", "worth_usd", "cost_per_outcome_usd")
    )


def test_a_period_and_bounds_are_one_too_many(cli: Cli) -> None:
    """Somebody who names both is asked which."""
    result = cli(*NOVEMBER, "--since", "2026-11-01T00:00:00Z")

    assert (2, True) == (result.exit_code, "not both" in result.stderr)


def test_nothing_to_report_is_said(cli: Cli) -> None:
    """An empty report is a sentence that says what to do."""
    result = cli(*NOVEMBER)

    assert (0, True) == (result.exit_code, "write a UseCase policy" in result.stdout)
