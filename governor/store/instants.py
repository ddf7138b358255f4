"""Instants as columns hold them: Unix milliseconds."""

from datetime import UTC, datetime
from typing import overload


@overload
def to_ms(at: datetime) -> int: ...
@overload
def to_ms(at: datetime | None) -> int | None: ...
def to_ms(at: datetime | None) -> int | None:
    """Return the Unix milliseconds of an aware instant, cut and not rounded; None for none."""
    return int(at.timestamp() * 1000) if at is not None else None


@overload
def from_ms(at_ms: int) -> datetime: ...
@overload
def from_ms(at_ms: int | None) -> datetime | None: ...
def from_ms(at_ms: int | None) -> datetime | None:
    """Return the instant of Unix milliseconds, in UTC; None for none."""
    return datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms is not None else None
