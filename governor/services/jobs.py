"""What a job is, and what it is given for its turn."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from governor.store.database import Database
from governor.store.jobs import Lease, is_held

T = TypeVar("T")


class LeaseLostError(Exception):
    """Another worker has taken the job over, because this one was not heard of in time; nothing was written."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of a job by the worker that holds it.

    Attributes:
        now: The instant of the turn; a verb reads no other clock.
    """

    now: datetime
    _database: Database
    _lease: Lease

    async def write(self, function: Callable[[Connection], T]) -> T:
        """Run a function in one transaction that is committed only while the job is still held by this worker.

        Raises:
            LeaseLostError: If it is not; nothing was written.
        """

        def fenced(connection: Connection) -> T:
            if not is_held(connection, self._lease):
                raise LeaseLostError(self._lease.job)
            return function(connection)

        return await self._database.write(fenced)


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a job is due.

    Attributes:
        words: For people: ``every 10 seconds``.
        next_after: The first instant after another one at which it is due. Pure.
    """

    words: str
    next_after: Callable[[datetime], datetime]


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done again and again, by one worker at a time.

    The verb is idempotent, goes on from what is stored, in order, and catches up however long nobody ran it: that it
    runs late, twice or never changes no decision.

    Attributes:
        name: Unique; what ``governor jobs`` and metrics call it.
        trigger: When it is due; once is enough after any downtime.
        run: The verb. What it returns is recorded, as text.
    """

    name: str
    trigger: Trigger
    run: Callable[[Turn], Awaitable[object]]
