"""Blocks from the database into the snapshot of a worker, within a second."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from governor.core.decisions.blocks import Block, Blocks
from governor.services.refresher import Refresher
from governor.services.snapshots import Snapshots
from governor.store.blocks import BlockFilter, read_blocks
from governor.store.database import Database


def watch_blocks(
    snapshots: Snapshots,
    database: Database,
    now: Callable[[], datetime],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Refresher[list[Block]]:
    """Let the blocks in force act on one worker; whoever has just placed or lifted one calls ``refresh``.

    Args:
        snapshots: What decides.
        database: Where blocks are kept.
        now: The clock.
        pause: Waits for a number of seconds between refreshes.
    """

    def read() -> list[Block]:
        wanted = BlockFilter(in_force_at=now())
        return database.read_now(lambda connection: read_blocks(connection, wanted))

    def take(blocks: list[Block]) -> None:
        if {block.id for block in blocks} != snapshots.current.blocks.ids:
            snapshots.block(Blocks(blocks))

    return Refresher("blocks", read, take, pause)
