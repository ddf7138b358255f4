"""Forgetting what old decisions and events said: nothing that anybody paid changes, and nothing recent goes."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from governor.core.keys import Role
from governor.edges.scheduler.jobs import jobs_of
from governor.services.forget_records import PAGE, Kept, forget_records
from governor.services.run_jobs import JobRunner
from governor.store.verify import verify
from tests.api.test_reads import budgets
from tests.api.world import NOON, QUOTAS, Server, StandingClock, question, running, settings_for, write_policies

CHARGED = """\
---
apiVersion: governor/v1
kind: Quota
name: unreported-spend
applies_to: {use_case: charged}
limit: 100 USD
period: month
reserve: {on_expiry: charge}
"""
KEEP = timedelta(days=90)
PROVIDERS_OBJECT = {"provider": "openai", "usage": {"prompt_tokens": 900, "completion_tokens": 50}}


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give the small organisation, where some usage that nobody reports is charged."""
    return write_policies(tmp_path / "policies", QUOTAS + CHARGED)


async def never_rest(_: float) -> None:
    """Go on at once."""


async def decided(gateway: httpx.AsyncClient, **asked: Any) -> str:
    """Ask, and return the decision's id."""
    return str((await gateway.post("/decide", json=question(**asked))).json()["decision_id"])


async def past(server: Server, standing: StandingClock) -> dict[str, str]:
    """Make a decision of every kind, let all of them end, and make one a long time afterwards."""
    report = {"model": "claude-sonnet-4", "usage": {"input_tokens": 900, "output_tokens": 50}}
    async with server.client() as gateway, server.client(Role.ADMIN) as admin:
        made = {
            "settled": await decided(gateway),
            "late": await decided(gateway),
            "denied": await decided(gateway, subject={"user": "mia@acme.example"}),
            "released": await decided(gateway),
            "expired": await decided(gateway),
            "charged": await decided(gateway, use_case="charged"),
            "partly": await decided(gateway),
        }
        provided = {"event_id": "settled", "decision_id": made["settled"], "model": "claude-sonnet-4"}
        await gateway.post("/usage", json={**provided, "provider_usage": PROVIDERS_OBJECT})
        await gateway.post("/usage", json={**report, "event_id": "p", "decision_id": made["partly"], "final": False})
        await gateway.post("/usage", json={**report, "event_id": "nobodys", "subject": {"user": "eve"}})
        await gateway.post(f"/reservations/{made['released']}/release")
        debit = {"request_id": "a", "quota": "company-spend", "kind": "debit", "amount": "1", "reason": "beside us"}
        assert 200 == (await admin.post("/adjustments", json=debit)).status_code
        standing.advance(3_600)
        await gateway.post("/usage", json={**report, "event_id": "late", "decision_id": made["late"]})
        standing.advance(100 * 86_400)
        made["recent"] = await decided(gateway)
    return made


async def money(server: Server, at: datetime) -> list[Any]:
    """Return everything that was paid: balances, sums and adjustments; and prove that it follows from the records."""
    async with server.client(Role.ADMIN) as admin:
        found = [
            await budgets(admin, f"at={at.isoformat().replace('+00:00', 'Z')}"),
            (await admin.get("/usage/summary?by=day,user,model")).json(),
            (await admin.get("/adjustments")).json(),
        ]
    now_s = server.governor.clock.time()
    differences = await server.governor.database.read(lambda connection: list(verify(connection, now_s)))
    assert [] == differences
    return found


async def test_what_was_paid_is_the_same_before_and_after(any_server: Server, standing: StandingClock) -> None:
    """Balances, sums and adjustments; what cost nothing is gone, the rest lost its texts, and recent ones nothing."""
    made = await past(any_server, standing)
    before = await money(any_server, NOON)
    kept = await forget_records(any_server.governor.database, standing.now() - KEEP, pause=never_rest)
    again = await forget_records(any_server.governor.database, standing.now() - KEEP, pause=never_rest)
    async with any_server.client(Role.VIEWER) as viewer:
        told = {name: (await viewer.get(f"/decisions/{identifier}")).json() for name, identifier in made.items()}

    assert before == await money(any_server, NOON)
    assert ((3, 4, 4), (0, 0, 0)) == (counts(kept), counts(again))
    assert {"denied", "released", "expired"} == {name for name, answer in told.items() if "error" in answer}
    forgotten = {name: told[name] for name in ("settled", "late", "charged", "partly")}
    assert {(None, None)} == {(answer["request"], answer["answer"]) for answer in forgotten.values()}
    assert ["settled", "settled_late", "expired", "expired"] == [answer["state"] for answer in forgotten.values()]
    assert [1, 1, 0, 1] == [len(answer["usage"]) for answer in forgotten.values()]
    assert ["Quota/unreported-spend"] == [
        policy["policy"] for policy in told["charged"]["policies"] if "unreported" in policy["policy"]
    ]
    assert None is told["settled"]["usage"][0]["provider_usage"]
    assert question() == told["recent"]["request"]


def counts(kept: Kept) -> tuple[int, int, int]:
    """Return what was forgotten as numbers."""
    return (kept.removed, kept.decisions, kept.events)


async def test_what_is_forgotten_is_still_found(any_server: Server, standing: StandingClock) -> None:
    """A search lists old decisions by what is kept of them; a reason's code is no longer among it."""
    made = await past(any_server, standing)
    await forget_records(any_server.governor.database, standing.now() - KEEP, pause=never_rest)
    async with any_server.client(Role.VIEWER) as viewer:

        async def found(query: str) -> list[dict[str, Any]]:
            listed: list[dict[str, Any]] = (await viewer.get(f"/decisions?{query}")).json()["decisions"]
            return listed

        everything = await found("user=eve@acme.example")
        by_code = await found("code=quota_exceeded")
        by_parent = await found("parent_decision_id=x")

    wanted = {made[name] for name in ("settled", "late", "charged", "partly", "recent")}
    assert wanted == {decision["decision_id"] for decision in everything}
    assert {"allow"} == {decision["verdict"] for decision in everything}
    assert ([], []) == (by_code, by_parent)


async def test_an_old_event_is_still_known(any_server: Server, standing: StandingClock) -> None:
    """Sent again it is a duplicate with its cost, with another body a conflict; and it can be corrected."""
    made = await past(any_server, standing)
    await forget_records(any_server.governor.database, standing.now() - KEEP, pause=never_rest)
    event = {"event_id": "settled", "decision_id": made["settled"], "model": "claude-sonnet-4"}
    better = {**event, "event_id": "better", "corrects": "settled", "usage": {"input_tokens": 1_000_000}}
    async with any_server.client() as gateway:
        results = [
            (await gateway.post("/usage", json=body)).json()["events"][0]
            for body in (
                {**event, "provider_usage": PROVIDERS_OBJECT},
                {**event, "usage": {"input_tokens": 1}},
                better,
            )
        ]
        [company] = await budgets(gateway, "quota=company-spend&at=2026-11-20T12:00:00Z")
        [unreported] = await budgets(gateway, "quota=unreported-spend&at=2026-11-20T12:00:00Z")

    assert ["duplicate", "conflict", "recorded"] == [result["status"] for result in results]
    assert ["0.003450000", None, "3.000000000"] == [result["cost_usd"] for result in results]
    # 3 for the corrected event, 1 adjusted, 0.00345 each for the late one, the part and the one of nobody.
    assert ("4.01035", "0.0045") == (company["used"], unreported["used"])
    await money(any_server, NOON)


async def test_usage_of_a_decision_that_is_gone_is_booked_as_nobodys(
    any_server: Server, standing: StandingClock
) -> None:
    """Reported months later it is still recorded in full, on the subject that it names."""
    made = await past(any_server, standing)
    await forget_records(any_server.governor.database, standing.now() - KEEP, pause=never_rest)
    body = {"event_id": "x", "decision_id": made["expired"], "model": "claude-sonnet-4", "subject": {"user": "eve"}}
    async with any_server.client() as gateway:
        [result] = (await gateway.post("/usage", json={**body, "usage": {"input_tokens": 1000}})).json()["events"]

    assert ("recorded", "unreserved", "0.003000000") == (result["status"], result["reason"], result["cost_usd"])
    await money(any_server, standing.now())


async def test_a_page_at_a_time_and_on_from_where_it_stopped(server: Server, standing: StandingClock) -> None:
    """A worker that dies in the middle has forgotten whole pages; the next one looks only at the rest."""
    denied = question(subject={"user": "mia@acme.example"})
    pages: list[int] = []

    async def dies(_: float) -> None:
        raise KeyboardInterrupt

    async with server.client() as gateway:
        for _ in range(2):
            await gateway.post("/decide/batch", json={"requests": [denied] * PAGE})
        await gateway.post("/decide", json=denied)
    standing.advance(91 * 86_400)
    database, before = server.governor.database, standing.now() - KEEP
    with pytest.raises(KeyboardInterrupt):
        await forget_records(database, before, pause=dies, on_page=pages.append)
    kept = await forget_records(database, before, pause=never_rest, on_page=pages.append)

    assert ([PAGE, PAGE, PAGE + 1], PAGE + 1) == (pages, kept.removed)


@pytest.mark.parametrize(("keep", "left"), [(None, 1), (KEEP, 0)])
async def test_a_job_forgets_where_a_setting_says_so(
    sqlite_url: str, policies: Path, standing: StandingClock, keep: timedelta | None, left: int
) -> None:
    """Without the setting everything is kept: an answer can be explained in years."""
    settings = settings_for(sqlite_url, policies, keep_decisions=keep)
    async with running(settings, standing) as server, server.client(Role.ADMIN) as admin:
        await decided(admin, subject={"user": "mia@acme.example"})
        standing.advance(91 * 86_400)
        await JobRunner(jobs_of(server.governor), server.governor.database, standing.now).run_due()
        found = (await admin.get("/decisions")).json()["decisions"]

    assert left == len(found)
