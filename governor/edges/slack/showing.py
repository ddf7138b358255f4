"""Keeps what stands in Slack equal to what the database says, within seconds, on whichever worker gets to it first."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from governor.services.slack.outbox import Outbox

LOOK_S = 1.0
"""How often a worker looks whether something is to be shown."""

_log = structlog.get_logger("governor.slack")


class Showing:
    """Shows what is to be shown, again and again.

    Args:
        source: Reads what happened since the last time, and returns how much that was; 0: it has read all.
        outbox: Posts and edits.
        now: The clock.
        pause: Waits for a number of seconds between looks.
    """

    def __init__(
        self,
        source: Callable[[datetime], Awaitable[int]],
        outbox: Outbox,
        now: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._source = source
        self._outbox = outbox
        self._now = now
        self._pause = pause
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, until ``stop``."""
        self._task = asyncio.create_task(self._keep(), name="slack messages")

    async def stop(self) -> None:
        """End; what is not shown yet is shown by another worker, or later."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def once(self) -> None:
        """Read everything that happened, and show everything that waits; a database that fails is tried again later."""
        async with self._one_at_a_time:
            try:
                while await self._source(self._now()):
                    pass
                while await self._outbox.deliver(self._now):
                    pass
            except SQLAlchemyError as error:
                _log.warning("slack_not_shown", problem=type(error).__name__)

    async def _keep(self) -> None:
        while True:
            try:
                await self.once()
            except Exception:  # noqa: BLE001 one defect must not end everything that is shown; the next look goes on
                _log.exception("defect")
            await self._pause(LOOK_S)
