"""Where time comes from. Read once per call, at the door; everything below is told ``now``."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. The system's clock in production; one that ticks from a chosen instant in trials and tests."""

    def time(self) -> float:
        """Return the Unix time in seconds."""
        ...

    def now(self) -> datetime:
        """Return the instant, aware, UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def time(self) -> float:
        """Return the Unix time in seconds."""
        return time.time()

    def now(self) -> datetime:
        """Return the instant, aware, UTC."""
        return datetime.now(UTC)


class TickingClock:
    """Starts at a chosen instant and ticks from there at the speed of real time (``GOVERNOR_CLOCK``).

    Args:
        start_at: The instant at which it starts, aware.
        monotonic: Seconds that only grow; given in tests.
    """

    def __init__(self, start_at: datetime, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._start_s = start_at.timestamp()
        self._monotonic = monotonic
        self._began_s = monotonic()

    def time(self) -> float:
        """Return the Unix time in seconds."""
        return self._start_s + self._monotonic() - self._began_s

    def now(self) -> datetime:
        """Return the instant, aware, UTC."""
        return datetime.fromtimestamp(self.time(), UTC)


def clock_from(start_at: datetime | None) -> Clock:
    """Return a clock that ticks from an instant, or the system's clock for None."""
    return SystemClock() if start_at is None else TickingClock(start_at)
