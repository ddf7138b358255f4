"""One message a second in a conversation: Slack drops what comes faster."""

from collections.abc import Awaitable, Callable

APART_S = 1.0
"""How far apart two messages in one conversation are sent."""

REMEMBERED = 1_000
"""Conversations whose last turn is remembered; past it those whose turn is over are forgotten."""


class Pace:
    """Gives out turns.

    Args:
        time_s: A clock that never goes back, in seconds.
        pause: Waits for a number of seconds.
    """

    def __init__(self, time_s: Callable[[], float], pause: Callable[[float], Awaitable[None]]) -> None:
        self._time_s = time_s
        self._pause = pause
        self._free_at_s: dict[str, float] = {}

    async def turn(self, channel: str) -> None:
        """Wait until a message may be sent to a conversation; whoever asks later gets a later turn."""
        now_s = self._time_s()
        if len(self._free_at_s) >= REMEMBERED:
            self._free_at_s = {name: free_s for name, free_s in self._free_at_s.items() if free_s > now_s}
        turn_s = max(now_s, self._free_at_s.get(channel, now_s))
        self._free_at_s[channel] = turn_s + APART_S
        if turn_s > now_s:
            await self._pause(turn_s - now_s)
