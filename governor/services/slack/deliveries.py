"""Each act of somebody in Slack is done once, however often it is delivered and to whichever worker."""

import hashlib
from datetime import datetime, timedelta

from governor.store.database import Database
from governor.store.slack_deliveries import claim_delivery

REMEMBERED = timedelta(days=1)
"""How long an act is remembered; Slack gives up delivering one after an hour."""


async def first_time(database: Database, delivery: str, now: datetime) -> bool:
    """Remember an act, and tell whether it was not known before.

    Args:
        database: Where acts are remembered, for all workers.
        delivery: What every delivery of the act has in common.
        now: The present instant.
    """
    key = hashlib.sha256(delivery.encode()).digest()[:16]
    now_ms = int(now.timestamp() * 1000)
    forget_ms = int((now - REMEMBERED).timestamp() * 1000)
    return await database.write(lambda connection: claim_delivery(connection, key, now_ms, forget_ms))
