"""Forget what was said in Slack long ago: the messages stay there, and what they were about stays in the audit."""

from datetime import datetime, timedelta

from governor.store.database import Database
from governor.store.slack_messages import forget_messages

KEPT = timedelta(days=400)
"""Longer than any grant lasts, and than anybody clicks on an old card."""


async def forget_old_messages(database: Database, now: datetime) -> int:
    """Forget messages that stand as they should and are older than a year; return how many."""
    before_ms = int((now - KEPT).timestamp() * 1000)
    return await database.write(lambda connection: forget_messages(connection, before_ms))
