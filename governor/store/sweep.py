"""Marking expired holds as expired in their rows: tidiness for people who look at the table.

Nothing depends on it: an expiry is derived from the clock wherever it matters. Any number of processes may sweep at
any time.
"""

from sqlalchemy import Connection, select, update

from governor.core.ledger.reservation import ReservationState
from governor.store.decisions import id_floor
from governor.store.tables import DECISIONS


def sweep(connection: Connection, now_s: float, *, after: bytes | None = None, limit: int = 10_000) -> bytes | None:
    """Mark the expired holds among the next decisions.

    Args:
        connection: A transaction that writes.
        now_s: The instant at which a hold is expired or not, Unix seconds.
        after: The last decision of the previous call.
        limit: Decisions to look at in one transaction.

    Returns:
        The last decision that was looked at, or None at the end.
    """
    columns = DECISIONS.c
    start = after if after is not None else id_floor(0)
    page = select(columns.id).where(columns.id > start).order_by(columns.id).limit(limit)
    ids = list(connection.execute(page).scalars())
    if not ids:
        return None
    connection.execute(
        update(DECISIONS)
        .where(
            columns.id > start,
            columns.id <= ids[-1],
            columns.state == ReservationState.HELD.value,
            columns.expires_at_s <= int(now_s),
        )
        .values(state=ReservationState.EXPIRED.value)
    )
    return ids[-1] if len(ids) == limit else None
