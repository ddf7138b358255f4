"""The ring of request keys: three tables, one a day, so that old keys are dropped with their table.

A key is looked up in today's and yesterday's table, and stale rows are ignored wherever they are. Around midnight two
workers may disagree which day it is: a new key is then claimed in both tables, always in the same order of days, so
that exactly one of the workers gets it.
"""

from dataclasses import dataclass

from governor.store.tables import RING_DAYS

DAY_S = 24 * 3600
MIDNIGHT_S = 15 * 60
"""How far from midnight keys are claimed in both tables: far more than clocks of ready workers differ, plus the
longest transaction."""

EMPTYING_S = 2 * 3600
"""How far from midnight a table may be emptied."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Which tables of the ring are used at an instant, by index.

    Attributes:
        looked_up: Where a remembered key may be.
        claimed: Where a new key is written, in this order.
        emptied: Which table holds nothing that is remembered, or None near midnight.
    """

    looked_up: tuple[int, ...]
    claimed: tuple[int, ...]
    emptied: int | None


def ring_at(now_s: float) -> Ring:
    """Return the tables of an instant, Unix seconds."""
    day, second = divmod(int(now_s), DAY_S)
    yesterday, today, tomorrow = ((day + step) % RING_DAYS for step in (-1, 0, 1))
    if second < MIDNIGHT_S:
        return Ring((yesterday, today), (yesterday, today), None)
    if second >= DAY_S - MIDNIGHT_S:
        return Ring((yesterday, today), (today, tomorrow), None)
    emptied = tomorrow if EMPTYING_S <= second < DAY_S - EMPTYING_S else None
    return Ring((yesterday, today), (today,), emptied)
