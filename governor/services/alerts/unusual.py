"""Notice spend that is outside what its series expects, within minutes, and say who drives it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from governor.core.alerts.alert import AlertKind
from governor.core.alerts.recipients import people_told
from governor.core.alerts.unusual import FLOOR, Expected, expected, is_unusual_day, is_unusual_hour
from governor.core.calendar_days import first_instant, hour_start_s, local_date
from governor.core.ledger.changes import ROLLUP_SUMS
from governor.core.money import decimal_text
from governor.core.policy.approval_rule import DEPARTMENT_LEADS
from governor.core.policy.organization import Organization
from governor.core.units import Unit, amount_words
from governor.services.alerts.terms import AlertTerms
from governor.services.alerts.write import Said, write_alert
from governor.services.jobs import Turn
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.spend import Spender, read_spend
from governor.store.usage_sums import UsageFilter, read_hour_costs, read_usage_sums

WINDOW = timedelta(minutes=5)
HISTORY = timedelta(days=28)
NEW_FOR = timedelta(days=14)
"""Who has been seen for longer has a past of his own, however rarely he spends."""

CANDIDATES_MAX = 50
LOUD_NANO_USD = FLOOR["hour"] // 20
"""A series that spends less in five minutes is not looked at."""

DRIVERS = 3
HOUR_S = 3600
CENT = 10_000_000
"""Nano-USD."""

_COST = ROLLUP_SUMS.index("cost_nano_usd")

LEVELS: tuple[tuple[str, Callable[[Spender], str]], ...] = (
    ("user", lambda spender: spender.user),
    ("team", lambda spender: spender.team),
    ("department", lambda spender: spender.department),
)
"""Whose spend is a series of its own, the finest first: what explains itself there alarms nobody above."""


@dataclass(frozen=True, slots=True)
class _Unusual:
    """A series that is outside what it expects, or if it is new what others spend, in nano-USD."""

    level: str
    name: str
    of: str
    amount: int
    bound: Expected
    is_new: bool
    drivers: tuple[tuple[Spender, int], ...]


class UnusualSpendWatcher:
    """Writes alerts of unusual spend: once for each series and local day.

    Args:
        snapshots: For the organisation's clock and people.
        database: Where entries and hourly sums are.
        terms: How alerts go out.
    """

    def __init__(self, snapshots: Snapshots, database: Database, terms: AlertTerms) -> None:
        self._snapshots = snapshots
        self._database = database
        self._terms = terms

    async def watch(self, turn: Turn) -> str:
        """Look at the last five minutes, this hour and this day.

        Returns:
            What was done.
        """
        organization = self._snapshots.current.organization
        found = await self._database.read(partial(_unusual, organization=organization, now=turn.now))
        if not found:
            return "nothing unusual"

        def write(connection: Connection) -> int:
            said = [_said(organization, one, self._terms, turn.now) for one in found]
            return sum(write_alert(connection, one, organization, self._terms, turn.now) for one in said)

        return f"{await turn.write(write)} alerts written"


def _unusual(connection: Connection, organization: Organization, now: datetime) -> list[_Unusual]:
    zone = organization.time_zone
    recent = read_spend(connection, now - WINDOW)
    peers = _Peers(connection, now, zone)
    found: list[_Unusual] = []
    explained: list[Spender] = []
    for level, name_of in LEVELS:
        # What a person's alert says is not said again of their team.
        left = {spender: cost for spender, cost in recent.items() if spender not in explained}
        sums: dict[str, int] = {}
        for spender, cost in left.items():
            sums[name_of(spender)] = sums.get(name_of(spender), 0) + cost
        loud = ((cost, name) for name, cost in sums.items() if name and cost > LOUD_NANO_USD)
        for last_five, name in sorted(loud, reverse=True)[:CANDIDATES_MAX]:
            own = {spender: cost for spender, cost in left.items() if name_of(spender) == name}
            spent = _hours(connection, now, level, name)
            one = _judged(spent, now, zone, last_five, partial(peers.expected, level))
            if one is not None:
                drivers = tuple(sorted(own.items(), key=lambda item: -item[1])[:DRIVERS])
                found.append(_Unusual(level, name, *one, drivers))
                explained.extend(own)
    return found


def _judged(
    spent: Mapping[int, int], now: datetime, zone: str, last_five: int, of_peers: Callable[[], Expected | None]
) -> tuple[str, int, Expected, bool] | None:
    """Compare a series with its own past, or if it is too new for that with the others of its level.

    Returns:
        What is unusual (hour, day), its amount, what was expected, and whether of the others; None where all is as
        usual, or nothing is known.
    """
    this_hour_s = hour_start_s(now, zone)
    past = {hour_s: cost for hour_s, cost in spent.items() if hour_s < this_hour_s}
    own = expected(_alike_hours(past, this_hour_s, zone), "hour") if past else None
    is_new = own is None and min(past, default=this_hour_s) >= int((now - NEW_FOR).timestamp())
    hour = of_peers() if is_new else own
    so_far = spent.get(this_hour_s, 0)
    if hour is not None and is_unusual_hour(hour, so_far, last_five):
        return "hour", max(so_far, last_five), hour, is_new
    midnight_s = int(first_instant(local_date(now, zone), zone).timestamp())
    day = expected(_alike_days(past, midnight_s, zone), "day") if past else None
    today = sum(cost for hour_s, cost in spent.items() if hour_s >= midnight_s)
    return ("day", today, day, False) if day is not None and is_unusual_day(day, today) else None


class _Peers:
    """What others of a level spend in hours like this one: all that is known of somebody who is new."""

    def __init__(self, connection: Connection, now: datetime, zone: str) -> None:
        self._connection = connection
        self._hours_s = list(_hours_alike(hour_start_s(now, zone), int((now - HISTORY).timestamp()), zone))
        self._known: dict[str, Expected | None] = {}

    def expected(self, level: str) -> Expected | None:
        """Return what an hour of somebody comes to, or None where too little is known of anybody."""
        if level not in self._known:
            self._known[level] = expected(read_hour_costs(self._connection, self._hours_s, level), "hour")
        return self._known[level]


def _hours(connection: Connection, now: datetime, level: str, name: str) -> dict[int, int]:
    """Return what a series cost in each hour of the past four weeks that had any."""
    wanted = UsageFilter(int((now - HISTORY).timestamp()), None, {level: name})
    return {hour_s: sums[_COST] for hour_s, _, sums in read_usage_sums(connection, wanted, (), hourly=True)}


def _alike_hours(past: Mapping[int, int], this_hour_s: int, zone: str) -> list[int]:
    """Return what hours came to that are like this one: an hour around the same time, on such days, since the first."""
    return [past.get(hour_s, 0) for hour_s in _hours_alike(this_hour_s, min(past), zone)]


def _hours_alike(this_hour_s: int, first_s: int, zone: str) -> Iterator[int]:
    """Yield the hours before this one, since the first, around the same time on such days."""
    here = _local(this_hour_s, zone)
    for hour_s in range(this_hour_s - HOUR_S, first_s - 1, -HOUR_S):
        there = _local(hour_s, zone)
        apart = abs(there.hour - here.hour)
        if min(apart, 24 - apart) <= 1 and (there.isoweekday() > 5) == (here.isoweekday() > 5):
            yield hour_s


def _alike_days(past: Mapping[int, int], midnight_s: int, zone: str) -> list[int]:
    """Return what days came to that are like today: of the week, or of the weekend, since the second."""
    totals: dict[int, int] = {}
    first = _local(min(past), zone).toordinal()
    today = _local(midnight_s, zone)
    for hour_s, cost in past.items():
        ordinal = _local(hour_s, zone).toordinal()
        totals[ordinal] = totals.get(ordinal, 0) + cost
    days = (today.fromordinal(ordinal) for ordinal in range(first + 1, today.toordinal()))
    return [totals.get(day.toordinal(), 0) for day in days if (day.isoweekday() > 5) == (today.isoweekday() > 5)]


def _local(at_s: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_s, ZoneInfo(zone))


def _said(organization: Organization, one: _Unusual, terms: AlertTerms, now: datetime) -> Said:
    day = local_date(now, organization.time_zone)
    department = one.name if one.level == "department" else one.drivers[0][0].department
    known = {"department": department, one.level: one.name}
    leads = people_told(organization, DEPARTMENT_LEADS, known, "", now)
    return Said(
        kind=AlertKind.UNUSUAL,
        claim=(one.level, one.name, day.isoformat()),
        policy="",
        whose=((one.level, one.name),),
        title=f"unusual spend: {one.name} has spent {_usd(one.amount)} this {one.of}",
        reason=f"such {_of_whom(one)} comes to {_usd(one.bound.median)}, and to no more than {_usd(one.bound.upper)}; "
        f"driven by {_drivers(one.drivers)}",
        numbers=(
            ("unit", "USD"),
            ("spent", decimal_text(one.amount)),
            ("of", one.of),
            ("expected", decimal_text(one.bound.median)),
            ("upper", decimal_text(one.bound.upper)),
            *(pair for number, driver in enumerate(one.drivers) for pair in _driver_numbers(number, driver)),
        ),
        ways_out=(
            f'stop it at once: governor block create --user {one.drivers[0][0].user} --for "1 hour" --reason "..."',
            "see the calls: GET /decisions, GET /usage/summary?by=user,model,use_case",
        ),
        notify=(*terms.notify, *([DEPARTMENT_LEADS] if leads else [])),
        owner="",
        known=known,
        urgent=True,
    )


def _of_whom(one: _Unusual) -> str:
    return f"an hour of any other {one.level}" if one.is_new else f"a{'n' * (one.of == 'hour')} {one.of}"


def _drivers(drivers: Sequence[tuple[Spender, int]]) -> str:
    return "; ".join(
        f"{spender.user or 'somebody'} of {spender.team or 'no team'} with {spender.model}"
        + (f" for {spender.use_case}" if spender.use_case else "")
        + f" ({_usd(cost)} in five minutes)"
        for spender, cost in drivers
    )


def _driver_numbers(number: int, driver: tuple[Spender, int]) -> tuple[tuple[str, str], ...]:
    spender, cost = driver
    name = f"driver_{number + 1}"
    return (
        (f"{name}_user", spender.user),
        (f"{name}_team", spender.team),
        (f"{name}_model", spender.model),
        (f"{name}_use_case", spender.use_case),
        (f"{name}_spent", decimal_text(cost)),
    )


def _usd(nano_usd: int) -> str:
    """Render money to the nearest cent: nobody reads more of it in an alarm."""
    return amount_words((nano_usd + CENT // 2) // CENT * CENT, Unit.USD)
