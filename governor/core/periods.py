"""Budget periods: half-open intervals of UTC instants, derived from an instant and a calendar.

Nothing is ever reset: the period of an instant is a pure function of the instant and the definition.
A local midnight that does not exist or comes twice is the first instant of that local day; minutes and
hours are UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Every(StrEnum):
    """The words of a period. ``ONCE`` is a lifetime; ``DAYS`` is a fixed number of days from an anchor."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    FISCAL_MONTH = "fiscal month"
    FISCAL_QUARTER = "fiscal quarter"
    FISCAL_YEAR = "fiscal year"
    DAYS = "days"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class PeriodDefinition:
    """How time is cut into budget periods.

    Attributes:
        every: The word of the period.
        time_zone: IANA name; midnights are local to it.
        anchor_on: First day of the first period for anchored periods (``{every: month, from: 2026-01-31}``); before
            the anchor, periods extend backwards by the same rule. None for plain calendar periods.
        days: Length in local days, for ``Every.DAYS`` only, which needs an anchor.
        week_starts: ISO weekday (1 = Monday) on which a week begins.
        fiscal_year_start: Month and day on which the fiscal year begins.
    """

    every: Every
    time_zone: str = "UTC"
    anchor_on: date | None = None
    days: int = 0
    week_starts: int = 1
    fiscal_year_start: tuple[int, int] = (1, 1)

    def identity(self) -> str:
        """The text that takes part in a budget's identity: equal exactly if the definitions cut time alike."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open interval ``[start_at, end_at)`` of aware UTC instants; ``end_at`` is None for a lifetime."""

    start_at: datetime
    end_at: datetime | None


def period_at(definition: PeriodDefinition, at: datetime) -> Period:
    """Return the period that contains an instant.

    Args:
        definition: How time is cut.
        at: An aware instant, in any zone.

    Returns:
        The period with ``start_at <= at`` and ``at < end_at``. A lifetime starts at the Unix epoch and has no end.
    """
    raise NotImplementedError
