"""One message a second in a conversation: Slack drops what comes faster."""

from collections.abc import Awaitable, Callable

APART_S = 1.0
"""How far apart two messages in one conversation are sent."""

REMEMBERED = 1_000
"""Conversations whose last turn is remembered; past it those whose turn is over are forgotten."""

Turns = Callable[[str, float], Awaitable[float]]
"""Given a conversation and what time it is, returns when a message may be sent there; the next asked is given a later
turn. Times are Unix seconds."""


class OwnTurns:
    """The turns of one process that nobody else posts beside."""

    def __init__(self) -> None:
        self._free_at_s: dict[str, float] = {}

    async def __call__(self, channel: str, now_s: float) -> float:
        """Return the next turn."""
        if len(self._free_at_s) >= REMEMBERED:
            self._free_at_s = {name: free_s for name, free_s in self._free_at_s.items() if free_s > now_s}
        turn_s = max(now_s, self._free_at_s.get(channel, now_s))
        self._free_at_s[channel] = turn_s + APART_S
        return turn_s


class Pace:
    """Waits for turns.

    Args:
        turns: Gives them out.
        time_s: The wall clock, Unix seconds.
        pause: Waits for a number of seconds.
    """

    def __init__(self, turns: Turns, time_s: Callable[[], float], pause: Callable[[float], Awaitable[None]]) -> None:
        self._turns = turns
        self._time_s = time_s
        self._pause = pause

    async def turn(self, channel: str) -> None:
        """Wait until a message may be sent to a conversation; whoever asks later gets a later turn."""
        now_s = self._time_s()
        turn_s = await self._turns(channel, now_s)
        if turn_s > now_s:
            await self._pause(turn_s - now_s)
