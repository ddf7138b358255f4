"""What was counted of the use before a budget, and the calls that are still open."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, literal_column, select, update

from governor.core.ledger.adjustments import ADJUSTMENTS_SOURCE
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.entry import EntryKind
from governor.core.ledger.reservation import Reservation, ReservationState
from governor.store.chains import budgets_by_digest
from governor.store.decisions import id_floor
from governor.store.dialects import insert_into
from governor.store.ledger.rows import reservation_from_row
from governor.store.records import decode_entry
from governor.store.tables import DECISIONS, ENTRIES, EXISTING_COUNTS

PREFIX = "existing "
"""How the ids of such entries begin: the budget's digest and a number follow, so that each is posted once."""


@dataclass(slots=True)
class Counted:
    """What was posted on one budget so far, in how many entries."""

    entries: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """Since when a quota's budgets decide, and when what was used before was last counted; Unix milliseconds."""

    since_ms: int
    counted_ms: int


def event_id_of(digest: bytes, number: int) -> str:
    """Return the id of the ``number``-th entry of a budget, from 1."""
    return f"{PREFIX}{digest.hex()} {number}"


def read_counted(connection: Connection, from_ms: int) -> dict[bytes, Counted]:
    """Return what was posted since an instant (Unix milliseconds), by budget."""
    # A constant of ours, written into the text so that the planner may use the partial index.
    kind: ColumnElement[str] = literal_column(f"'{EntryKind.ADJUSTMENT.value}'")
    query = select(ENTRIES.c.record).where(
        ENTRIES.c.kind == kind,
        ENTRIES.c.id >= id_floor(from_ms),
        ENTRIES.c.source == ADJUSTMENTS_SOURCE,
        ENTRIES.c.event_id.startswith(PREFIX),
    )
    counted: dict[bytes, Counted] = {}
    for (record,) in connection.execute(query):
        for charge in decode_entry(record).charges:
            found = counted.setdefault(charge.budget, Counted())
            found.entries += 1
            found.amount += charge.amount
    return counted


@dataclass(frozen=True, slots=True)
class OpenDecisions:
    """Decisions that still hold something, and the budgets on which they do."""

    reservations: tuple[Reservation, ...]
    budgets: Mapping[bytes, BudgetKey]


def read_open_decisions(connection: Connection, from_ms: int, now_s: float) -> OpenDecisions:
    """Return the decisions since an instant (Unix milliseconds) whose hold has not ended."""
    columns = DECISIONS.c
    query = select(columns.id, columns.client, columns.at_ms, columns.state, columns.expires_at_s, columns.record)
    query = query.where(
        columns.id >= id_floor(from_ms),
        columns.state == ReservationState.HELD.value,
        columns.expires_at_s > int(now_s),
    )
    found = tuple(reservation_from_row(tuple(row), (b"", b"")) for row in connection.execute(query))
    digests = {held.budget for reservation in found for held in reservation.holds}
    return OpenDecisions(found, budgets_by_digest(connection, digests))


def read_counts(connection: Connection, identities: Collection[bytes]) -> dict[bytes, Count]:
    """Return what is known of some identities."""
    table = EXISTING_COUNTS.c
    rows = connection.execute(select(EXISTING_COUNTS).where(table.identity.in_(identities)))
    return {bytes(row.identity): Count(row.since_ms, row.counted_ms) for row in rows}


def write_counts(connection: Connection, counts: Mapping[bytes, Count]) -> None:
    """Remember that some quotas began, and that what was used before them has been counted."""
    insert = insert_into(connection, EXISTING_COUNTS)
    values = {"since_ms": insert.excluded.since_ms, "counted_ms": insert.excluded.counted_ms}
    rows = [
        {"identity": identity, "since_ms": count.since_ms, "counted_ms": count.counted_ms}
        for identity, count in sorted(counts.items())
    ]
    connection.execute(insert.on_conflict_do_update(index_elements=["identity"], set_=values), rows)


def write_counted(connection: Connection, identities: Collection[bytes], now_ms: int) -> None:
    """Remember that what was used before some quotas has just been counted."""
    table = EXISTING_COUNTS
    connection.execute(update(table).where(table.c.identity.in_(identities)).values(counted_ms=now_ms))
