"""Work that is done after Slack was answered: Slack waits three seconds, a database may take longer."""

import asyncio
from collections.abc import Coroutine
from typing import Any

FINISH_S = 10.0
"""How long a stopping server waits for what it began."""


class Later:
    """Keeps tasks until they are done."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin some work; it says itself what goes wrong."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Finish what was begun, and give up on what takes too long."""
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=FINISH_S)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
