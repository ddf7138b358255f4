"""When people work, and lengths of time counted in it: ``4 working hours`` end on the next working day, if need be.

A working day counts as long as the organisation's working hours last: one working day from Friday 14:00 on ends on
Monday 14:00, and one from Saturday on ends when Monday's work does.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from governor.core.calendar_days import local_date

_DAY = timedelta(days=1)
MONDAY_TO_FRIDAY = frozenset(range(1, 6))


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """The organisation's working hours.

    Attributes:
        time_zone: IANA name of the zone that the hours are in.
        days: ISO weekdays, 1 is Monday; at least one.
        from_minute: First minute of the working day, from midnight.
        until_minute: First minute after it; later than ``from_minute``.
        holidays: Days on which nobody works.
    """

    time_zone: str = "UTC"
    days: frozenset[int] = MONDAY_TO_FRIDAY
    from_minute: int = 9 * 60
    until_minute: int = 18 * 60
    holidays: frozenset[date] = frozenset()

    @property
    def day_s(self) -> int:
        """How long a working day lasts, in seconds."""
        return (self.until_minute - self.from_minute) * 60

    def after(self, at: datetime, seconds: int) -> datetime:
        """Return the instant (UTC) at which so many seconds of working time have passed since an aware instant."""
        day = local_date(at, self.time_zone)
        at = at.astimezone(UTC)
        left = timedelta(seconds=seconds)
        while True:
            if day.isoweekday() in self.days and day not in self.holidays:
                start, end = self._instant(day, self.from_minute), self._instant(day, self.until_minute)
                at = max(at, start)
                if at + left <= end:
                    return at + left
                left -= max(end - at, timedelta())
            day += _DAY

    def _instant(self, day: date, minute: int) -> datetime:
        local = datetime.combine(day, time(), ZoneInfo(self.time_zone)) + timedelta(minutes=minute)
        return local.astimezone(UTC)


class Clock(StrEnum):
    """By what a length of time is counted."""

    WALL = "wall"
    WORKING = "working"
    WORKING_DAYS = "working_days"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: seconds of the wall clock or of working time, or a number of working days."""

    amount: int
    clock: Clock = Clock.WALL

    def after(self, at: datetime, working: WorkingTime) -> datetime:
        """Return when it has passed since an aware instant."""
        match self.clock:
            case Clock.WALL:
                return at + timedelta(seconds=self.amount)
            case Clock.WORKING:
                return working.after(at, self.amount)
            case Clock.WORKING_DAYS:
                return working.after(at, self.amount * working.day_s)
