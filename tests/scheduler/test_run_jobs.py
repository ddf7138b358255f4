"""Jobs: each is run by one of all workers, recorded, and taken over when its worker dies."""

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from governor.core.jobs import JobRecord, JobState
from governor.services.jobs import LeaseLostError, Turn
from governor.services.run_jobs import LEASE_S, RETRY_S_MAX
from governor.store.database import Database
from governor.store.jobs import read_jobs, read_mark, write_mark
from tests.scheduler.workers import START, Counted, KilledError, Times, never, worker


async def jobs(database: Database, times: Times) -> dict[str, JobRecord]:
    """Return what the database knows of every job."""
    records = await database.read(lambda connection: read_jobs(connection, times.server_s))
    return {record.name: record for record in records}


async def test_a_job_runs_when_it_is_first_seen_and_then_by_its_trigger(database: Database) -> None:
    """What it said is recorded with when it ran and when it will again."""
    times, verb = Times(), Counted()
    runner = worker(database, times, verb)
    await runner.run_due()
    await runner.run_due()
    times.pass_by(minutes=10)
    await runner.run_due()
    [record] = (await jobs(database, times)).values()

    assert [START, START + timedelta(minutes=10)] == verb.times
    assert ("turn 2", 2, 0, JobState.WAITING) == (record.result, record.runs, record.failures, record.state(times.now))
    assert (times.now, START + timedelta(minutes=20)) == (record.succeeded_at, record.next_at)


async def test_of_many_workers_exactly_one_runs_a_job(database: Database) -> None:
    """Eight workers look at the same instant, several times over."""
    times, verb = Times(), Counted()
    runners = [worker(database, times, verb) for _ in range(8)]
    for _ in range(3):
        await asyncio.gather(*(runner.tick() for runner in runners))
        await asyncio.gather(*(runner.settled() for runner in runners))
        times.pass_by(minutes=10)

    assert 3 == len(verb.times)


async def test_after_a_month_without_scheduler_a_job_runs_once(database: Database) -> None:
    """Verbs catch up by themselves: a burst of turns would only repeat them."""
    times, verb = Times(), Counted()
    await worker(database, times, verb).run_due()
    times.pass_by(days=30)
    late = (await jobs(database, times))["job-0"].state(times.now)
    restarted = worker(database, times, verb)
    await restarted.run_due()
    await restarted.run_due()

    assert JobState.LATE == late
    assert [START, times.now] == verb.times


async def test_a_dead_workers_job_is_taken_over_within_seconds(database: Database) -> None:
    """While its lease lasts nobody else begins; then somebody does, and goes on where it stopped."""
    times = Times()

    async def dies(turn: Turn) -> None:
        await turn.write(lambda connection: write_mark(connection, "steps", b"half"))
        raise KilledError

    async def goes_on(turn: Turn) -> str:
        return (await turn.write(lambda connection: read_mark(connection, "steps"))).decode()

    first, second = worker(database, times, dies), worker(database, times, goes_on)
    await first.run_due()
    await second.run_due()
    before = (await jobs(database, times))["job-0"]
    times.pass_by(seconds=int(LEASE_S) + 1)
    await second.run_due()
    after = (await jobs(database, times))["job-0"]

    assert (first.holder, 0) == (before.holder, before.runs)
    assert ("", 1, "half") == (after.holder, after.runs, after.result)


async def test_whoever_lost_the_lease_writes_nothing(database: Database) -> None:
    """A worker that was frozen for a minute wakes up after its job was taken over."""
    times = Times()
    frozen, woken = asyncio.Event(), asyncio.Event()
    outcome: list[str] = []

    async def freezes(turn: Turn) -> None:
        frozen.set()
        await woken.wait()
        try:
            await turn.write(lambda connection: write_mark(connection, "steps", b"zombie"))
        except LeaseLostError:
            outcome.append("refused")
            raise

    async def takes_over(turn: Turn) -> None:
        await turn.write(lambda connection: write_mark(connection, "steps", b"alive"))

    first, second = worker(database, times, freezes), worker(database, times, takes_over)
    await first.tick()
    await frozen.wait()
    times.pass_by(seconds=int(LEASE_S) + 1)
    await second.run_due()
    woken.set()
    await first.settled()
    written = await database.read(lambda connection: read_mark(connection, "steps"))
    record = (await jobs(database, times))["job-0"]

    assert (["refused"], b"alive", 1) == (outcome, written, record.runs)


async def test_a_long_turn_keeps_its_lease(database: Database) -> None:
    """A worker that is heard of holds its job for as long as it takes."""
    times, other = Times(), Counted()
    go_on, beats = asyncio.Event(), 0

    async def works(_: Turn) -> str:
        await go_on.wait()
        return "finished"

    async def pause(seconds: float) -> None:
        nonlocal beats
        beats += 1
        times.pass_by(seconds=int(seconds))
        if beats == 30:
            go_on.set()
            await never(0)

    first, second = worker(database, times, works, pause=pause), worker(database, times, other)
    await first.tick()
    while beats < 30:
        await second.run_due()
        await asyncio.sleep(0)
    await first.settled()
    record = (await jobs(database, times))["job-0"]

    assert ([], "finished", 1) == (other.times, record.result, record.runs)


async def test_work_whose_lease_is_lost_is_stopped(database: Database) -> None:
    """A worker that hears that its job is another's stops working on it."""
    times, stopped, beat = Times(), asyncio.Event(), asyncio.Event()

    async def works(_: Turn) -> None:
        try:
            await never(0)
        finally:
            stopped.set()

    async def pause(_: float) -> None:
        await beat.wait()

    first, second = worker(database, times, works, pause=pause), worker(database, times, Counted())
    await first.tick()
    times.pass_by(seconds=int(LEASE_S) + 1)
    await second.run_due()
    beat.set()
    await asyncio.wait_for(stopped.wait(), 30)
    await first.settled()

    assert 1 == (await jobs(database, times))["job-0"].runs


async def test_a_failing_job_is_tried_again_and_stops_no_other(database: Database) -> None:
    """Each failure is recorded, the pause before the next try doubles up to five minutes, and success ends it."""
    times, other = Times(), Counted()
    fails = True

    async def may_fail(_: Turn) -> str:
        if fails:
            raise ValueError("the world is broken")
        return "mended"

    runner = worker(database, times, may_fail, other)
    waits = []
    for _ in range(8):
        await runner.run_due()
        record = (await jobs(database, times))["job-0"]
        waits.append((record.next_at - times.now).total_seconds())
        times.now = record.next_at
    broken = (await jobs(database, times))["job-0"]
    fails = False
    await runner.run_due()
    mended = (await jobs(database, times))["job-0"]

    assert [5, 10, 20, 40, 80, 160, RETRY_S_MAX, RETRY_S_MAX] == waits
    assert ("ValueError: the world is broken", 8, JobState.FAILING) == (
        broken.result,
        broken.failures,
        broken.state(times.now),
    )
    assert ("mended", 0, JobState.WAITING) == (mended.result, mended.failing, mended.state(times.now))
    assert len(other.times) > 1


async def test_a_stopping_worker_gives_its_job_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is left goes on at once, not when the lease has run out."""
    monkeypatch.setattr("governor.services.run_jobs.GRACE_S", 0.0)
    times, other = Times(), Counted()
    first = worker(database, times, lambda _: never(0))
    await first.tick()
    await first.stop()
    await worker(database, times, other).run_due()

    assert [START] == other.times


async def test_a_worker_that_stops_while_it_looks_leaves_no_lease_behind(database: Database) -> None:
    """What its look began is finished; the rest is left to others, who need not wait for a lease to run out."""
    times, entered, released = Times(), threading.Event(), threading.Event()
    mine, others = [Counted(), Counted()], [Counted(), Counted()]
    await worker(database, times, Counted(), Counted()).run_due()
    times.pass_by(minutes=10)
    stopping = worker(database, times, *mine)

    def slow_server_s(connection: Connection) -> float:
        entered.set()
        released.wait()
        return times.server_s(connection)

    stopping._server_time = slow_server_s
    look = asyncio.create_task(stopping.tick())
    await asyncio.to_thread(entered.wait)
    stop = asyncio.create_task(stopping.stop())
    await asyncio.sleep(0)
    released.set()
    await asyncio.gather(look, stop)
    await worker(database, times, *others).run_due()
    await stopping.tick()

    assert [times.now, times.now] == [at for verb in (*mine, *others) for at in verb.times]
    assert all(not record.holder for record in (await jobs(database, times)).values())


async def test_a_clock_that_was_set_back_stops_no_job(database: Database) -> None:
    """A trial on ``GOVERNOR_CLOCK`` begins at the same instant again; what is dated later says nothing."""
    times, verb = Times(), Counted()
    await worker(database, times, verb).run_due()
    earlier = Times(START - timedelta(days=20))
    restarted = worker(database, earlier, verb)
    times.pass_by(seconds=0)
    restarted._server_time = times.server_s
    await restarted.run_due()

    assert [START, earlier.now] == verb.times


async def test_a_job_that_nobody_has_any_more_is_forgotten(database: Database) -> None:
    """It is not late for ever; one that another worker still runs stays."""
    times = Times()
    await worker(database, times, Counted(), Counted()).run_due()
    times.pass_by(minutes=20)
    await worker(database, times, Counted()).run_due()
    soon = set(await jobs(database, times))
    times.pass_by(hours=2)
    await worker(database, times, Counted()).run_due()

    assert ({"job-0", "job-1"}, {"job-0"}) == (soon, set(await jobs(database, times)))
