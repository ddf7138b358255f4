"""What is usual for people, teams and departments at an instant, and what is outside of it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from governor.core.alerts.unusual import FLOOR, LIMIT_SHARE, LOUD_NANO_USD, Expected, burst_bound, expected
from governor.core.calendar_days import first_instant, hour_start_s, local_date
from governor.core.money import decimal_text
from governor.core.units import Unit, amount_words
from governor.services.alerts.bursts import HISTORY
from governor.services.alerts.tightest_limit import TightestLimit
from governor.store.spend import read_busiest
from governor.store.usage_sums import read_costs_by_hour, read_hour_costs

NEW_FOR = timedelta(days=14)
"""Who has been seen for longer has a past of his own, however rarely he spends."""

HOUR_S = 3600
CENT = 10_000_000
"""Nano-USD."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a series is outside of.

    Attributes:
        amount: What it spent, in nano-USD.
        when: In which time, in words.
        reason: What is usual, in words.
        numbers: The same in numbers.
    """

    amount: int
    when: str
    reason: str
    numbers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Past:
    """What the past of a series makes one expect of an hour like this and a day like today; when it was first seen."""

    hour: Expected | None
    day: Expected | None
    first_s: int


class Usual:
    """What is usual in one hour: from the past of a series, or if it is too new for that from the others of its level.

    What the past says stays as it is for the hour, and is read once.

    Args:
        now: An instant of the hour.
        zone: The organisation's time zone: its hours and days.
    """

    def __init__(self, now: datetime, zone: str) -> None:
        self.hour = (hour_start_s(now, zone), zone)
        self._hour_s, self._zone = self.hour
        self._midnight_s = int(first_instant(local_date(now, zone), zone).timestamp())
        self._since_s = int((now - HISTORY).timestamp())
        self._new_since_s = int((now - NEW_FOR).timestamp())
        self._alike_s = list(_hours_alike(self._hour_s, self._since_s, zone))
        self._pasts: dict[tuple[str, str], _Past] = {}
        self._peers: dict[str, Expected | None] = {}
        self._busiest: dict[str, Mapping[str, int]] = {}

    def findings(
        self,
        connection: Connection,
        level: str,
        last_five: Mapping[str, int],
        limit_of: Callable[[str], TightestLimit | None],
        *,
        learned: bool,
    ) -> dict[str, Finding]:
        """Compare series of a level with what is usual, or where nothing is known of it with their limits.

        Args:
            connection: A reading connection.
            level: Whose they are.
            last_five: What each spent in the last five minutes.
            limit_of: Returns what one may spend at most, or None.
            learned: Whether the bursts of the past are known.
        """
        new = [name for name in last_five if (level, name) not in self._pasts]
        past = {name: self._past(hours) for name, hours in self._hours(connection, self._since_s, level, new).items()}
        self._pasts |= {(level, name): one for name, one in past.items() if one.hour is not None}
        if learned and level not in self._busiest:
            # Those of today are left out: what began at the end of an hour is not usual in the next one.
            hours_s = [hour_s for hour_s in self._alike_s if hour_s < self._midnight_s]
            self._busiest[level] = read_busiest(connection, hours_s, level)
        found = {}
        for name, spent in self._hours(connection, self._midnight_s, level, last_five).items():
            one = past.get(name) or self._pasts[level, name]
            is_new = one.hour is None and one.first_s >= self._new_since_s
            hour = self._of_peers(connection, level) if is_new else one.hour
            so_far = spent.get(self._hour_s, 0)
            if hour is not None:
                finding = self._of_hour(level, name, hour, (so_far, last_five[name]), is_new=is_new)
            else:
                finding = _past_limit(so_far, limit_of(name)) if so_far > FLOOR["hour"] else None
            finding = finding or _passed("day", sum(spent.values()), one.day, "a day")
            if finding is not None:
                found[name] = finding
        return found

    def _of_hour(
        self, level: str, name: str, hour: Expected, spent: tuple[int, int], *, is_new: bool
    ) -> Finding | None:
        """Judge what was spent in this hour, and in the last five minutes."""
        whose = f"an hour of any other {level}" if is_new else "an hour"
        so_far, last_five = spent
        busiest = self._busiest_five(level, "" if is_new else name)
        return _passed("hour", so_far, hour, whose) or _burst(last_five, hour, busiest, whose)

    def _hours(
        self, connection: Connection, since_s: int, level: str, names: Collection[str]
    ) -> dict[str, dict[int, int]]:
        return read_costs_by_hour(connection, since_s, level, names) if names else {}

    def _past(self, spent: Mapping[int, int]) -> _Past:
        past = {hour_s: cost for hour_s, cost in spent.items() if hour_s < self._hour_s}
        first_s = min(past, default=self._hour_s)
        hour = expected([past.get(hour_s, 0) for hour_s in self._alike_s if hour_s >= first_s], "hour")
        return _Past(hour, expected(self._alike_days(past, first_s), "day"), first_s)

    def _of_peers(self, connection: Connection, level: str) -> Expected | None:
        """Return what an hour of somebody comes to, or None where too little is known of anybody."""
        if level not in self._peers:
            self._peers[level] = expected(read_hour_costs(connection, self._alike_s, level), "hour")
        return self._peers[level]

    def _busiest_five(self, level: str, name: str) -> int | None:
        """Return the busiest five minutes that somebody (``""``: anybody) had in hours like this one; None: not known.

        What is quiet was not kept.
        """
        if level not in self._busiest:
            return None
        of = self._busiest[level]
        return max(LOUD_NANO_USD, of.get(name, 0) if name else max(of.values(), default=0))

    def _alike_days(self, past: Mapping[int, int], first_s: int) -> list[int]:
        """Return what days came to that are like today: of the week, or of the weekend, since the second."""
        totals: dict[int, int] = {}
        for hour_s, cost in past.items():
            ordinal = _local(hour_s, self._zone).toordinal()
            totals[ordinal] = totals.get(ordinal, 0) + cost
        first, today = _local(first_s, self._zone).toordinal(), _local(self._midnight_s, self._zone)
        days = (today.fromordinal(ordinal) for ordinal in range(first + 1, today.toordinal()))
        return [totals.get(day.toordinal(), 0) for day in days if (day.isoweekday() > 5) == (today.isoweekday() > 5)]


def usd(nano_usd: int) -> str:
    """Render money to the nearest cent: nobody reads more of it in an alarm."""
    return amount_words((nano_usd + CENT // 2) // CENT * CENT, Unit.USD)


def _passed(of: str, amount: int, bound: Expected | None, whose: str) -> Finding | None:
    if bound is None or amount <= bound.upper:
        return None
    return Finding(amount, f"this {of}", _comes_to(bound, whose), _numbers(of, bound))


def _burst(amount: int, hour: Expected, busiest: int | None, whose: str) -> Finding | None:
    bound = burst_bound(hour, busiest)
    if amount <= bound:
        return None
    known = "" if busiest is None else f"the busiest five minutes of such hours came to {usd(busiest)}; "
    numbers = (*_numbers("hour", hour), ("upper_of_five_minutes", decimal_text(bound)))
    return Finding(amount, "within five minutes", known + _comes_to(hour, whose), numbers)


def _past_limit(so_far: int, limit: TightestLimit | None) -> Finding | None:
    if limit is None or so_far <= limit.nano_usd // LIMIT_SHARE:
        return None
    reason = f"nothing is known yet of such hours, and {limit.words} is {usd(limit.nano_usd)}"
    return Finding(so_far, "this hour", reason, (("of", "hour"), ("limit", decimal_text(limit.nano_usd))))


def _numbers(of: str, bound: Expected) -> tuple[tuple[str, str], ...]:
    return (("of", of), ("expected", decimal_text(bound.median)), ("upper", decimal_text(bound.upper)))


def _comes_to(bound: Expected, whose: str) -> str:
    return f"such {whose} comes to {usd(bound.median)}, and to no more than {usd(bound.upper)}"


def _hours_alike(this_hour_s: int, first_s: int, zone: str) -> Iterator[int]:
    """Yield the hours before this one, since the first, around the same time on such days."""
    here = _local(this_hour_s, zone)
    for hour_s in range(this_hour_s - HOUR_S, first_s - 1, -HOUR_S):
        there = _local(hour_s, zone)
        apart = abs(there.hour - here.hour)
        if min(apart, 24 - apart) <= 1 and (there.isoweekday() > 5) == (here.isoweekday() > 5):
            yield hour_s


def _local(at_s: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_s, ZoneInfo(zone))
