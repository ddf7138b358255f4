"""Reading something again and again, so that a change of the database reaches every worker within a second."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

T = TypeVar("T")

REFRESH_S = 0.4
"""How long a worker waits before it reads again: one reading may fail within the second that a change may take."""

_log = structlog.get_logger("governor.refresh")


class Refresher(Generic[T]):
    """Keeps what a worker knows equal to what the database says.

    Args:
        name: What is kept, for logs.
        read: Reads the database; called in a thread of its own.
        take: Makes what was read count; called in the event loop.
        pause: Waits some seconds.
        every_s: How long between readings.
        on_stop: Called when it stops: ends a reading that takes long.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], T],
        take: Callable[[T], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        every_s: float = REFRESH_S,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self._name = name
        self._read = read
        self._take = take
        self._pause = pause
        self._every_s = every_s
        self._on_stop = on_stop
        # A thread of its own: slow searches may keep all shared ones busy, and what stops somebody cannot wait.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read, and go on reading until ``stop``."""
        await self.refresh()
        self._task = asyncio.create_task(self._keep_fresh(), name=f"{self._name} refresher")

    async def stop(self) -> None:
        """Stop reading."""
        if self._on_stop is not None:
            self._on_stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        # A reading that has begun ends first: it would lose its connection under it.
        await asyncio.to_thread(self._thread.shutdown)

    async def refresh(self) -> None:
        """Read now, and let what was read count."""
        self._take(await asyncio.get_running_loop().run_in_executor(self._thread, self._read))

    async def _keep_fresh(self) -> None:
        while True:
            await self._pause(self._every_s)
            try:
                await self.refresh()
            except SQLAlchemyError as error:
                # What is known so far goes on counting: with the database away nothing can be spent anyway.
                _log.warning("not_refreshed", what=self._name, problem=str(error))
