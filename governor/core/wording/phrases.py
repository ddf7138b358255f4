"""Small pieces of English: lists, durations, dates, percentages."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from governor.core.decisions.messages import MONTHS

_DURATIONS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def listed(names: Iterable[str], last: str = "and") -> str:
    """Join names: ``"a"``, ``"a and b"``, ``"a, b and c"``."""
    *others, end = tuple(names) or ("nothing",)
    return f"{', '.join(others)} {last} {end}" if others else end


def counted(number: int, one: str, many: str = "") -> str:
    """Count things: ``"1 person"``, ``"14 people"``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def tokens_words(number: int) -> str:
    """Render a number of tokens: ``"32,000 tokens"``."""
    return counted(number, "token")


def duration_words(seconds: int) -> str:
    """Render a duration in the largest unit that it is a whole number of: ``"10 minutes"``."""
    for size, name in _DURATIONS:
        if seconds % size == 0 and seconds >= size:
            return counted(seconds // size, name)
    return counted(seconds, "second")


def date_words(day: date) -> str:
    """Render a date: ``"31 March 2027"``."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def begin_words(at: datetime, time_zone: str = "UTC") -> str:
    """Render an instant at which something begins: a date where it is the first instant of a local day."""
    if at.year <= 1:
        return "the beginning"
    local = at.astimezone(ZoneInfo(time_zone))
    if local.hour == local.minute == local.second == 0:
        return date_words(local.date())
    return f"{date_words(local.date())} {local:%H:%M} {local.tzname()}"


def last_day_words(until_at: datetime, time_zone: str = "UTC") -> str:
    """Render the last day before an instant at which something is over."""
    return date_words((until_at.astimezone(UTC) - timedelta(microseconds=1)).astimezone(ZoneInfo(time_zone)).date())


def capitalised(text: str) -> str:
    """Begin a sentence; addresses and ids keep their own spelling."""
    first, _, _ = text.partition(" ")
    return text if "@" in first or "/" in first else text[:1].upper() + text[1:]


def possessive(name: str) -> str:
    """Say whose: ``"Marketing's"``, ``"Sales'"``."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"
