"""Sum up usage: by department, team, user, model, use case, day and the like, with totals that are always whole."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from governor.core.calendar_days import hour_start_s
from governor.core.ledger.changes import ROLLUP_SUMS
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.usage_sums import DIMENSIONS, Sums, UsageFilter, read_usage_sums

DAY = "day"
GROUPINGS = (*DIMENSIONS, DAY)
"""What ``by`` may name. A day is one of the organisation's time zone."""


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """What is summed.

    Attributes:
        by: Groupings, in order; empty for the totals alone.
        from_at: The hour of the organisation's clock that contains it is the first, or None.
        until_at: The hour that contains it is the first that is left out, or None.
        equals: Dimension to the value that it must have.
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
    """One group: the values of ``by``, and the sums in the order of ``ROLLUP_SUMS``."""

    values: tuple[str, ...]
    sums: Sums


@dataclass(frozen=True, slots=True)
class UsageSummary:
    """Some groups, the cursor of the next page or None, and the totals of *all* groups."""

    groups: tuple[UsageGroup, ...]
    next: str | None
    totals: Sums


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
        wanted = UsageFilter(*hours, query.equals, organization.former_use_cases)
        hourly = DAY in query.by
        columns = [name for name in query.by if name != DAY]

        def read(connection: Connection) -> list[tuple[int, tuple[str, ...], Sums]]:
            return read_usage_sums(connection, wanted, columns, hourly=hourly)

        rows = await self._database.read(read)
        groups = _grouped(rows, query.by, ZoneInfo(time_zone))
        totals = _added(group.sums for group in groups)
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


def _grouped(rows: list[tuple[int, tuple[str, ...], Sums]], by: Sequence[str], zone: ZoneInfo) -> list[UsageGroup]:
    """Fold hours into the zone's days, and put the values into the order of ``by``."""
    groups: defaultdict[tuple[str, ...], list[Sums]] = defaultdict(list)
    for hour_s, keys, sums in rows:
        values = list(keys)
        if DAY in by:
            values.insert(list(by).index(DAY), datetime.fromtimestamp(hour_s, zone).date().isoformat())
        groups[tuple(values)].append(sums)
    return [UsageGroup(values, _added(parts)) for values, parts in groups.items()]


def _added(parts: Iterable[Sums]) -> Sums:
    totals = [0] * len(ROLLUP_SUMS)
    for part in parts:
        for index, value in enumerate(part):
            totals[index] += value
    return tuple(totals)


def _hour_s(at: datetime | None, time_zone: str) -> int | None:
    return hour_start_s(at, time_zone) if at is not None else None
