"""What was decided and recorded, read again: for a plan, and for the trial of a policy."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from governor.edges.cli.demo_server import DayClock, running_server
from governor.settings import load_settings
from tests.cli.conftest import POLICIES
from tests.clients.test_git import git

Cli = Callable[..., Result]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TRIALS = """
---
apiVersion: governor/v1
kind: Quota
name: on-trial
enforcement: audit
per: [user]
limit: 0.50 USD
period: month
---
apiVersion: governor/v1
kind: ModelAllowlist
name: small-only
enforcement: warn
applies_to: {department: legal}
only: [acme/small]
"""


def asked(user: str, model: str = "acme/fast", tokens: int = 40_000) -> dict[str, Any]:
    """A request that costs 10 USD for a million tokens."""
    return {"subject": {"user": f"{user}@acme.example"}, "model": model, "input_tokens": tokens, "max_output_tokens": 0}


@pytest.fixture
def recorded(cli: Cli, policies: Path) -> Iterator[Path]:
    """A day on record: five requests of ada at 0.4 USD, of which a dollar allows two; and one of dan."""
    assert cli is not None
    (policies / "acme.yaml").write_text(POLICIES + TRIALS)
    git(policies.parent, "init", "-q", "-b", "main")
    git(policies.parent, "add", "policies")
    git(policies.parent, "commit", "-qm", "begin")
    settings = load_settings(auth="off", port=0, log_level="error", decide_deadline_ms=60_000)
    with running_server(settings, DayClock(NOON)) as url:
        for _ in range(5):
            answer = httpx.post(f"{url}/decide", json=asked("ada")).json()
            if answer["verdict"] == "allow":
                report(url, answer["decision_id"], 40_000)
        dan = httpx.post(f"{url}/decide", json=asked("dan")).json()
        report(url, dan["decision_id"], 10_000)
        yield policies


def report(url: str, decision_id: str, tokens: int) -> None:
    """Report what a request used."""
    event = {
        "event_id": f"e-{decision_id}",
        "decision_id": decision_id,
        "model": "acme/fast",
        "usage": {"input_tokens": tokens},
    }
    assert 200 == httpx.post(f"{url}/usage", json=event).status_code


def plan(cli: Cli, *arguments: str) -> dict[str, Any]:
    """Plan on the recorded day."""
    result = cli("plan", "--since", "2026-11-20T00:00:00Z", "--until", "2026-11-21T00:00:00Z", "-o", "json", *arguments)
    document: dict[str, Any] = json.loads(result.output)["replay"]
    return document


def test_recorded_decisions_are_replayed_as_they_were_decided(cli: Cli, recorded: Path) -> None:
    """The version that decided comes to what it decided: two of ada's, and dan's with what was reported."""
    replay = plan(cli)

    assert (6, 0) == (replay["requests"], replay["affected"])
    assert (3, "0.900000000") == (replay["before"]["allowed"], replay["before"]["cost_usd"])


def test_recorded_decisions_are_replayed_under_what_is_proposed(cli: Cli, recorded: Path) -> None:
    """A dollar more, and what was refused is allowed, at what would have been held for it."""
    file = recorded / "acme.yaml"
    file.write_text(file.read_text().replace("limit: 1 USD", "limit: 2 USD"))
    replay = plan(cli)

    assert {"allowed": {"requests": 3, "usd": "1.200000000"}} == replay["by_policy"]["Quota/department-monthly"]
    assert ["ada@acme.example"] == [person["user"] for person in replay["people"] if "allowed" in person["effects"]]


def test_forgotten_texts_are_replayed_by_what_is_kept(
    cli: Cli, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked in words is gone, and so are refusals; who used what of which model is not."""
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    monkeypatch.setenv("GOVERNOR_CLOCK", "2027-06-01T00:00:00Z")

    assert 0 == cli("db", "forget", "--older-than", "100 days").exit_code

    replay = plan(cli)

    assert (3, 0, "0.900000000") == (replay["requests"], replay["affected"], replay["before"]["cost_usd"])
    assert {"legal", "sales"} == set(replay["by_department"])


def test_nothing_on_record_is_said(cli: Cli, recorded: Path) -> None:
    """A span without decisions is no difference, and no division by nothing."""
    result = cli("plan", "--since", "2020-01-01T00:00:00Z", "--until", "2020-01-02T00:00:00Z")

    assert (0, True) == (result.exit_code, "nothing was recorded" in result.output), result.output


def shadow(cli: Cli, *arguments: str) -> dict[str, Any]:
    """Report what was on trial."""
    document: dict[str, Any] = json.loads(cli("report", "shadow", "-o", "json", *arguments).output)
    return document


def test_trials_are_added_up_exactly(cli: Cli, recorded: Path) -> None:
    """One request of ada went beyond half a dollar, three more were refused anyway; dan used a model he should not."""
    report_ = shadow(cli)
    trials = {trial["policy"]: trial for trial in report_["policies"]}

    assert (6, "0.900000000") == (report_["decisions"], report_["spent_usd"])
    assert {
        "requests": 2,
        "people": 2,
        "saved_usd": "0.500000000",
        "unreported": 0,
        "lost_outcomes": 0,
        "lost_worth_usd": "0.000000000",
    } == report_["would_refuse"]
    assert (1, "0.400000000", 3) == (
        trials["Quota/on-trial"]["requests"],
        trials["Quota/on-trial"]["saved_usd"],
        trials["Quota/on-trial"]["refused_anyway"],
    )
    assert {"legal": {"requests": 1, "people": 1, "saved_usd": "0.100000000", "unreported": 0}} == trials[
        "ModelAllowlist/small-only"
    ]["by_department"]["shown"]
    assert ["dan@acme.example"] == list(trials["ModelAllowlist/small-only"]["by_person"]["shown"])
    assert ["acme/fast"] == list(trials["Quota/on-trial"]["by_model"]["shown"])


def triage_then_outcomes(policies: Path, name: str = "triage", formerly: str = "") -> None:
    """Four requests of ada for triage, of which a trial refuses the last three; two are of one task.

    What came of them is reported when the use case has its last name.
    """
    use_case = "---\n{apiVersion: governor/v1, kind: UseCase, owner: ada, stage: production, audience: internal, "
    written = POLICIES.replace("limit: 1 USD", "limit: 100 USD") + TRIALS + use_case
    settings = load_settings(auth="off", port=0, log_level="error", decide_deadline_ms=60_000)
    (policies / "acme.yaml").write_text(f"{written}name: triage}}\n")
    with running_server(settings, DayClock(NOON)) as url:
        for task in ("run-1", "run-2", "run-2", "", ""):
            body = asked("ada") | {"use_case": "triage"}
            body["subject"] |= {"task": task} if task else {}
            report(url, httpx.post(f"{url}/decide", json=body).json()["decision_id"], 40_000)
    (policies / "acme.yaml").write_text(f"{written}name: {name}, formerly: [{formerly}]}}\n")
    with running_server(settings, DayClock(NOON)) as url:
        for number, outcome in enumerate(
            [
                {"task": "run-1", "count": 5, "worth_usd": "50"},
                {"task": "run-2", "count": 3, "worth_usd": "30"},
                {"count": 10, "worth_usd": "7"},
                {"task": "run-9", "count": 2},
            ]
        ):
            answer = httpx.post(f"{url}/outcomes", json={"event_id": f"o{number}", "use_case": name, **outcome})
            assert 200 == answer.status_code, answer.text


def test_outcomes_that_would_have_been_lost(cli: Cli, policies: Path) -> None:
    """Those of a task with any of its requests, those without a task in proportion; and what they are worth."""
    triage_then_outcomes(policies)
    [trial] = shadow(cli, "--policy", "Quota/on-trial")["policies"]

    assert (4, 13, "37.000000000") == (trial["requests"], trial["lost_outcomes"], trial["lost_worth_usd"])
    assert "13 reported outcomes worth 37.00 USD would have been lost" in " ".join(
        cli("report", "shadow").output.split()
    )


def test_outcomes_that_were_reported_after_a_rename_are_lost_as_well(cli: Cli, policies: Path) -> None:
    """Requests and outcomes say the names of their time, and are of one use case."""
    triage_then_outcomes(policies, "helpdesk", "triage")
    [trial] = shadow(cli, "--policy", "Quota/on-trial")["policies"]

    assert (4, 13, "37.000000000") == (trial["requests"], trial["lost_outcomes"], trial["lost_worth_usd"])


def test_forgotten_texts_are_said(cli: Cli, recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is older than its text tells nothing about trials, and says so."""
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    monkeypatch.setenv("GOVERNOR_CLOCK", "2027-06-01T00:00:00Z")
    cli("db", "forget", "--older-than", "100 days")
    report_ = shadow(cli)

    assert (3, 3, []) == (report_["decisions"], report_["forgotten"], report_["policies"])


def test_totals_are_exact_where_lists_are_cut(cli: Cli, recorded: Path) -> None:
    """Naming one policy cuts the list of policies, not the sums."""
    whole, cut = shadow(cli), shadow(cli, "--top", "1")

    assert whole["would_refuse"] == cut["would_refuse"]
    assert (1, 1) == (len(cut["policies"]), cut["policies_left_out"])


def test_trial_of_one_policy_and_span(cli: Cli, recorded: Path) -> None:
    """A policy by its name, and a time at which nothing was decided."""
    assert ["Quota/on-trial"] == [trial["policy"] for trial in shadow(cli, "--policy", "Quota/on-trial")["policies"]]
    assert 0 == shadow(cli, "--until", "2026-11-20T11:00:00Z")["decisions"]


def test_trials_are_tables_for_people(cli: Cli, recorded: Path) -> None:
    """The sums stand in the first sentence."""
    result = cli("report", "shadow")

    assert 0 == result.exit_code
    assert "2 of 6 decisions would have been refused; 0.50 of 0.90 USD would have been saved" in result.output
    assert "Quota/on-trial, 3 more were refused anyway" in result.output


def test_nothing_on_trial_is_said(cli: Cli, recorded: Path) -> None:
    """A policy that is not on trial has refused nothing in its shadow."""
    result = cli("report", "shadow", "--policy", "Quota/none")

    assert "nothing on trial would have refused any of 6 decisions" in result.output
