"""A grant at every door: whatever asks, it acts up to its end and not at its end, and exactly as the service says."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from governor.core.grants import Grant, GrantKind
from governor.core.keys import Role
from governor.edges.cli.workbench import Workbench, open_workbench
from governor.services.grants import GrantKeeper
from governor.settings import load_settings
from tests.api.world import StandingClock, running, settings_for
from tests.clients.test_git import git

Cli = Callable[..., Result]

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
END = datetime(2026, 11, 21, 9, tzinfo=UTC)
INSTANT = timedelta(seconds=1)
BUDGET = Grant(
    id="01990000-0000-7000-8000-000000000001",
    exception_id="x-1",
    kind=GrantKind.BUDGET,
    scope=(("user", "ada@acme.example"),),
    lifts=("Quota/department-monthly",),
    amount_nano_usd=5 * 10**9,
    starts_at=START,
    ends_at=END,
    issued_at=START,
    approved_by=("dan@acme.example",),
)
ASKED = {"model": "acme/fast", "input_tokens": 120_000, "max_output_tokens": 1}
SUITE = """
apiVersion: governor/v1
kind: TestSuite
name: grants
given:
  now: {now}
  grants:
    - {{for: {{user: ada@acme.example}}, lifts: [Quota/department-monthly], amount: 5 USD, until: 2026-11-21T09:00:00Z}}
    - for: {{user: dan@acme.example}}
      lifts: [ModelAllowlist/all-models]
      models: [acme/new]
      amount: 5 USD
      until: 2026-11-21T09:00:00Z
cases:
  - name: what does not fit
    request: {{user: ada@acme.example, model: acme/fast, input_tokens: 120000, max_output_tokens: 1}}
    expect: {{verdict: allow, reason: granted, policy: Quota/department-monthly}}
  - name: a model that is not allowed
    request: {{user: dan@acme.example, model: acme/new, input_tokens: 10, max_output_tokens: 1}}
    expect: {{verdict: allow, reason: granted, policy: ModelAllowlist/all-models}}
"""
NEW_MODEL = "  - {id: acme/new, context_window: 200k tokens, max_output: 8k tokens}\n"
NEW_PRICE = "  - {model: acme/new, from: 2020-01-01, input: 1 USD per 1M tokens, output: 2 USD per 1M tokens}\n"
MODEL = Grant(
    id="01990000-0000-7000-8000-000000000002",
    exception_id="x-2",
    kind=GrantKind.MODEL,
    scope=(("user", "dan@acme.example"),),
    lifts=("ModelAllowlist/all-models",),
    models=("acme/new",),
    amount_nano_usd=5 * 10**9,
    starts_at=START,
    ends_at=END,
    issued_at=START,
)


@pytest.fixture
def granted(cli: Cli, policies: Path) -> Cli:
    """Give a database with two grants, and a model that nobody may use otherwise."""
    text = (policies / "acme.yaml").read_text()
    text = text.replace(
        "---\napiVersion: governor/v1\nkind: PriceBook", f"{NEW_MODEL}---\napiVersion: governor/v1\nkind: PriceBook"
    )
    text = text.replace(
        "---\napiVersion: governor/v1\nkind: ModelAllowlist",
        f"{NEW_PRICE}---\napiVersion: governor/v1\nkind: ModelAllowlist",
    )
    (policies / "acme.yaml").write_text(text)

    async def issue(bench: Workbench) -> None:
        keeper = GrantKeeper(bench.snapshots, bench.ledger, bench.database)
        for grant in (BUDGET, MODEL):
            await keeper.issue(grant, START)

    asyncio.run(_at_the_bench(issue))
    return cli


async def _at_the_bench(work: Any) -> None:
    async with open_workbench(load_settings()) as bench:
        await work(bench)


def from_the_command_line(cli: Cli, policies: Path, at: datetime, monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Return what commands say at an instant: whether each of the grants acts."""
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    monkeypatch.setenv("GOVERNOR_CLOCK", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    ask = ("decide", "--max-output-tokens", 1, "--output", "json")
    over = json.loads(cli(*ask, "--user", "ada@acme.example", "--model", "acme/fast", "--input-tokens", 120_000).stdout)
    new = json.loads(cli(*ask, "--user", "dan@acme.example", "--model", "acme/new", "--input-tokens", 10).stdout)
    budgets = json.loads(cli("budgets", "--output", "json").stdout)
    (policies / "grants.test.yaml").write_text(SUITE.format(now=at.strftime("%Y-%m-%dT%H:%M:%SZ")))
    suite = json.loads(cli("test", "--output", "json").stdout)
    listed = json.loads(cli("exceptions", "grants", "--state", "active", "--output", "json").stdout)
    monkeypatch.delenv("GOVERNOR_CLOCK")
    monkeypatch.delenv("GOVERNOR_AUTH")
    cases = {case["name"]: case["passed"] for case in suite["cases"]}
    return {
        "decide, over budget": over["verdict"] == "allow" and over["grants"][0]["id"] == BUDGET.id,
        "decide, another model": new["verdict"] == "allow" and new["grants"][0]["id"] == MODEL.id,
        "budgets": [BUDGET.id, MODEL.id] == [grant["id"] for grant in budgets["grants"]],
        "exceptions grants": [MODEL.id, BUDGET.id] == [grant["id"] for grant in listed["grants"]],
        "test, over budget": cases["what does not fit"],
        "test, another model": cases["a model that is not allowed"],
    }


async def from_the_service(database: Path, policies: Path, at: datetime) -> dict[str, bool]:
    """Return what a server says at an instant."""
    clock = StandingClock(at)
    async with running(settings_for(f"sqlite:///{database}", policies), clock) as server:
        async with server.client() as gateway:
            subject = {"user": "ada@acme.example"}
            over = await gateway.post("/decide", json={**ASKED, "request_id": "1", "subject": subject, "dry_run": True})
            asked = {
                "request_id": "2",
                "subject": {"user": "dan@acme.example"},
                "model": "acme/new",
                "input_tokens": 10,
            }
            new = await gateway.post("/decide", json={**asked, "max_output_tokens": 1, "dry_run": True})
            proxied = await gateway.get(
                "/ext_authz/chat",
                headers={
                    "x-governor-user": "dan@acme.example",
                    "x-governor-model": "acme/new",
                    "x-governor-input-tokens": "10",
                },
            )
        async with server.client(Role.VIEWER) as viewer:
            budgets = (await viewer.get("/budgets")).json()
            entitled = (await viewer.get("/entitlements", params={"user": "dan@acme.example"})).json()
    models = [model["model"] for model in entitled["environments"][0]["models"]]
    return {
        "/decide, over budget": over.json()["verdict"] == "allow",
        "/decide, another model": new.json()["verdict"] == "allow",
        "/ext_authz": proxied.status_code == 200,
        "/budgets": [BUDGET.id, MODEL.id] == [grant["id"] for grant in budgets["grants"]],
        "/entitlements, models": "acme/new" in models,
        "/entitlements, grants": [MODEL.id] == [grant["id"] for grant in entitled["grants"]],
    }


@pytest.mark.parametrize(
    ("at", "acts"),
    [(START - INSTANT, False), (START, True), (END - INSTANT, True), (END, False), (END + INSTANT, False)],
    ids=["before", "start", "end -1 s", "end", "end +1 s"],
)
def test_every_door_agrees(
    granted: Cli, policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: datetime, *, acts: bool
) -> None:
    """The service, the command line and test suites say the same, a second before the end and a second after it."""
    said = from_the_command_line(granted, policies, at, monkeypatch)
    said |= asyncio.run(from_the_service(tmp_path / "governor.db", policies, at))
    # A suite says since when only if it wants to.
    wanted = {name: acts or (at < START and name.startswith("test,")) for name in said}

    assert wanted == said


def test_a_plan_sees_the_same_end(granted: Cli, policies: Path, tmp_path: Path) -> None:
    """Of two recorded requests the one of a second before the end is allowed, the one of a second after it is not."""
    for words in (("init", "-q", "-b", "main"), ("add", "policies"), ("commit", "-qm", "begin")):
        git(policies.parent, *words)

    async def decided() -> list[str]:
        clock = StandingClock(END - INSTANT)
        asked = {"subject": {"user": "dan@acme.example"}, "model": "acme/new", "input_tokens": 10}
        verdicts = []
        settings = settings_for(f"sqlite:///{tmp_path / 'governor.db'}", policies)
        async with running(settings, clock) as server, server.client() as gateway:
            for _ in range(2):
                answer = await gateway.post("/decide", json={**asked, "max_output_tokens": 1})
                verdicts.append(answer.json()["verdict"])
                clock.advance(2)
        return verdicts

    verdicts = asyncio.run(decided())
    shown = granted("plan", "--since", "2026-11-20T00:00:00Z", "--until", "2026-11-22T00:00:00Z", "-o", "json")
    replay = json.loads(shown.output)["replay"]

    assert ["allow", "deny"] == verdicts
    assert (2, 1, 1) == (replay["requests"], replay["before"]["allowed"], replay["after"]["allowed"])


def test_an_explanation_tells_what_became_of_a_grant(
    granted: Cli, tmp_path: Path, policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after it was revoked; the decision stays what it was."""
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    monkeypatch.setenv("GOVERNOR_CLOCK", "2026-11-20T10:00:00Z")
    held = granted(
        "decide",
        "--user",
        "ada@acme.example",
        "--model",
        "acme/fast",
        "--input-tokens",
        120_000,
        "--hold",
        "--output",
        "json",
    )
    decision = json.loads(held.stdout)
    shown = granted("decide", "--user", "ada@acme.example", "--model", "acme/fast", "--input-tokens", 120_000)

    async def revoke(bench: Workbench) -> None:
        keeper = GrantKeeper(bench.snapshots, bench.ledger, bench.database)
        await keeper.revoke(BUDGET.id, by="dan@acme.example", reason="the trial is over", now=bench.now)

    asyncio.run(_at_the_bench(revoke))
    explained = granted("explain", decision["decision_id"])
    [grant] = json.loads(granted("explain", decision["decision_id"], "--output", "json").stdout)["grants"]

    assert "approved by dan@acme.example" in shown.stdout
    assert ("revoked", "the trial is over", "x-1") == (grant["state"], grant["revoke_reason"], grant["exception_id"])
    assert f"Grant {BUDGET.id} for ada@acme.example, now revoked" in explained.stdout
    assert "the trial is over" in explained.stdout


def test_what_nobody_uses_is_listed(granted: Cli, policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what became of each grant; a filter that is no word of the list is wrong use."""
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    monkeypatch.setenv("GOVERNOR_CLOCK", "2026-11-20T10:00:00Z")
    granted("decide", "--user", "ada@acme.example", "--model", "acme/fast", "--input-tokens", 120_000, "--hold")
    listed = json.loads(granted("exceptions", "grants", "--output", "json").stdout)["grants"]
    shown = granted("exceptions", "grants", "--use", "never_matched").output

    assert {BUDGET.id: "drawn", MODEL.id: "never_matched"} == {grant["id"]: grant["use"] for grant in listed}
    assert (True, False) == (f"{MODEL.id}: never matched" in shown, BUDGET.id in shown)
    assert "no grant matches" in granted("exceptions", "grants", "--state", "revoked").output
    assert 2 == granted("exceptions", "grants", "--use", "seldom").exit_code
