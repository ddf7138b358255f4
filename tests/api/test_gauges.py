"""What the metrics page says: each figure is moved by what it is about, and by nothing else."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from governor.core.errors import LedgerUnavailableError
from governor.core.keys import Role
from governor.edges.api import metrics as metrics_module
from governor.services import watch_budgets
from tests.api.test_alerts import spend, usd
from tests.api.test_operate import metric
from tests.api.world import QUOTAS, Server, StandingClock, question, running, settings_for, write_policies
from tests.ledger.faults import stuck

TRIED = """\
---
apiVersion: governor/v1
kind: Quota
name: tried
limit: 10 tokens
enforcement: audit
period: month
---
apiVersion: governor/v1
kind: Quota
name: pointed-out
limit: 10 tokens
enforcement: warn
period: month
"""


async def test_waiting_commands_are_a_gauge(server: Server) -> None:
    """While the ledger is busy the queue has a depth; afterwards it is empty again."""
    gate, entered = threading.Event(), threading.Event()
    ledger = server.governor.ledger
    busy = asyncio.ensure_future(ledger.submit(stuck(gate, entered)))
    await asyncio.to_thread(entered.wait)
    async with server.client() as client:
        waiting = [asyncio.ensure_future(client.post("/decide", json=question())) for _ in range(3)]
        while ledger.queue_depth < 3:  # noqa: ASYNC110  a queue gives no event
            await asyncio.sleep(0)
        deep = await metric(server, "governor_ledger_queue_depth")
        gate.set()
        await asyncio.gather(busy, *waiting)

    assert (3.0, 0.0) == (deep, await metric(server, "governor_ledger_queue_depth"))


async def test_the_policy_version_in_force_is_the_only_one_with_1(server: Server, policies: Path) -> None:
    """A new version takes the 1; the old one keeps a series that says 0."""
    before = server.governor.publisher.state.version
    first = await metric(server, "governor_policy_info", version=before)
    write_policies(policies, QUOTAS.replace("10 USD", "11 USD"))
    await server.governor.publisher.look()
    after = server.governor.publisher.state.version

    assert before != after
    assert (1.0, 0.0, 1.0) == (
        first,
        await metric(server, "governor_policy_info", version=before),
        await metric(server, "governor_policy_info", version=after),
    )


async def test_the_age_of_policies_grows_until_they_are_confirmed(server: Server, standing: StandingClock) -> None:
    """Seconds since the folder was last seen to be what is served."""
    standing.advance(90)
    old = await metric(server, "governor_policy_age_seconds")
    await server.governor.publisher.look()

    assert (90.0, 0.0) == (old, await metric(server, "governor_policy_age_seconds"))


async def test_the_age_of_policies_grows_while_the_folder_is_invalid(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """Looking at a broken folder confirms nothing."""
    async with running(settings_for(sqlite_url, policies, max_policy_age=timedelta(minutes=5)), standing) as server:
        (policies / "quotas.yaml").write_text("kind: [")
        standing.advance(90)
        await server.governor.publisher.look()

        assert 90.0 == await metric(server, "governor_policy_age_seconds")


async def test_decisions_without_the_ledger_are_counted(sqlite_url: str, policies: Path) -> None:
    """A degraded answer counts as one, beside its verdict and code."""
    async with running(settings_for(sqlite_url, policies)) as server, server.client() as client:
        await client.post("/decide", json=question())
        await server.governor.ledger.close()
        with pytest.raises(LedgerUnavailableError):
            await server.governor.ledger.submit(stuck(threading.Event(), threading.Event()))
        await client.post("/decide", json=question())
        await client.post("/decide", json=question())

        assert (2.0, 2.0, 1.0) == (
            await metric(server, "governor_decisions_degraded_total"),
            await metric(server, "governor_decisions_total", verdict="deny", code="ledger_unavailable"),
            await metric(server, "governor_decisions_total", verdict="allow", code=""),
        )


async def test_what_audit_and_warn_policies_would_have_denied_is_counted(server: Server, policies: Path) -> None:
    """Each policy counts once a decision; the decision itself is an allow (gatekeeper#379)."""
    write_policies(policies, QUOTAS + TRIED)
    await server.governor.publisher.reload()
    async with server.client() as client:
        for _ in range(2):
            answer = (await client.post("/decide", json=question())).json()

    assert ["Quota/pointed-out", "Quota/tried"] == sorted(
        warning["policy"] for warning in answer["warnings"] if warning["would_deny"]
    )
    assert (2.0, 2.0, 2.0) == (
        await metric(server, "governor_decisions_would_deny_total", policy="Quota/pointed-out", code="quota_exceeded"),
        await metric(server, "governor_decisions_would_deny_total", policy="Quota/tried", code="quota_exceeded"),
        await metric(server, "governor_decisions_total", verdict="allow", code=""),
    )


@pytest.mark.parametrize("model", ["gpt-4o-mini", "claude-sonnet-4"])
async def test_only_so_many_policies_on_trial_are_counted_by_name(
    server: Server, policies: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """A hundred thousand do not become a hundred thousand series: the first by name are, whichever a worker met first.

    Names that each worker chose by itself would add up to several hundreds.
    """
    monkeypatch.setattr(metrics_module, "TRIALS_MAX", 1)
    one_each = TRIED.replace("name: tried\n", "name: tried\napplies_to: {model: gpt-4o-mini}\n")
    one_each = one_each.replace("name: pointed-out\n", "name: pointed-out\napplies_to: {model: claude-sonnet-4}\n")
    write_policies(policies, QUOTAS + one_each)
    await server.governor.publisher.reload()
    await metric(server, "governor_policy_info")
    async with server.client() as client:
        for each in (model, "gpt-4o-mini", "claude-sonnet-4"):
            await client.post("/decide", json=question(model=each))
            server.metrics.count()
    counted = {
        policy: await metric(server, "governor_decisions_would_deny_total", policy=policy, code="quota_exceeded")
        for policy in ("Quota/pointed-out", "Quota/tried", "others")
    }

    assert {
        "Quota/pointed-out": 1.0 + (model == "claude-sonnet-4"),
        "Quota/tried": None,
        "others": 1.0 + (model == "gpt-4o-mini"),
    } == counted


async def test_a_repeated_answer_is_counted_as_such(server: Server) -> None:
    """Retries of gateways are not taken for traffic of their own."""
    async with server.client() as client:
        for _ in range(3):
            await client.post("/decide", json=question(request_id="r1"))

    assert 2.0 == await metric(server, "governor_decisions_replayed_total")


async def test_a_rule_that_cannot_be_evaluated_is_counted_and_logged_once(any_server: Server, policies: Path) -> None:
    """Also where something else is decisive; a repeated answer is no new one (cedar, jans)."""
    write_policies(policies, QUOTAS + TRIED)
    await any_server.governor.publisher.reload()
    asked = question(model="gpt-4o-mini", max_output_tokens=16_000, n=10**14, request_id="beyond")
    stopped = {"target": {"use_case": "triage"}, "reason": "it runs away", "for": "1 hour"}
    async with any_server.client() as client, any_server.client(Role.ADMIN) as admin:
        await admin.post("/blocks", json=stopped)
        with structlog.testing.capture_logs() as logs:
            decided = (await client.post("/decide", json=asked)).json()
            blocked = (await client.post("/decide", json={**asked, "request_id": "b", "use_case": "triage"})).json()
            await client.post("/decide", json=asked)
            await client.post("/decide", json=question())

    assert ["evaluation_error"] == [reason["code"] for reason in decided["reasons"][:1]]
    assert ["blocked", "evaluation_error"] == [reason["code"] for reason in blocked["reasons"][:2]]
    assert [(decided["decision_id"], "error"), (blocked["decision_id"], "error")] == [
        (line["decision"], line["log_level"]) for line in logs if line["event"] == "evaluation_error"
    ]
    assert all("an amount" in line["reasons"][-1] for line in logs if line["event"] == "evaluation_error")
    assert (2.0, 1.0) == (
        await metric(any_server, "governor_evaluation_errors_total"),
        await metric(any_server, "governor_decisions_replayed_total"),
    )


async def test_usage_without_a_price_is_counted(any_server: Server) -> None:
    """Never a silent 0: each such event counts once, and priced or repeated ones do not (litellm#35914)."""
    report: dict[str, Any] = {"subject": {"user": "eve"}, "usage": {"input_tokens": 1000}}
    async with any_server.client() as client:
        for event_id, model in (("a", "nobody/knows"), ("b", "gpt-4o-mini"), ("a", "nobody/knows")):
            answer = (await client.post("/usage", json={**report, "event_id": event_id, "model": model})).json()
        first = answer["events"][0]

    assert ("duplicate", 1.0, 2.0) == (
        first["status"],
        await metric(any_server, "governor_usage_unpriced_total"),
        await metric(any_server, "governor_usage_events_total", status="recorded"),
    )


async def test_blocks_in_force_are_counted_by_kind(server: Server, standing: StandingClock) -> None:
    """From when they are placed until they end or are lifted."""

    async def counted() -> list[float | None]:
        return [await metric(server, "governor_blocks_in_force", kind=kind) for kind in ("user", "model", "team")]

    before = await counted()
    async with server.client(Role.ADMIN) as admin:
        for target, length in (({"user": "eve"}, "2 hours"), ({"user": "mia"}, "1 hour"), ({"model": "m"}, "3 hours")):
            placed = await admin.post("/blocks", json={"target": target, "reason": "it runs away", "for": length})
        placed_all = await counted()
        standing.advance(3_600)
        ended = await counted()
        await admin.delete(f"/blocks/{placed.json()['id']}")

    assert [[0.0, 0.0, 0.0], [2.0, 1.0, 0.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]] == [
        before,
        placed_all,
        ended,
        await counted(),
    ]


@pytest.fixture
def many_budgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give policies with more budgets than a scrape looks at; `z-last` comes last by its name."""
    monkeypatch.setattr(watch_budgets, "BUDGETS_WATCHED", 1)
    monkeypatch.setattr(watch_budgets, "MORE_WATCHED", 1)
    monkeypatch.setattr(watch_budgets, "READ_AT_A_TIME", 1)
    last = "---\napiVersion: governor/v1\nkind: Quota\nname: z-last\nlimit: 5 USD\nperiod: month\n"
    return write_policies(tmp_path / "policies", QUOTAS + last)


async def test_the_fullest_of_all_budgets_is_among_the_series(
    database_url: str, many_budgets: Path, standing: StandingClock
) -> None:
    """However many come before it by name: a scrape looks at some more, and the next one goes on from there."""
    async with running(settings_for(database_url, many_budgets), standing) as server:
        await spend(server, usd("e-1", 4.5))
        seen = []
        for _ in range(6):
            seen.append(await metric(server, "governor_budget_used_ratio", policy="Quota/z-last"))
            standing.advance(11)
        await spend(server, usd("e-2", 0.3))
        for _ in range(9):
            standing.advance(11)
            seen.append(await metric(server, "governor_budget_used_ratio", policy="Quota/z-last"))

    assert {None, 0.9} >= set(seen[:6])
    assert [0.9, 0.96] == [seen[5], seen[-1]]


async def test_budgets_of_a_period_that_is_over_are_no_longer_among_the_series(
    database_url: str, many_budgets: Path, standing: StandingClock
) -> None:
    """From the first scrape of the next one on, not only once all budgets were passed by anew."""
    async with running(settings_for(database_url, many_budgets), standing) as server:
        await spend(server, usd("e-1", 4.5))
        for _ in range(6):
            full = await metric(server, "governor_budget_used_ratio", policy="Quota/z-last")
            standing.advance(11)
        standing.advance(31 * 86_400)
        await spend(server, usd("e-2", 0.3))
        seen = []
        for _ in range(12):
            seen.append(await metric(server, "governor_budget_used_ratio", policy="Quota/z-last"))
            standing.advance(11)

    assert {None, 0.06} >= set(seen)
    assert (0.9, 0.06) == (full, seen[-1])
