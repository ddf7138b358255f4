"""Instants as test suites write them: ``2026-11-20T09:00:00Z``."""

from datetime import UTC, datetime

from msgspec import UnsetType

from governor.compiler.build.reader import Reader
from governor.compiler.source import Path

YEARS = (1970, 2200)
"""The first and the last year of an instant."""


def read_instant(text: str | UnsetType, path: Path, reader: Reader) -> datetime | None:
    """Read an instant that may be absent; a problem and None if it is none."""
    if isinstance(text, UnsetType):
        return None
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        at = None
    if at is None or not YEARS[0] <= at.year <= YEARS[1]:
        message = f"`{text[:40]}` is not an instant"
        reader.add("wrong-date", message, path, hint="write it like 2026-11-20T09:00:00Z")
        return None
    return at
