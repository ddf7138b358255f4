"""Local days and hours: what a zone's clock shows at an instant, and the first instant of a date."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_SECOND = timedelta(seconds=1)
_HOUR_S = 3600


def local_date(at: datetime, time_zone: str) -> date:
    """Return the date that a zone (IANA name) shows at an aware instant."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def hour_start_s(at: datetime, time_zone: str) -> int:
    """Return where the hour of a zone's clock began that contains an aware instant, in Unix seconds.

    An hour of the zone lies within one of its days, also where its offset is not a whole number of hours.
    """
    at_s = int(at.timestamp())
    offset = at.astimezone(ZoneInfo(time_zone)).utcoffset() or timedelta()
    return at_s - (at_s + int(offset.total_seconds())) % _HOUR_S


def month_day(month_index: int, day: int) -> date:
    """Return a day of the month ``year * 12 + month - 1``, or the month's last day where it is shorter."""
    year, month = divmod(month_index, 12)
    month += 1
    return date(year, month, day if day <= 28 else min(day, monthrange(year, month)[1]))


@lru_cache(maxsize=16_384)
def first_instant(day: date, time_zone: str) -> datetime:
    """Return the first instant (UTC) at which a zone shows a date, or a later one where it skipped the date.

    That is local midnight where it exists once, the earlier one where it comes twice, and the instant at which clocks
    were set forward where it does not exist.
    """
    zone = ZoneInfo(time_zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    first = midnight.astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return first
    # In a gap, reading midnight by the offset before it gives an instant after the gap; by the one after, before it.
    return _first_showing(day, midnight.replace(fold=1).astimezone(UTC), first, zone)


def _first_showing(day: date, before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Search the first whole second in ``(before, after]`` that shows ``day`` or later."""
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(zone).date() >= day:
            after = middle
        else:
            before = middle
    return after
