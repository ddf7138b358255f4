"""Policies of a repository on real workers, and on the real schedule."""

import hashlib
import hmac

import httpx

from governor.edges.scheduler.jobs import jobs_of
from governor.services.run_jobs import JobRunner
from governor.store.jobs import read_jobs
from governor.store.server_time import server_time_s
from tests.api.test_process import ROUNDS, middle, served, until_all_have_another, version_of
from tests.api.world import StandingClock, running, settings_for
from tests.policies.repository import PolicyRepository
from tests.policies.test_story import limit_of, settled
from tests.scheduler.workers import never

SECRET = "a secret that only the forge knows"
PUSHED = b'{"ref":"refs/heads/main"}'


def test_a_commit_is_everybodys_within_a_second(sqlite_url: str, repository: PolicyRepository) -> None:
    """Three workers serve while a webhook tells one of them of a push: all decide by the commit at once."""
    signature = "sha256=" + hmac.new(SECRET.encode(), PUSHED, hashlib.sha256).hexdigest()
    apart_s: list[float] = []
    variables = {"GOVERNOR_WORKERS": "3", "GOVERNOR_POLICIES_WEBHOOK_SECRET": SECRET}
    with served(sqlite_url, repository.url(), **variables) as (_, address):
        _, before = version_of(address)
        for number in range(ROUNDS):
            repository.limit(11 + number)
            pushed = repository.push("Another limit")
            told = httpx.post(f"{address}/policies/sync", content=PUSHED, headers={"x-hub-signature-256": signature})
            apart, before = until_all_have_another(address, before, 3)
            apart_s.append(apart)

            assert (202, pushed) == (told.status_code, before)

    assert middle(apart_s) < 1.0


async def test_the_schedule_looks_at_the_branch_every_minute(
    database_url: str, repository: PolicyRepository, standing: StandingClock
) -> None:
    """Nobody tells of a push: the job finds it when it is due, and its row says what came of it."""
    async with running(settings_for(database_url, repository.url()), standing) as server:
        [job] = [each for each in jobs_of(server.governor) if each.name == "sync-policies"]
        scheduler = JobRunner([job], server.governor.database, standing.now, never, server_time_s)
        await scheduler.run_due()
        before = await limit_of(server)
        repository.limit(25)
        commit = repository.push("Raise the limit")
        standing.advance(59)
        await scheduler.run_due()
        early = await server.governor.database.read(read_jobs)
        standing.advance(1)
        await scheduler.run_due()
        [row] = await server.governor.database.read(read_jobs)
        await settled(standing, server)
        after = await limit_of(server)

    assert "10" == before[1]
    assert [f"unchanged {before[0][:12]}"] == [each.result for each in early]
    assert ("sync-policies", f"live {commit[:12]}") == (row.name, row.result)
    assert (commit, "25") == after
