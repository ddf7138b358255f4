"""Sum up usage: by department, team, user, model, use case, day and the like, with totals that are always whole."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from governor.core.calendar_days import hour_start_s
from governor.core.ledger.changes import ROLLUP_SUMS, UNPRICED
from governor.core.scopes import NONE_VALUE
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.usage_sums import DIMENSIONS, Sums, UsageFilter, read_usage_sums, read_usage_units

DAY = "day"
GROUPINGS = (*DIMENSIONS, DAY)
"""What ``by`` may name. A day is one of the organisation's time zone."""

_NOTHING: Sums = (0,) * len(ROLLUP_SUMS)

T = TypeVar("T")
_Rows = list[tuple[int, tuple[str, ...], T]]
"""Hour (0 where days are not asked for), values of the dimensions, and what was found."""


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """What is summed.

    Attributes:
        by: Groupings, in order; empty for the totals alone.
        from_at: The hour of the organisation's clock that contains it is the first, or None.
        until_at: The hour that contains it is the first that is left out, or None.
        equals: Dimension to the value that it must have, ``(none)`` included.
        cursor: Where the page begins.
        limit: Groups on a page.
    """

    by: Sequence[str] = ()
    from_at: datetime | None = None
    until_at: datetime | None = None
    equals: Mapping[str, str] = field(default_factory=dict)
    cursor: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """One group.

    Attributes:
        values: Of ``by``; ``(none)`` is what the request did not say.
        sums: In the order of ``ROLLUP_SUMS``.
        units: What is not counted in tokens, by its name.
        unpriced: Events whose price is unknown.
    """

    values: tuple[str, ...]
    sums: Sums
    units: Mapping[str, int]
    unpriced: int


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """Some groups, the cursor of the next page or None, and the totals of *all* groups."""

    groups: tuple[UsageGroup, ...]
    next: str | None
    totals: UsageGroup


class UsageSummariser:
    """Answers ``GET /usage/summary``.

    Args:
        snapshots: For the organisation's time zone and what its use cases are called now.
        database: Where the rollups are.
    """

    def __init__(self, snapshots: Snapshots, database: Database) -> None:
        self._snapshots = snapshots
        self._database = database

    async def summarise(self, query: UsageQuery) -> UsageSummary:
        """Return one page of groups, by their values, with the totals of everything that was asked for.

        Raises:
            InvalidRequestError: If the cursor is not one of this list.
        """
        after = _after(query)
        organization = self._snapshots.current.organization
        time_zone = organization.time_zone
        hours = _hour_s(query.from_at, time_zone), _hour_s(query.until_at, time_zone)
        equals = {name: "" if value == NONE_VALUE else value for name, value in query.equals.items()}
        wanted = UsageFilter(*hours, equals, organization.former_use_cases)
        hourly = DAY in query.by
        columns = [name for name in query.by if name != DAY]

        def read(connection: Connection) -> tuple[_Rows[Sums], _Rows[tuple[str, int]]]:
            return (
                read_usage_sums(connection, wanted, columns, hourly=hourly),
                read_usage_units(connection, wanted, columns, hourly=hourly),
            )

        sums, units = await self._database.read(read)
        groups = _grouped(sums, units, query.by, ZoneInfo(time_zone))
        totals = _together((), groups)
        ordered = sorted(groups, key=lambda group: group.values) if query.by else []
        following = [group for group in ordered if after is None or group.values > after]
        page = following[: query.limit]
        more = len(following) > len(page)
        return UsageSummary(tuple(page), _cursor(query, page[-1]) if more else None, totals)


def _cursor(query: UsageQuery, last: UsageGroup) -> str:
    """Return a cursor that is good for one grouping only: a value of another dimension would skip at random."""
    return encode_cursor(",".join(query.by), *last.values)


def _after(query: UsageQuery) -> tuple[str, ...] | None:
    if not query.cursor:
        return None
    grouping, *values = decode_cursor(query.cursor, 1 + len(query.by))
    if grouping != ",".join(query.by):
        raise wrong_cursor()
    return tuple(values)


def _grouped(rows: _Rows[Sums], units: _Rows[tuple[str, int]], by: Sequence[str], zone: ZoneInfo) -> list[UsageGroup]:
    """Fold hours into the zone's days, and put the values into the order of ``by``."""

    def values_of(hour_s: int, keys: Sequence[str]) -> tuple[str, ...]:
        values = [key or NONE_VALUE for key in keys]
        if DAY in by:
            values.insert(list(by).index(DAY), datetime.fromtimestamp(hour_s, zone).date().isoformat())
        return tuple(values)

    groups: defaultdict[tuple[str, ...], list[UsageGroup]] = defaultdict(list)
    for hour_s, keys, sums in rows:
        values = values_of(hour_s, keys)
        groups[values].append(UsageGroup(values, sums, {}, 0))
    for hour_s, keys, (unit, amount) in units:
        values = values_of(hour_s, keys)
        is_unpriced = unit == UNPRICED
        counted = {} if is_unpriced else {unit: amount}
        groups[values].append(UsageGroup(values, _NOTHING, counted, amount if is_unpriced else 0))
    return [_together(values, parts) for values, parts in groups.items()]


def _together(values: tuple[str, ...], parts: Sequence[UsageGroup]) -> UsageGroup:
    units: defaultdict[str, int] = defaultdict(int)
    for part in parts:
        for unit, amount in part.units.items():
            units[unit] += amount
    counted = {unit: units[unit] for unit in sorted(units) if units[unit]}
    return UsageGroup(values, _added(part.sums for part in parts), counted, sum(part.unpriced for part in parts))


def _added(parts: Iterable[Sums]) -> Sums:
    totals = [0] * len(ROLLUP_SUMS)
    for part in parts:
        for index, value in enumerate(part):
            totals[index] += value
    return tuple(totals)


def _hour_s(at: datetime | None, time_zone: str) -> int | None:
    return hour_start_s(at, time_zone) if at is not None else None
