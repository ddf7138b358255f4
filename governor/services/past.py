"""What a replay of recorded decisions begins with, and what happened beside them.

Both versions begin with what had been used and was held at the first instant. What was posted later without a decision
of the span (adjustments, reports on requests that were decided before, use that nobody had asked for) is posted again.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from governor.core.ledger.past import Past, Posted
from governor.store.decisions import id_floor
from governor.store.instants import to_ms
from governor.store.past_balances import read_open_holds, read_posted, read_used

PAGE = 500
"""Entries that are in memory at a time."""

Read = Callable[[Callable[[Connection], Any]], Any]


def recorded_past(read: Read, since: datetime, until: datetime | None) -> Past:
    """Read what a replay from an instant on begins with; memory follows from the budgets of that time.

    Args:
        read: Runs a function on a connection of the database.
        since: The instant.
        until: First instant that is too late, or None.
    """
    since_ms, until_ms = to_ms(since), to_ms(until) if until is not None else None
    # In one reading: both follow from one state of the records.
    used, held = read(lambda connection: (read_used(connection, since_ms), read_open_holds(connection, since_ms)))
    return Past(used, held, _posted(read, since_ms, until_ms))


def _posted(read: Read, since_ms: int, until_ms: int | None) -> Iterator[Posted]:
    last: bytes | None = id_floor(since_ms)
    while last is not None:
        page = read(partial(read_posted, from_ms=since_ms, until_ms=until_ms, after=last, limit=PAGE))
        yield from page.posted
        last = page.last
