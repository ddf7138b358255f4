"""Decisions as they were recorded: one by its id with its usage, and a search, the newest first.

Ids are time-ordered, so a search walks back in time along the primary key and stops when enough is found.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from governor.core.ledger.entry import Entry
from governor.core.ledger.reservation import Reservation
from governor.store.ledger.rows import reservation_from_row
from governor.store.records import entry_from_row
from governor.store.tables import DECISIONS, ENTRIES

READ_AT_A_TIME = 200
"""Rows of a search that are in memory at a time: whoever stops reading early has not paid for the rest."""

_COLUMNS = tuple(
    DECISIONS.c[name] for name in ("id", "client", "at_ms", "state", "expires_at_s", "record", "request", "answer")
)


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """What to look for; ``""`` and None are anything.

    Attributes:
        verdict: ``allow`` or ``deny``.
        before: Only decisions with a lower id: the last one of the previous page.
        from_ms: Earliest instant, Unix milliseconds.
        until_ms: First instant that is too late, Unix milliseconds.
    """

    client: str = ""
    verdict: str = ""
    department: str = ""
    before: bytes | None = None
    from_ms: int | None = None
    until_ms: int | None = None


def read_decision(connection: Connection, decision_id: bytes) -> Reservation | None:
    """Return a decision with everything that was asked and answered, or None if it is not known."""
    row = connection.execute(select(*_COLUMNS).where(DECISIONS.c.id == decision_id)).one_or_none()
    return _reservation(tuple(row)) if row is not None else None


def search_decisions(connection: Connection, wanted: DecisionFilter, limit: int) -> Generator[Reservation]:
    """Yield the decisions that match, the newest first, at most ``limit``."""
    query = _matching(wanted).order_by(DECISIONS.c.id.desc()).limit(limit)
    options = {"stream_results": True, "yield_per": READ_AT_A_TIME}
    # Closed when the reader stops early, so that no cursor stays open on the server.
    with connection.execute(query, execution_options=options) as rows:
        for row in rows:
            yield _reservation(tuple(row))


def decisions_after(
    connection: Connection, last: bytes, until_ms: int | None, limit: int
) -> list[tuple[Reservation, list[Entry]]]:
    """Return the next decisions in the order in which they were made, each with the usage posted for it.

    Args:
        connection: Of one read.
        last: The id of the last decision that was read, or ``id_floor`` of where to begin.
        until_ms: First instant that is too late, Unix milliseconds, or None.
        limit: At most so many.
    """
    query = select(*_COLUMNS).where(DECISIONS.c.id > last).order_by(DECISIONS.c.id).limit(limit)
    if until_ms is not None:
        query = query.where(DECISIONS.c.id < id_floor(until_ms))
    found = [_reservation(tuple(row)) for row in connection.execute(query)]
    usage: dict[bytes | None, list[Entry]] = {}
    if found:
        ids = [reservation.id for reservation in found]
        for row in connection.execute(select(ENTRIES).where(ENTRIES.c.decision_id.in_(ids)).order_by(ENTRIES.c.id)):
            entry = entry_from_row(tuple(row))
            usage.setdefault(entry.decision_id, []).append(entry)
    return [(reservation, usage.get(reservation.id, [])) for reservation in found]


def read_denials(connection: Connection, after: bytes, below: bytes, limit: int) -> list[Reservation]:
    """Return refused requests with an id above ``after`` and below ``below``, the oldest first, at most ``limit``."""
    columns = DECISIONS.c
    query = select(*_COLUMNS).where(columns.id > after, columns.id < below, columns.verdict == "deny")
    rows = connection.execute(query.order_by(columns.id).limit(limit))
    return [_reservation(tuple(row)) for row in rows]


def newest_denials(connection: Connection, after: bytes, limit: int) -> Generator[Reservation]:
    """Yield refused requests with an id above ``after``, the newest first, at most ``limit``."""
    columns = DECISIONS.c
    query = select(*_COLUMNS).where(columns.id > after, columns.verdict == "deny")
    for row in connection.execute(query.order_by(columns.id.desc()).limit(limit)):
        yield _reservation(tuple(row))


def read_entries(connection: Connection, decision_id: bytes) -> list[Entry]:
    """Return the usage posted for a decision, corrections included, the oldest first."""
    query = select(ENTRIES).where(ENTRIES.c.decision_id == decision_id).order_by(ENTRIES.c.id)
    return [entry_from_row(tuple(row)) for row in connection.execute(query)]


def id_floor(at_ms: int) -> bytes:
    """Return the lowest id that a decision of an instant (Unix milliseconds) can have."""
    return max(0, at_ms).to_bytes(6, "big") + bytes(10)


def _matching(wanted: DecisionFilter) -> Select[tuple[Any, ...]]:
    columns = DECISIONS.c
    query = select(*_COLUMNS)
    for name in ("client", "verdict", "department"):
        value = getattr(wanted, name)
        if value:
            query = query.where(columns[name] == value)
    if wanted.before is not None:
        query = query.where(columns.id < wanted.before)
    if wanted.from_ms is not None:
        query = query.where(columns.id >= id_floor(wanted.from_ms))
    if wanted.until_ms is not None:
        query = query.where(columns.id < id_floor(wanted.until_ms))
    return query


def _reservation(row: tuple[Any, ...]) -> Reservation:
    return reservation_from_row(row[:-2], row[-2:])
