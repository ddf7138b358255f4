"""Blocks from the database into the snapshot of a worker, within a second."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from governor.core.decisions.blocks import Block, Blocks
from governor.services.refresher import Refresher
from governor.services.snapshots import Snapshots
from governor.store.blocks import BlockFilter, read_blocks
from governor.store.database import Database


class BlockWatcher:
    """Lets the blocks in force act on one worker, refreshed more than twice a second.

    Args:
        snapshots: What decides.
        database: Where blocks are kept.
        now: The clock.
        pause: Waits for a number of seconds between refreshes.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        database: Database,
        now: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._snapshots = snapshots
        self._database = database
        self._now = now
        self._refresher = Refresher("blocks", self._read, self._take, pause)

    async def start(self) -> None:
        """Read the blocks and keep them fresh until ``stop``."""
        await self._refresher.start()

    async def stop(self) -> None:
        """Stop refreshing."""
        await self._refresher.stop()

    async def refresh(self) -> None:
        """Let what is in force now act at once: for whoever has just placed or lifted a block."""
        await self._refresher.refresh()

    def _read(self) -> list[Block]:
        wanted = BlockFilter(in_force_at=self._now())
        return self._database.read_now(lambda connection: read_blocks(connection, wanted))

    def _take(self, blocks: list[Block]) -> None:
        if {block.id for block in blocks} != self._snapshots.current.blocks.ids:
            self._snapshots.block(Blocks(blocks))
