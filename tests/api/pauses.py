"""Time for what a server does again and again: it passes only when a test says so."""

import asyncio


class Pauses:
    """The pauses of one worker's refresher: they end when a test lets time pass, and not before."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._due_s = 0.0
        self._over = asyncio.Event()
        self._paused = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        """Pause until enough time was let pass."""
        self._due_s = self.now_s + seconds
        self._over.clear()
        self._paused.set()
        await self._over.wait()

    async def pass_until(self, instant_s: float) -> None:
        """Let time pass; the refresher does in the order of time all that it does until then."""
        await self._paused.wait()
        while self._due_s <= instant_s:
            self.now_s = self._due_s
            self._paused.clear()
            self._over.set()
            await self._paused.wait()
        self.now_s = instant_s
