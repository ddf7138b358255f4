"""Acts in Slack that were begun, so that a second delivery of one is told from a second act."""

from sqlalchemy import Connection, delete

from governor.store.dialects import insert_into
from governor.store.tables import SLACK_DELIVERIES


def claim_delivery(connection: Connection, key: bytes, now_ms: int, forget_ms: int) -> bool:
    """Remember an act and tell whether it is new; those from before ``forget_ms`` are forgotten."""
    connection.execute(delete(SLACK_DELIVERIES).where(SLACK_DELIVERIES.c.at_ms < forget_ms))
    claim = insert_into(connection, SLACK_DELIVERIES).values(key=key, at_ms=now_ms).on_conflict_do_nothing()
    return connection.execute(claim.returning(SLACK_DELIVERIES.c.key)).first() is not None
