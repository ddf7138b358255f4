"""Grants from the database into the snapshot of a worker, within a second."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from governor.core.grants import Grant, Grants
from governor.services.refresher import Refresher
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.grants import GrantFilter, read_grants


def watch_grants(
    snapshots: Snapshots,
    database: Database,
    now: Callable[[], datetime],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Refresher[list[Grant]]:
    """Let the grants that stand act on one worker; whoever has just issued or revoked one calls ``refresh``.

    Args:
        snapshots: What decides.
        database: Where grants are kept.
        now: The clock.
        pause: Waits for a number of seconds between refreshes.
    """

    def read() -> list[Grant]:
        wanted = GrantFilter(standing_at=now())
        return database.read_now(lambda connection: read_grants(connection, wanted))

    def take(grants: list[Grant]) -> None:
        # Compared whole: a grant that was prolonged is another one under the same id.
        if set(grants) != set(snapshots.current.grants.all):
            snapshots.grant(Grants(grants))

    return Refresher("grants", read, take, pause)
