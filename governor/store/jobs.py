"""Leases on jobs: who may run one now, proved by a number that grows with each lease."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from governor.core.jobs import JobRecord
from governor.store.dialects import insert_into
from governor.store.instants import from_ms, to_ms
from governor.store.server_time import server_time_s
from governor.store.tables import JOB_MARKS, JOBS

ServerTime = Callable[[Connection], float]
"""Unix seconds of the clock that leases run by: the database's, which all workers share."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a job, until it is not renewed in time; ``fence`` tells it from every other one."""

    job: str
    holder: str
    fence: int


@dataclass(frozen=True, slots=True)
class Finished:
    """How a turn ended."""

    at: datetime
    next_at: datetime
    succeeded: bool
    result: str
    took_ms: int


def register_jobs(connection: Connection, jobs: list[tuple[str, str, datetime]]) -> None:
    """Make known which jobs there are: name, trigger in words, and when each is due.

    What another worker has registered stays, but for a trigger that reads differently.
    """
    new = insert_into(connection, JOBS)
    changed = JOBS.c.trigger != new.excluded.trigger
    replaced = {"trigger": new.excluded.trigger, "next_at_ms": new.excluded.next_at_ms}
    statement = new.on_conflict_do_update(index_elements=["name"], set_=replaced, where=changed)
    idle = {"holder": "", "fence": 0, "lease_until_ms": 0, "result": "", "took_ms": 0}
    counts = {"runs": 0, "failures": 0, "failing": 0}
    rows = [
        {"name": name, "trigger": trigger, "next_at_ms": to_ms(next_at), **idle, **counts}
        for name, trigger, next_at in sorted(jobs)
    ]
    connection.execute(statement, rows)


def forget_jobs(connection: Connection, known: Collection[str], due_before: datetime) -> None:
    """Drop jobs that are not among the known ones and that nobody has begun since they were due."""
    unknown = (JOBS.c.name.not_in(list(known)), JOBS.c.next_at_ms < to_ms(due_before))
    connection.execute(delete(JOBS).where(*unknown, JOBS.c.holder == ""))


def read_jobs(connection: Connection, server_time: ServerTime = server_time_s) -> list[JobRecord]:
    """Return every job by name; a holder whose lease has run out holds nothing."""
    now_ms = int(server_time(connection) * 1000)
    return [_from_row(row, now_ms) for row in connection.execute(select(JOBS).order_by(JOBS.c.name))]


def claim_job(
    connection: Connection,
    job: str,
    holder: str,
    now: datetime,
    *,
    lease_s: float,
    server_time: ServerTime = server_time_s,
) -> Lease | None:
    """Take a job that is due and that nobody holds, or return None.

    Args:
        connection: A transaction that writes.
        job: Its name.
        holder: Who takes it.
        now: The instant of the turn.
        lease_s: How long it is held without being renewed.
        server_time: The clock of leases.
    """
    server_ms = int(server_time(connection) * 1000)
    free = JOBS.c.lease_until_ms <= server_ms
    row = connection.execute(
        update(JOBS)
        .where(JOBS.c.name == job, free, JOBS.c.next_at_ms <= to_ms(now))
        .values(
            holder=holder,
            fence=JOBS.c.fence + 1,
            lease_until_ms=server_ms + int(lease_s * 1000),
            started_at_ms=to_ms(now),
        )
        .returning(JOBS.c.fence)
    ).one_or_none()
    return Lease(job, holder, row.fence) if row is not None else None


def renew_lease(connection: Connection, lease: Lease, lease_s: float, server_time: ServerTime = server_time_s) -> bool:
    """Hold a job for longer; False if somebody else has taken it."""
    until_ms = int((server_time(connection) + lease_s) * 1000)
    done = connection.execute(update(JOBS).where(*_under(lease)).values(lease_until_ms=until_ms))
    return done.rowcount == 1


def is_held(connection: Connection, lease: Lease) -> bool:
    """Tell whether a lease is the latest, and keep it so until this transaction ends."""
    query = select(JOBS.c.fence).where(*_under(lease)).with_for_update(read=True)
    return connection.execute(query).one_or_none() is not None


def finish_job(connection: Connection, lease: Lease, finished: Finished) -> bool:
    """Record how a turn ended and give the job back; False if somebody else has taken it meanwhile."""
    ok = finished.succeeded
    done = connection.execute(
        update(JOBS)
        .where(*_under(lease))
        .values(
            holder="",
            lease_until_ms=0,
            next_at_ms=to_ms(finished.next_at),
            finished_at_ms=to_ms(finished.at),
            succeeded_at_ms=to_ms(finished.at) if ok else JOBS.c.succeeded_at_ms,
            result=finished.result,
            took_ms=finished.took_ms,
            runs=JOBS.c.runs + 1,
            failures=JOBS.c.failures + (0 if ok else 1),
            failing=0 if ok else JOBS.c.failing + 1,
        )
    )
    return done.rowcount == 1


def release_lease(connection: Connection, lease: Lease) -> None:
    """Give a job back in the middle of its turn: whoever comes next goes on."""
    connection.execute(update(JOBS).where(*_under(lease)).values(holder="", lease_until_ms=0))


def reschedule_job(connection: Connection, job: str, next_at: datetime) -> None:
    """Let a job be due at another instant."""
    connection.execute(update(JOBS).where(JOBS.c.name == job).values(next_at_ms=to_ms(next_at)))


def read_mark(connection: Connection, name: str) -> bytes:
    """Return how far a job has come, or ``b""`` if it has not begun."""
    found = connection.execute(select(JOB_MARKS.c.position).where(JOB_MARKS.c.name == name)).scalar_one_or_none()
    return bytes(found) if found is not None else b""


def write_mark(connection: Connection, name: str, position: bytes) -> None:
    """Remember how far a job has come."""
    moved = update(JOB_MARKS).where(JOB_MARKS.c.name == name).values(position=position)
    if not connection.execute(moved).rowcount:
        connection.execute(insert(JOB_MARKS).values(name=name, position=position))


def _under(lease: Lease) -> tuple[Any, ...]:
    return (JOBS.c.name == lease.job, JOBS.c.fence == lease.fence, JOBS.c.holder == lease.holder)


def _from_row(row: Row[Any], now_ms: int) -> JobRecord:
    return JobRecord(
        name=row.name,
        trigger=row.trigger,
        next_at=from_ms(row.next_at_ms),
        holder=row.holder if row.lease_until_ms > now_ms else "",
        started_at=from_ms(row.started_at_ms),
        finished_at=from_ms(row.finished_at_ms),
        succeeded_at=from_ms(row.succeeded_at_ms),
        result=row.result,
        took_ms=row.took_ms,
        runs=row.runs,
        failures=row.failures,
        failing=row.failing,
    )
