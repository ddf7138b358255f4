"""Hours in which nobody is told what can wait."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from governor.core.calendar_days import first_instant, local_date


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From a time of the day until another one, in the organisation's zone; over midnight if it ends earlier."""

    from_: time
    until: time

    def __str__(self) -> str:
        return f"{self.from_:%H:%M}-{self.until:%H:%M}"

    def contains(self, local: time) -> bool:
        """Tell whether a local time is quiet."""
        if self.from_ <= self.until:
            return self.from_ <= local < self.until
        return local >= self.from_ or local < self.until


def due_at(at: datetime, quiet: QuietHours | None, time_zone: str) -> datetime:
    """Return when something goes out that is known at an instant: at once, or when the quiet hours end."""
    if quiet is None:
        return at
    local = at.astimezone(ZoneInfo(time_zone))
    if not quiet.contains(local.time()):
        return at
    day = local_date(at, time_zone)
    if local.time() >= quiet.until:
        day += timedelta(days=1)
    return local_instant(day_start=first_instant(day, time_zone), at=quiet.until, time_zone=time_zone)


def local_instant(day_start: datetime, at: time, time_zone: str) -> datetime:
    """Return the instant at which a zone's clock shows a time on the day that begins at an instant.

    A time that a day skips is the first instant after the gap; one that comes twice is the first of the two.
    """
    zone = ZoneInfo(time_zone)
    wall = datetime.combine(day_start.astimezone(zone).date(), at, tzinfo=zone)
    found = wall.astimezone(day_start.tzinfo)
    if found.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return found
    return wall.replace(fold=1).astimezone(day_start.tzinfo)
