"""The nightly verification of the ledger: what it finds is remembered, logged, and on the metrics page."""

from datetime import timedelta

import pytest
import structlog
from sqlalchemy import text

from governor.core.jobs import JobState
from governor.edges.scheduler.jobs import jobs_of
from governor.services.run_jobs import JobRunner
from governor.services.verify_ledger import VerifierCrashError, check_in_process, check_ledger
from governor.store.database import Database
from governor.store.jobs import read_jobs
from governor.store.ledger_checks import read_last_check
from tests.api.test_operate import metric
from tests.api.world import Server, StandingClock, question


async def verified(server: Server) -> tuple[str, JobState]:
    """Run what is due; return what the verification said, and how its job stands."""
    governor = server.governor
    await JobRunner(jobs_of(governor), governor.database, governor.clock.now).run_due()
    records = {record.name: record for record in await governor.database.read(read_jobs)}
    job = records["verify-ledger"]
    return job.result, job.state(governor.clock.now())


async def execute(database: Database, statement: str) -> None:
    """Change something behind the ledger's back."""
    await database.write(lambda connection: connection.execute(text(statement)))


async def alarms(server: Server) -> list[float | None]:
    """Return the metrics of the last verification."""
    names = ("governor_ledger_differences", "governor_ledger_verified_age_seconds")
    return [await metric(server, name) for name in names]


async def test_a_sound_ledger_is_remembered_as_such(any_server: Server, standing: StandingClock) -> None:
    """Before the first verification nothing is claimed; afterwards 0, and how long ago that was."""
    async with any_server.client() as client:
        await client.post("/decide", json=question())
    before = await alarms(any_server)
    said = await verified(any_server)
    standing.advance(7_200)

    assert [None, None] == before
    assert ("every balance equals what its records come to", JobState.WAITING) == said
    assert [0.0, 7_200.0] == await alarms(any_server)


async def test_a_difference_is_an_alarm_until_a_verification_finds_none(
    any_server: Server, standing: StandingClock
) -> None:
    """An error in the log that names the first differences, a metric, and a job that does not run in circles."""
    async with any_server.client() as client:
        await client.post("/decide", json=question())
    database = any_server.governor.database
    await execute(database, "UPDATE budgets SET used = used + 7")
    with structlog.testing.capture_logs() as logs:
        said = await verified(any_server)
    wrong = await alarms(any_server)
    remembered = await database.read(read_last_check)
    await execute(database, "UPDATE budgets SET used = used - 7")
    standing.advance(86_400)
    mended = await verified(any_server)

    [alarm] = [line for line in logs if line["event"] == "ledger_differs"]
    assert ("error", 3, {"used"}) == (
        alarm["log_level"],
        alarm["differences"],
        {difference["what"] for difference in alarm["first"]},
    )
    assert ("3 differences; `governor ledger verify` shows them", JobState.WAITING) == said
    assert [3.0, 0.0] == wrong
    assert remembered is not None
    assert [("used", "7", "0")] * 3 == [(each.what, each.stored, each.recomputed) for each in remembered.shown]
    assert ("every balance equals what its records come to", [0.0, 0.0]) == (mended[0], await alarms(any_server))


async def test_a_process_of_its_own_finds_the_same(any_server: Server, standing: StandingClock) -> None:
    """So that decisions of the worker whose turn it is go on."""
    async with any_server.client() as client:
        await client.post("/decide", json=question())
    database = any_server.governor.database
    await execute(database, "UPDATE budgets SET used = used + 7")
    now = standing.now() + timedelta(seconds=1)

    assert await check_in_process(database, now) == await database.read(lambda found: check_ledger(found, now))


async def test_a_verification_that_ends_early_is_a_failure(any_server: Server, standing: StandingClock) -> None:
    """No answer is not a good one: the job is tried again, and what was found before stands."""
    database = any_server.governor.database
    await execute(database, "ALTER TABLE usage_hourly RENAME TO gone")
    try:
        with pytest.raises(VerifierCrashError):
            await check_in_process(database, standing.now())
        said = await verified(any_server)
    finally:
        await execute(database, "ALTER TABLE gone RENAME TO usage_hourly")

    assert (True, JobState.FAILING) == (said[0].startswith("VerifierCrashError"), said[1])
    assert [None, None] == await alarms(any_server)
