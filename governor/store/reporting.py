"""How clients report: of their latest decisions, how many ended without usage."""

from sqlalchemy import Connection, and_, case, func, or_, select

from governor.core.ledger.reservation import ReservationState
from governor.store.tables import DECISIONS

LATEST = 20_000
"""Decisions that are looked at: enough for a share, and the same cost however many there are."""


def read_reporting(connection: Connection, now_s: int) -> list[tuple[str, int, int]]:
    """Return for each client how many of the latest allowed decisions have ended, and how many of those unreported."""
    latest = (
        select(DECISIONS.c.client, DECISIONS.c.state, DECISIONS.c.expires_at_s)
        .where(DECISIONS.c.verdict == "allow")
        .order_by(DECISIONS.c.id.desc())
        .limit(LATEST)
        .subquery()
    )
    held = latest.c.state == ReservationState.HELD.value
    over = and_(held, latest.c.expires_at_s <= now_s)
    unreported = or_(over, latest.c.state == ReservationState.EXPIRED.value)
    rows = connection.execute(
        select(latest.c.client, func.count(), func.sum(case((unreported, 1), else_=0)))
        .where(or_(~held, over))
        .group_by(latest.c.client)
    )
    return [(str(client), int(ended), int(missing)) for client, ended, missing in rows]
