"""Workers of a scheduler on one database, on clocks that tests move."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from governor.edges.scheduler.triggers import every
from governor.services.jobs import Job, Trigger, Turn
from governor.services.run_jobs import JobRunner
from governor.store.database import Database
from governor.store.server_time import server_time_s

TEN_MINUTES = every(minutes=10)
ALWAYS = Trigger("always", lambda at: at)
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class KilledError(BaseException):
    """The worker's process is gone: nothing that it would have done afterwards happens."""


@dataclass
class Times:
    """The server's clock, and the database's, by which leases run."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return the present instant."""
        return self.now

    def server_s(self, _: Connection) -> float:
        """Return what the database's clock shows: the same instant."""
        return self.now.timestamp()

    def pass_by(self, **length: int) -> None:
        """Let time pass."""
        self.now += timedelta(**length)


async def never(_: float) -> None:
    """Wait for ever: a lease is not renewed."""
    await asyncio.Event().wait()


@dataclass
class Counted:
    """A verb that counts its turns, and does what a test says in each."""

    times: list[datetime] = field(default_factory=list)
    then: Callable[[Turn], Awaitable[object]] | None = None

    async def __call__(self, turn: Turn) -> object:
        """Take a turn."""
        self.times.append(turn.now)
        return await self.then(turn) if self.then is not None else f"turn {len(self.times)}"


def worker(
    database: Database,
    times: Times | Callable[[], datetime],
    *verbs: Callable[[Turn], Awaitable[object]],
    pause: Callable[[float], Awaitable[None]] = never,
    trigger: Trigger = TEN_MINUTES,
) -> JobRunner:
    """Return a worker whose jobs are called ``job-0``, ``job-1``, ..., each due every ten minutes unless told else."""
    jobs = [Job(f"job-{index}", trigger, verb) for index, verb in enumerate(verbs)]
    server_time = times.server_s if isinstance(times, Times) else server_time_s
    return JobRunner(jobs, database, times, pause, server_time)
