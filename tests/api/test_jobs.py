"""How jobs go, as operators see it: readiness and metrics."""

from governor.edges.scheduler.jobs import jobs_of
from governor.services.jobs import Turn
from governor.services.run_jobs import JobRunner
from tests.api.test_operate import metric, ready
from tests.api.world import Server, StandingClock
from tests.scheduler.workers import worker


async def test_every_job_of_the_table_runs(any_server: Server) -> None:
    """Each verb works on a fresh database, and readiness names each with what it said."""
    governor = any_server.governor
    jobs = jobs_of(governor)
    await JobRunner(jobs, governor.database, governor.clock.now).run_due()
    _, checks = await ready(any_server)
    scheduler = checks["scheduler"]

    assert True is scheduler["ok"]
    assert {job.name: "waiting" for job in jobs} == {
        name: facts["state"] for name, facts in scheduler["facts"]["jobs"].items()
    }


async def test_a_failing_job_is_seen_and_takes_no_traffic_away(server: Server, standing: StandingClock) -> None:
    """Readiness says what is wrong, metrics count it, and the worker stays in service."""

    async def fails(_: Turn) -> None:
        raise ValueError("no")

    await worker(server.governor.database, standing.now, fails).run_due()
    status, checks = await ready(server)

    assert (200, False) == (status, checks["scheduler"]["ok"])
    assert "late or failing: job-0; `governor jobs` shows why" == checks["scheduler"]["facts"]["problem"]
    assert 1.0 == await metric(server, "governor_job_failures_total", job="job-0")


async def test_an_overdue_job_is_measured(server: Server, standing: StandingClock) -> None:
    """Where nobody runs the jobs any more, a metric grows."""

    async def works(_: Turn) -> None:
        pass

    await worker(server.governor.database, standing.now, works).run_due()
    standing.advance(3600)

    assert 3000.0 == await metric(server, "governor_job_overdue_seconds", job="job-0")
    assert 3600.0 == await metric(server, "governor_job_success_age_seconds", job="job-0")
