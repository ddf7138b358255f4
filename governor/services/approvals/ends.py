"""When something ends that was given an end, a length, or a last day: ``until`` or ``for``."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from governor.compiler.quantities import QuantityError
from governor.compiler.working_quantities import parse_length
from governor.core.errors import InvalidRequestError


def end_of(until_at: datetime | None, length: str, now: datetime) -> datetime:
    """Return when something ends.

    Raises:
        InvalidRequestError: If it was given both or neither, or the length is not one.
    """
    if (until_at is None) == (not length):
        raise InvalidRequestError("say when it ends: either `until`, or `for`, like `10 days`", field="until")
    if until_at is not None:
        return until_at
    try:
        return now + timedelta(seconds=parse_length(length))
    except QuantityError as error:
        raise InvalidRequestError(f"`for`: {error.message}; {error.hint}".rstrip("; "), field="for") from error


def end_of_day(last_day: date, time_zone: str) -> datetime:
    """Return the first instant after a day in a zone: what is given until the end of a day acts on that day.

    Raises:
        InvalidRequestError: If the calendar has no day after it.
    """
    try:
        following = datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(time_zone))
        return datetime.fromtimestamp(following.timestamp(), UTC)
    except OverflowError:
        raise InvalidRequestError(f"{last_day} is too far away; give an earlier day", field="until") from None


def earlier_end(chosen: datetime | None, ends_at: datetime, time_zone: str) -> datetime | None:
    """Return the end of a day that somebody chose for something that ends already; None if that changes nothing.

    Who chooses has days, and what is asked for may end within its last one: the end of that day is then not longer.

    Args:
        chosen: See ``end_of_day``; None if nothing was chosen.
        ends_at: As it stands.
        time_zone: IANA name.
    """
    return None if chosen is None or _last_day(chosen, time_zone) == _last_day(ends_at, time_zone) else chosen


def _last_day(ends_at: datetime, time_zone: str) -> date:
    return (ends_at - timedelta(microseconds=1)).astimezone(ZoneInfo(time_zone)).date()
