"""What was refused to whom: told at once, kept by a job, counted by whose it was, and forgotten in time."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from governor.core.approvals.refusals import Refused
from governor.edges.scheduler.jobs import jobs_of
from governor.services.approvals.refused import refused_lately
from governor.services.run_jobs import JobRunner
from governor.store.tables import REFUSALS
from tests.api.world import Server, StandingClock, question, running, settings_for, write_policies

EVE, MIA = "eve@acme.example", "mia@acme.example"
TIGHT = """\
apiVersion: governor/v1
kind: Quota
name: department-spend
per: [department]
limit: 0.01 USD
period: month
"""


@pytest.fixture
def standing() -> StandingClock:
    """Give a clock that stands at noon."""
    return StandingClock()


@pytest.fixture
async def server(database_url: str, tmp_path: Path, standing: StandingClock) -> AsyncIterator[Server]:
    """Give a server on each kind of database, whose budgets are next to nothing."""
    settings = settings_for(database_url, write_policies(tmp_path / "policies", TIGHT))
    async with running(settings, standing) as server:
        yield server


async def refuse(server: Server, times: int = 1, **changes: Any) -> None:
    """Let some requests be refused."""
    async with server.client() as gateway:
        for _ in range(times):
            answer = (await gateway.post("/decide", json=question(input_tokens=100_000, **changes))).json()
            assert answer["verdict"] == "deny", answer


async def run_jobs(server: Server) -> None:
    """Run every job that is due."""
    await JobRunner(jobs_of(server.governor), server.governor.database, server.governor.clock.now).run_due()


async def told(server: Server, *who: str) -> list[tuple[str, str, int]]:
    """Return what somebody is told: the model, the decisive policy, and how many."""
    found: list[Refused] = await server.governor.refusals.of(who, server.governor.clock.now())
    return [(one.model.split("/")[1], one.reasons[0].policy, one.times) for one in found]


async def counted(server: Server, **scope: str) -> int:
    """Return how many requests the department's budget refused to somebody of engineering."""
    lifts, now = {"Quota/department-spend"}, server.governor.clock.now()
    return await server.governor.refusals.count(tuple(scope.items()), "engineering", lifts, now)


async def rows(server: Server) -> int:
    """Return how many rows are kept."""
    query = select(func.count()).select_from(REFUSALS)
    return await server.governor.database.read(lambda connection: int(connection.execute(query).scalar_one()))


async def test_a_refusal_is_told_before_and_after_it_was_noted(server: Server, standing: StandingClock) -> None:
    """What is alike is one row an hour, and nobody hears of what was refused to others."""
    await refuse(server, 3)
    await refuse(server, subject={"user": MIA}, model="gpt-4o-mini", max_output_tokens=16_000)
    budget = ("claude-sonnet-4", "Quota/department-spend", 3)
    before = (await told(server, EVE), await rows(server))
    standing.advance(6)
    await run_jobs(server)
    noted = (await told(server, EVE), await rows(server))
    await refuse(server, 2)
    both = await told(server, EVE)
    standing.advance(3600)
    await run_jobs(server)
    await refuse(server)
    later = await told(server, EVE)

    assert (([budget], 0), ([budget], 2)) == (before, noted)
    assert [("claude-sonnet-4", "Quota/department-spend", 5)] == both
    assert [("claude-sonnet-4", "Quota/department-spend", times) for times in (1, 5)] == later
    assert [("gpt-4o-mini", "Quota/department-spend", 1)] == await told(server, MIA)
    assert 3 == len(await told(server, EVE, MIA))


async def test_refusals_are_counted_by_whose_they_were(server: Server, standing: StandingClock) -> None:
    """A person's, a team's and a project's; what another policy refused is not counted."""
    await refuse(server, 2)
    await refuse(server, subject={"user": EVE, "project": "spring"})
    await refuse(server, model="gpt-5")
    standing.advance(6)
    for _ in range(2):
        scopes = ({"user": EVE}, {"team": "platform"}, {"project": "spring"}, {"team": "search"}, {"user": MIA})
        assert [3, 3, 1, 0, 0] == [await counted(server, **scope) for scope in scopes]
        await run_jobs(server)


async def test_a_week_is_looked_back_on(server: Server, standing: StandingClock) -> None:
    """What is older is not told, and its row is forgotten a day later."""
    await refuse(server, 2)
    standing.advance(6)
    await run_jobs(server)
    standing.advance(7 * 86_400)
    week = (await told(server, EVE), await rows(server))
    standing.advance(86_400)
    await run_jobs(server)

    assert ([], 1) == week
    assert 0 == await rows(server)


async def test_a_late_job_catches_up_and_two_workers_count_once(server: Server, standing: StandingClock) -> None:
    """Whatever was refused while nobody ran it is noted, once."""
    await refuse(server, 7)
    standing.advance(3 * 86_400)
    for _ in range(2):
        await run_jobs(server)
    noted = await told(server, EVE)
    [ask] = await refused_lately(
        server.governor.refusals, server.governor.publisher.snapshots.current, EVE, standing.now()
    )

    assert [("claude-sonnet-4", "Quota/department-spend", 7)] == noted
    assert (7, "claude-sonnet-4") == (ask.again, ask.model.split("/")[1])
