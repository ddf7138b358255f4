"""Run the jobs that are due, each by one of all workers on a database."""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from governor.core.jobs import JobRecord
from governor.services.jobs import Job, LeaseLostError, Turn
from governor.store.database import Database
from governor.store.jobs import (
    Finished,
    Lease,
    ServerTime,
    claim_job,
    finish_job,
    forget_jobs,
    read_jobs,
    register_jobs,
    release_lease,
    renew_lease,
    reschedule_job,
)
from governor.store.server_time import server_time_s

LEASE_S = 6.0
"""How long a job stays with a worker that is not heard of: then another one takes it over."""

RENEW_S = 2.0
"""How often a worker says that it is still at it."""

RETRY_S = 5
RETRY_S_MAX = 300
"""A job that failed is tried again after five seconds, then after twice as long each time, up to this."""

GRACE_S = 10.0
"""How long a stopping worker waits for turns to end; what is cut off goes on elsewhere."""

AHEAD_MAX = timedelta(minutes=1)
"""Workers' clocks differ; a turn that began later than this from now was dated by a clock that was set back since."""

FORGOTTEN_AFTER = timedelta(hours=1)
"""A job that no worker has for this long after it was due is forgotten."""

RESULT_MAX = 500
"""Characters of a result that are kept."""

_log = structlog.get_logger("governor.scheduler")


class JobRunner:
    """One worker's part in the jobs of a database.

    Args:
        jobs: The jobs that this worker can run.
        database: Where leases and results are.
        now: The server's clock.
        pause: Waits some seconds of real time.
        server_time: The clock of leases, in Unix seconds.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        database: Database,
        now: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        server_time: ServerTime = server_time_s,
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._database = database
        self._now = now
        self._pause = pause
        self._server_time = server_time
        self._registered = False
        self._looking = asyncio.Lock()
        self._stopped = False
        self._turns: dict[str, asyncio.Task[None]] = {}
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"

    async def tick(self) -> None:
        """Begin the turns of every job that is due and that nobody holds. Failures of the database are only logged."""
        async with self._looking:
            try:
                await self._begin_due()
            except SQLAlchemyError as error:
                _log.warning("scheduler_without_database", problem=type(error).__name__)

    async def run_due(self) -> None:
        """Run every job that is due now to its end, in the order of the table."""
        for job in await self._due():
            await self._begin(job)
            await self.settled()

    async def settled(self) -> None:
        """Wait for the turns that have begun."""
        await asyncio.gather(*self._turns.values(), return_exceptions=True)

    async def stop(self) -> None:
        """Begin no more turns, let those that run end, for a while, and give back what is left of them.

        A look that has begun is waited for: cut off, it would leave a lease behind that nobody works under.
        """
        self._stopped = True
        async with self._looking:
            pass
        if self._turns:
            await asyncio.wait(self._turns.values(), timeout=GRACE_S)
        for turn in self._turns.values():
            turn.cancel()
        await self.settled()

    async def _begin_due(self) -> None:
        for job in await self._due():
            if not self._stopped:
                await self._begin(job)

    async def _due(self) -> list[Job]:
        if not self._registered:
            await self._register()
        now = self._now()
        records = await self._database.read(partial(read_jobs, server_time=self._server_time))
        due = {record.name for record in records if not record.holder and record.next_at <= now}
        return [job for job in self._jobs.values() if job.name in due and job.name not in self._turns]

    async def _register(self) -> None:
        now = self._now()
        await self._database.write(partial(self._make_known, now=now))
        self._registered = True

    def _make_known(self, connection: Connection, now: datetime) -> None:
        register_jobs(connection, [(job.name, job.trigger.words, now) for job in self._jobs.values()])
        # A job that needs a setting which nobody has any more, or of an older version, is not late: it is gone.
        forget_jobs(connection, self._jobs, now - FORGOTTEN_AFTER)
        for record in read_jobs(connection, self._server_time):
            if record.name in self._jobs and _dated_ahead(record, now):
                reschedule_job(connection, record.name, now)

    async def _begin(self, job: Job) -> None:
        now = self._now()
        claim = partial(
            claim_job, job=job.name, holder=self.holder, now=now, lease_s=LEASE_S, server_time=self._server_time
        )
        lease = await self._database.write(claim)
        if lease is not None:
            turn = asyncio.create_task(self._take(job, lease, now), name=f"job {job.name}")
            self._turns[job.name] = turn
            turn.add_done_callback(lambda _: self._turns.pop(job.name, None))

    async def _take(self, job: Job, lease: Lease, now: datetime) -> None:
        """Run one turn, holding the lease meanwhile, and record how it ended."""
        work = asyncio.create_task(_work(job, Turn(now, self._database, lease)), name=f"work of {job.name}")
        heart = asyncio.create_task(self._hold(lease, work), name=f"lease of {job.name}")
        began_s = time.monotonic()
        try:
            succeeded, result = await work
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(lease))
            raise
        except LeaseLostError:
            _log.warning("lease_lost", job=job.name)
            return
        finally:
            work.cancel()
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)
        took_ms = round((time.monotonic() - began_s) * 1000)
        await self._record(job, lease, now, succeeded=succeeded, result=result, took_ms=took_ms)

    async def _hold(self, lease: Lease, work: asyncio.Task[tuple[bool, str]]) -> None:
        """Renew a lease until the work ends; work whose lease is lost is stopped."""
        while True:
            await self._pause(RENEW_S)
            renewal = asyncio.ensure_future(
                self._database.write(partial(renew_lease, lease=lease, lease_s=LEASE_S, server_time=self._server_time))
            )
            try:
                held = await asyncio.shield(renewal)
            except asyncio.CancelledError:
                # Its thread goes on all the same: the database must not be closed under it.
                await asyncio.wait([renewal])
                raise
            except SQLAlchemyError as error:
                _log.warning("lease_not_renewed", job=lease.job, problem=type(error).__name__)
                continue
            if not held:
                work.cancel()
                return

    async def _record(
        self, job: Job, lease: Lease, now: datetime, *, succeeded: bool, result: str, took_ms: int
    ) -> None:
        next_at = job.trigger.next_after(now)
        finished_at = self._now()
        try:
            if not succeeded:
                next_at = finished_at + await self._back_off(job)
            finished = Finished(finished_at, next_at, succeeded, result[:RESULT_MAX], took_ms)
            await self._database.write(partial(finish_job, lease=lease, finished=finished))
        except SQLAlchemyError as error:
            # The lease runs out by itself, and the verb does nothing twice.
            _log.warning("result_not_recorded", job=job.name, problem=type(error).__name__)

    async def _back_off(self, job: Job) -> timedelta:
        records = await self._database.read(read_jobs)
        failing = next((record.failing for record in records if record.name == job.name), 0)
        return timedelta(seconds=min(RETRY_S_MAX, RETRY_S * 2 ** min(failing, 10)))

    async def _give_back(self, lease: Lease) -> None:
        try:
            await self._database.write(partial(release_lease, lease=lease))
        except SQLAlchemyError as error:
            _log.warning("lease_not_released", job=lease.job, problem=type(error).__name__)


def _dated_ahead(record: JobRecord, now: datetime) -> bool:
    return record.started_at is not None and record.started_at - now > AHEAD_MAX


async def _work(job: Job, turn: Turn) -> tuple[bool, str]:
    """Run a verb; whatever it raises is its result, because no job may stop the others."""
    try:
        done = await job.run(turn)
    except LeaseLostError:
        raise
    except Exception as error:  # noqa: BLE001 - a verb may fail in any way, and the next one must run all the same
        _log.exception("job_failed", job=job.name)
        return False, f"{type(error).__name__}: {error}"
    return True, str(done) if done is not None else "done"
