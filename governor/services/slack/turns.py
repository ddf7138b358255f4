"""Turns in Slack's conversations that all workers share."""

from sqlalchemy import Connection

from governor.clients.slack.pace import APART_S
from governor.store.database import Database
from governor.store.slack_messages import lock_cursor, move_cursor

BACKLOG_S_MAX = 600.0
"""A turn further ahead than any backlog is one that a clock put there which has since been set back."""


class SharedTurns:
    """Gives out turns from the database: a message a second in a conversation, whichever worker posts it.

    Args:
        database: That of all workers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, channel: str, now_s: float) -> float:
        """Return the next turn in a conversation, in Unix seconds."""
        return await self._database.write(lambda connection: _take(connection, f"turn:{channel}", now_s))


def _take(connection: Connection, name: str, now_s: float) -> float:
    free_at_s = float(lock_cursor(connection, name) or 0)
    turn_s = free_at_s if now_s < free_at_s <= now_s + BACKLOG_S_MAX else now_s
    move_cursor(connection, name, f"{turn_s + APART_S:.3f}".encode())
    return turn_s
