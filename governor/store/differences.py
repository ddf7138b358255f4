"""What verification finds, and how it reads: as a stream, and whatever became of the rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Select

S = TypeVar("S")
T = TypeVar("T")

READ_AT_A_TIME = 2_000
"""Rows of a stream that are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the tables say and the records do not.

    Attributes:
        what: ``used``, ``held``, a sum of ``usage_hourly``, a column that repeats what a record says, or what has lost
            its counterpart: ``claim``, ``decision``, ``entry``.
        key: Whose it is: a digest or an id in hex, the dimensions of an hour, an event's id.
        stored: What the table says.
        recomputed: What the records come to.
    """

    what: str
    key: str
    stored: str
    recomputed: str


def stream(connection: Connection, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query without having all of them in memory."""
    options = {"stream_results": True, "yield_per": READ_AT_A_TIME}
    # Closed when the reader stops early, so that no cursor stays open on the server.
    with connection.execute(query, execution_options=options) as rows:
        for row in rows:
            yield tuple(row)


def readable(decode: Callable[[S], T], stored: S) -> T | None:
    """Return what something stored says, or None if it is damaged."""
    try:
        return decode(stored)
    except (msgspec.MsgspecError, ValueError):
        return None
