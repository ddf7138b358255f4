"""Budget periods: half-open intervals of UTC instants, derived from an instant and a calendar.

Nothing is ever reset: the period of an instant is a pure function of the instant and the definition.
A local midnight that does not exist or comes twice is the first instant of that local day; minutes and
hours are UTC.

Every word comes down to one of four cuts: seconds of UTC, whole local days, local months, or no cut at all.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from governor.core.calendar_days import first_instant, local_date, month_day

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SHORTEST_DAY = timedelta(hours=22)
"""Shorter than any local day, also than those that a change of the clocks shortens."""

_INSTANT = timedelta(microseconds=1)


def last_instant(end_s: int) -> datetime:
    """Return the last instant of what ends at a second (Unix)."""
    return datetime.fromtimestamp(end_s, UTC) - _INSTANT


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


_SECONDS = {Every.MINUTE: 60, Every.HOUR: 3600}
_MONTHS = {
    Every.MONTH: 1,
    Every.QUARTER: 3,
    Every.YEAR: 12,
    Every.FISCAL_MONTH: 1,
    Every.FISCAL_QUARTER: 3,
    Every.FISCAL_YEAR: 12,
}
_FISCAL = frozenset({Every.FISCAL_MONTH, Every.FISCAL_QUARTER, Every.FISCAL_YEAR})


@dataclass(frozen=True, slots=True)
class PeriodDefinition:
    """How time is cut into budget periods.

    Attributes:
        every: The word of the period.
        time_zone: IANA name; midnights are local to it.
        anchor_on: First day of the first period for anchored periods (``{every: month, from: 2026-01-31}``); before
            the anchor, periods extend backwards by the same rule. None for plain calendar periods. Minutes, hours,
            fiscal words and lifetimes have no anchor and ignore it.
        days: Length in local days, for ``Every.DAYS`` only, which needs an anchor.
        week_starts: ISO weekday (1 = Monday) on which a week begins.
        fiscal_year_start: Month and day on which the fiscal year begins; where a month lacks the day, its last day.
    """

    every: Every
    time_zone: str = "UTC"
    anchor_on: date | None = None
    days: int = 0
    week_starts: int = 1
    fiscal_year_start: tuple[int, int] = (1, 1)

    def identity(self) -> str:
        """The text that takes part in a budget's identity: equal exactly if the definitions cut time alike.

        A fiscal quarter that begins in April is a calendar quarter, and has its identity. Zones compare by name.
        """
        return _cut(self).identity()


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open interval ``[start_at, end_at)`` of aware UTC instants; ``end_at`` is None for a lifetime."""

    start_at: datetime
    end_at: datetime | None

    def contains(self, at: datetime) -> bool:
        """Tell whether an aware instant lies in the period."""
        return self.start_at <= at and (self.end_at is None or at < self.end_at)


def period_at(definition: PeriodDefinition, at: datetime) -> Period:
    """Return the period that contains an instant.

    Args:
        definition: How time is cut.
        at: An aware instant, in any zone.

    Returns:
        The period with ``start_at <= at`` and ``at < end_at``. A lifetime starts at the Unix epoch and has no end.
    """
    return _cut(definition).period(at.astimezone(UTC))


def next_boundaries(definition: PeriodDefinition, at: datetime, count: int) -> tuple[datetime, ...]:
    """Return the next instants (UTC) after ``at`` at which a period ends and another begins; none for a lifetime."""
    boundaries: list[datetime] = []
    while len(boundaries) < count and (end_at := period_at(definition, at).end_at) is not None:
        boundaries.append(end_at)
        at = end_at
    return tuple(boundaries)


class PeriodClock:
    """``period_at`` of one definition for a hot path: it remembers the last period, most instants lie in it.

    Safe between threads: the only state is one reference.
    """

    __slots__ = ("_last", "definition")

    def __init__(self, definition: PeriodDefinition) -> None:
        self.definition = definition
        self._last: Period | None = None

    def at(self, at: datetime) -> Period:
        """Return the period that contains an aware instant."""
        last = self._last
        if last is not None and last.start_at <= at and (last.end_at is None or at < last.end_at):
            return last
        period = period_at(self.definition, at)
        self._last = period
        return period


class _Cut(Protocol):
    """One of the ways to cut time."""

    def identity(self) -> str: ...

    def period(self, at: datetime) -> Period: ...


@dataclass(frozen=True, slots=True)
class _Lifetime:
    def identity(self) -> str:
        return "once"

    def period(self, at: datetime) -> Period:  # noqa: ARG002 - a lifetime is the same at every instant
        return Period(_EPOCH, None)


@dataclass(frozen=True, slots=True)
class _Seconds:
    step: int

    def identity(self) -> str:
        return f"{self.step} seconds"

    def period(self, at: datetime) -> Period:
        step = timedelta(seconds=self.step)
        start_at = _EPOCH + (at - _EPOCH) // step * step
        return Period(start_at, start_at + step)


@dataclass(frozen=True, slots=True)
class _Days:
    """Periods of ``step`` local days; ``phase`` is the ordinal of any first day, modulo ``step``."""

    step: int
    phase: int
    time_zone: str

    def identity(self) -> str:
        return f"{self.step} days phase {self.phase} {self.time_zone}"

    def index(self, day: date) -> int:
        return (day.toordinal() - self.phase) // self.step

    def first_day(self, index: int) -> date:
        return date.fromordinal(index * self.step + self.phase)

    def period(self, at: datetime) -> Period:
        return _local_period(self, at)


@dataclass(frozen=True, slots=True)
class _Months:
    """Periods of ``step`` local months that begin on ``day``, or on a month's last day where it is shorter."""

    step: int
    phase: int
    day: int
    time_zone: str

    def identity(self) -> str:
        return f"{self.step} months phase {self.phase} day {self.day} {self.time_zone}"

    def index(self, day: date) -> int:
        index = (day.year * 12 + day.month - 1 - self.phase) // self.step
        return index if self.first_day(index) <= day else index - 1

    def first_day(self, index: int) -> date:
        return month_day(index * self.step + self.phase, self.day)

    def period(self, at: datetime) -> Period:
        return _local_period(self, at)


def _local_period(cut: _Days | _Months, at: datetime) -> Period:
    """Find the period of whole local days that contains a UTC instant."""
    index = cut.index(local_date(at, cut.time_zone))
    start_at = first_instant(cut.first_day(index), cut.time_zone)
    end_at = first_instant(cut.first_day(index + 1), cut.time_zone)
    # Clocks set back over midnight show yesterday's date again after today has begun: boundaries decide, not dates.
    # A local day that was skipped is an empty period, and is passed over too.
    while at >= end_at:
        index += 1
        start_at, end_at = end_at, first_instant(cut.first_day(index + 1), cut.time_zone)
    return Period(start_at, end_at)


@lru_cache(maxsize=4096)
def _cut(definition: PeriodDefinition) -> _Cut:
    """Reduce a definition to its cut."""
    every, zone, anchor = definition.every, definition.time_zone, definition.anchor_on
    if every is Every.ONCE:
        return _Lifetime()
    if every in _SECONDS:
        return _Seconds(_SECONDS[every])
    if every in _FISCAL:
        month, day = definition.fiscal_year_start
        return _months(_MONTHS[every], month, day, zone)
    if every in _MONTHS:
        first = anchor or date(2000, 1, 1)
        return _months(_MONTHS[every], first.month, first.day, zone)
    return _whole_days(definition)


def _months(step: int, month: int, day: int, zone: str) -> _Months:
    # Counting months from year 0, only the month within the step tells one cut from another.
    return _Months(step, (month - 1) % step, day, zone)


def _whole_days(definition: PeriodDefinition) -> _Days:
    zone, anchor = definition.time_zone, definition.anchor_on
    if definition.every is Every.DAYS:
        if anchor is None or definition.days < 1:
            raise ValueError("a period of days needs a length of at least 1 and a first day; add `from: 2026-01-01`")
        return _Days(definition.days, anchor.toordinal() % definition.days, zone)
    if definition.every is Every.DAY:
        return _Days(1, 0, zone)
    # Ordinal 1, the first of January of year 1, was a Monday: ISO weekdays are ordinals modulo 7.
    return _Days(7, (anchor.toordinal() if anchor else definition.week_starts) % 7, zone)
