"""``count_existing``: new budgets begin with what was used before them in their period, exactly once."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from governor.core.grants import Grant, GrantKind
from governor.core.keys import Role
from governor.edges.scheduler.jobs import jobs_of
from governor.services.run_jobs import JobRunner
from governor.store.verify import verify
from tests.api.test_grants import issue
from tests.api.test_rerate import AS_BILLED, rerate
from tests.api.world import NOON, POLICIES, QUOTAS, Server, StandingClock, question, running, settings_for

BY_TEAM = """\
apiVersion: governor/v1
kind: Quota
name: department-spend
per: [team]
limit: 100 USD
period: month
count_existing: true
"""
USED = {"input_tokens": 100_000, "output_tokens": 10_000}
"""0.45 USD of Sonnet."""


async def decide(server: Server, **changes: Any) -> str:
    """Ask, and return the decision's id."""
    async with server.client() as gateway:
        answer = (await gateway.post("/decide", json=question(input_tokens=100_000, **changes))).json()
    assert "allow" == answer["verdict"], answer
    return str(answer["decision_id"])


async def report(server: Server, event_id: str, decision_id: str | None = None, **changes: Any) -> None:
    """Report usage of a decision, or of Eve's without one."""
    whose = {"decision_id": decision_id} if decision_id else {"subject": {"user": "eve@acme.example"}}
    event = {"event_id": event_id, "model": "claude-sonnet-4", "usage": USED, **whose, **changes}
    async with server.client() as gateway:
        answer = (await gateway.post("/usage", json=event)).json()
    assert "recorded" == answer["events"][0]["status"], answer


async def publish(server: Server, policies: Path, quotas: str = BY_TEAM) -> None:
    """Let other quotas decide."""
    (policies / "quotas.yaml").write_text(quotas)
    assert await server.governor.publisher.reload()


async def later(server: Server, standing: StandingClock, seconds: float = 10.0) -> None:
    """Let time pass, and the job look for what was reported late."""
    standing.advance(seconds)
    jobs = [job for job in jobs_of(server.governor) if job.name == "count-existing"]
    await JobRunner(jobs, server.governor.database, server.governor.clock.now).run_due()


async def used(server: Server, quota: str = "department-spend", **scope: str) -> str:
    """Return what the only budget of a quota, or of a scope, has used."""
    async with server.client(Role.VIEWER) as viewer:
        budgets = (await viewer.get("/budgets", params={"quota": quota, "limit": 1000})).json()["budgets"]
    [found] = [budget for budget in budgets if scope.items() <= budget["scope"].items() and budget["used"] != "0"]
    return str(found["used"])


async def posted(server: Server) -> list[tuple[str, str]]:
    """Return quota and amount of what was posted, the oldest first."""
    async with server.client(Role.VIEWER) as viewer:
        found = (await viewer.get("/adjustments")).json()["adjustments"]
    assert {"existing"} >= {one["kind"] for one in found}
    return [(one["quota"], one["amount"]) for one in reversed(found)]


async def differences(server: Server) -> list[Any]:
    """Recompute everything."""
    now_s = server.governor.clock.time()
    return await server.governor.database.read(lambda connection: list(verify(connection, now_s)))


async def test_an_edit_of_the_identity_keeps_what_was_used(any_server: Server, policies: Path) -> None:
    """Settled, unreserved and corrected usage of this period counts once on the budget of the team."""
    await report(any_server, "e1", await decide(any_server))
    await report(any_server, "e2")
    await report(any_server, "e3", corrects="e2", usage={"input_tokens": 200_000, "output_tokens": 10_000})
    await report(any_server, "october", time="2026-10-15T12:00:00Z")
    await publish(any_server, policies)

    assert "1.2" == await used(any_server, team="platform")
    assert [("Quota/department-spend", "1.2")] == await posted(any_server)
    assert [] == await differences(any_server)


async def test_a_decision_compares_with_what_was_counted(any_server: Server, policies: Path) -> None:
    """The first request after the edit is refused if the budget was used up before it."""
    await report(any_server, "e1", await decide(any_server))
    await publish(any_server, policies, BY_TEAM.replace("100 USD", "0.5 USD"))
    async with any_server.client() as gateway:
        answer = (await gateway.post("/decide", json=question(input_tokens=100_000))).json()

    reason = answer["reasons"][0]
    assert ("deny", "quota_exceeded", "0.45") == (answer["verdict"], reason["code"], reason["used"])


async def test_budgets_say_what_was_used_before_them(any_server: Server, policies: Path) -> None:
    """Beside what is used in all; who has used nothing before is told nothing."""
    await report(any_server, "e1", await decide(any_server))
    await publish(any_server, policies)
    await report(any_server, "e2", await decide(any_server))
    async with any_server.client(Role.VIEWER) as viewer:
        found = (await viewer.get("/budgets", params={"quota": "department-spend"})).json()["budgets"]

    assert {("platform", "0.9", "0.45"), ("growth", "0", None)} <= {
        (budget["scope"]["team"], budget["used"], budget.get("existing")) for budget in found
    }


async def test_without_it_the_budget_starts_from_now(any_server: Server, policies: Path) -> None:
    """An edit of the identity counts nothing unless it says so; the log names the budgets."""
    await report(any_server, "e1", await decide(any_server))
    with capture_logs() as logs:
        await publish(any_server, policies, BY_TEAM.replace("count_existing: true\n", ""))
    await report(any_server, "e2", usage={"input_tokens": 100_000, "output_tokens": 0})

    assert "0.3" == await used(any_server, team="platform")
    assert [] == await posted(any_server)
    [said] = [log["problem"] for log in logs if log["event"] == "balances_begin_anew"]
    assert "Quota/department-spend: per changed in mid-period, so its budgets start from now" in said


async def test_open_calls_count_with_what_they_hold_until_they_are_reported(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """A call that was decided before the edit is never free, and never counted twice."""
    decision = await decide(any_server, max_output_tokens=10_000)
    await publish(any_server, policies)
    held = await used(any_server, team="platform")
    await report(any_server, "e1", decision, usage={"input_tokens": 100_000, "output_tokens": 0})
    await later(any_server, standing)
    settled = await used(any_server, team="platform")
    await later(any_server, standing, 3600)

    assert ("0.45", "0.3") == (held, settled)
    assert [("Quota/department-spend", "0.45"), ("Quota/department-spend", "-0.15")] == await posted(any_server)
    assert [] == await differences(any_server)


async def test_what_is_reported_late_is_counted_later(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """A late settlement and a correction of calls before the edit arrive on the new budget as well, each once."""
    released, corrected = await decide(any_server), await decide(any_server)
    async with any_server.client() as gateway:
        await gateway.post(f"/reservations/{released}/release")
    await report(any_server, "e1", corrected)
    await publish(any_server, policies)
    await report(any_server, "late", released)
    await report(any_server, "e2", corrects="e1", usage={"input_tokens": 0, "output_tokens": 10_000})
    await report(any_server, "new", await decide(any_server))
    await later(any_server, standing)
    once = await used(any_server, team="platform")
    await later(any_server, standing, 3600)

    assert ("1.05", "1.05") == (once, await used(any_server, team="platform"))
    assert [] == await differences(any_server)


async def test_two_workers_count_once(
    any_server: Server, database_url: str, policies: Path, standing: StandingClock
) -> None:
    """Both publish the edit at the same time, and both look again later."""
    for number in range(20):
        await report(any_server, f"e{number}", await decide(any_server))
    async with running(settings_for(database_url, policies), standing, with_keys=False) as other:
        (policies / "quotas.yaml").write_text(BY_TEAM)
        assert [True, True] == await asyncio.gather(
            any_server.governor.publisher.reload(), other.governor.publisher.reload()
        )
        await asyncio.gather(later(any_server, standing), later(other, standing))

    assert "9" == await used(any_server, team="platform")
    assert [("Quota/department-spend", "9")] == await posted(any_server)


async def test_an_edit_in_the_middle_of_load_loses_nothing(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """Whatever was decided, settled or open while the edit went live is on the new budget exactly once."""

    async def call(number: int) -> None:
        await report(any_server, f"e{number}", await decide(any_server))

    first = [asyncio.create_task(call(number)) for number in range(40)]
    (policies / "quotas.yaml").write_text(BY_TEAM)
    reload = asyncio.create_task(any_server.governor.publisher.reload())
    for number in range(40, 120):
        await call(number)
    await asyncio.gather(*first)
    assert await reload
    await later(any_server, standing)

    assert "54" == await used(any_server, team="platform")
    assert [] == await differences(any_server)


async def test_a_server_that_starts_with_the_edit_counts_first(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """Edited while no server ran; a later start posts nothing more."""
    async with running(settings_for(sqlite_url, policies), standing) as before:
        await report(before, "e1", await decide(before))
    (policies / "quotas.yaml").write_text(BY_TEAM)
    for _ in range(2):
        async with running(settings_for(sqlite_url, policies), standing, with_keys=False) as server:
            server.keys.update(before.keys)
            found = await used(server, team="platform"), await posted(server)

    assert ("0.45", [("Quota/department-spend", "0.45")]) == found


@pytest.mark.parametrize(
    ("limit", "counted"),
    [
        ("limit: 1M tokens", "230000"),
        ("limit: 1M tokens\ncounts: output", "30000"),
        ("limit: 900 requests", "2"),
        ("limit: 90 USD\napplies_to: {model: anthropic/*}", "0.45"),
        ("limit: 90 USD\nexcept: {user: eve@acme.example}", "0.027"),
        ("limit: 90 USD\nperiod: {every: 30 days, from: 2026-11-10}", "0.477"),
    ],
)
async def test_a_new_quota_counts_whatever_it_measures(
    any_server: Server, policies: Path, limit: str, counted: str
) -> None:
    """Tokens, requests, money; only what it covers."""
    await report(any_server, "e1", await decide(any_server))
    mia = {"user": "mia@acme.example"}
    mias = await decide(any_server, model="gpt-4o-mini", subject=mia)
    await report(any_server, "e2", mias, model="gpt-4o-mini", usage={"input_tokens": 100_000, "output_tokens": 20_000})
    quota = f"apiVersion: governor/v1\nkind: Quota\nname: everybody\ncount_existing: true\n{limit}\n"
    quota += "" if "period" in limit else "period: month\n"
    await publish(any_server, policies, f"{QUOTAS}---\n{quota}")

    assert counted == await used(any_server, "everybody")
    assert [] == await differences(any_server)


async def test_shares_and_today_begin_with_their_part(any_server: Server, policies: Path) -> None:
    """Parts of a budget are counted like the whole: a team's share, and what was used today."""
    await report(any_server, "old", time="2026-11-03T12:00:00Z")
    await report(any_server, "e1", await decide(any_server))
    quota = BY_TEAM.replace("per: [team]", "max_share: {per: team, percent: 40}\npace: {per: day, burst: 3}")
    await publish(any_server, policies, quota.replace("100 USD", "2 USD"))
    async with any_server.client() as gateway:
        answer = (await gateway.post("/decide", json=question(input_tokens=100_000))).json()

    amounts = [budget["used"] for budget in answer["budgets"]]
    assert ["0.9", "0.9", "0.45"] == amounts


async def test_what_a_grant_or_a_fund_paid_is_not_counted(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """It was never part of what the quota used."""
    fund = (
        "apiVersion: governor/v1\nkind: Quota\nname: fund\nlimit: 50 USD\nperiod: year\n"
        "applies_to: {department: guests}\n---\n"
    )
    tight = BY_TEAM.replace("100 USD", "0.5 USD").replace("per: [team]", "per: [department]")
    tight = tight.replace("count_existing: true", "when_reached: {overage: {from: Quota/fund, up_to: 0.5 USD}}")
    await publish(any_server, policies, fund + tight)
    await report(any_server, "own", await decide(any_server))
    await report(any_server, "fund", await decide(any_server))
    grant = Grant(
        id="01a1b2c3-0000-7000-8000-000000000001",
        exception_id="",
        kind=GrantKind.BUDGET,
        scope=(("user", "eve@acme.example"),),
        lifts=("Quota/department-spend",),
        amount_nano_usd=10**10,
        starts_at=NOON - timedelta(hours=1),
        ends_at=NOON + timedelta(hours=1),
        issued_at=NOON - timedelta(hours=1),
    )
    await issue(any_server, grant)
    await report(any_server, "grant", await decide(any_server))
    await publish(any_server, policies, fund + BY_TEAM)
    await later(any_server, standing)

    assert "0.45" == await used(any_server, team="platform")
    assert [] == await differences(any_server)


async def test_a_corrected_price_is_counted_as_well(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """A re-rating of usage before the edit arrives on the new budget."""
    await report(any_server, "e1", await decide(any_server))
    await publish(any_server, policies)
    dearer = POLICIES.replace(AS_BILLED, "input: 6 USD per 1M tokens, output: 15 USD per 1M tokens")
    (policies / "organization.yaml").write_text(dearer)
    assert await any_server.governor.publisher.reload()
    await rerate(any_server)
    await later(any_server, standing)

    assert "0.75" == await used(any_server, team="platform")
    assert [] == await differences(any_server)
