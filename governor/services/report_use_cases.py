"""Report use cases: what each one cost, what came of it, and whether that is what was expected and worth it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from governor.core.calendar_days import hour_start_s
from governor.core.errors import InvalidRequestError
from governor.core.ledger.changes import ROLLUP_SUMS
from governor.core.money import Rounding, divide
from governor.core.periods import Every, PeriodDefinition, period_at
from governor.core.policy.organization import Organization
from governor.core.policy.use_case import Stage, UseCase
from governor.services.cursors import decode_cursor, encode_cursor
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.outcomes import NO_OUTCOMES, OutcomeSums, read_outcome_sums
from governor.store.usage_sums import Sums, UsageFilter, read_usage_sums

_REQUESTS = ROLLUP_SUMS.index("requests")
_COST = ROLLUP_SUMS.index("cost_nano_usd")


class ReportPeriod(StrEnum):
    """Periods of the organisation's calendar that are worth a report: words of ``Every``."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    FISCAL_MONTH = "fiscal month"
    FISCAL_QUARTER = "fiscal quarter"
    FISCAL_YEAR = "fiscal year"


@dataclass(frozen=True, slots=True)
class UseCaseQuery:
    """Which time is reported, and which page.

    Attributes:
        period: A period of the organisation's calendar; None is the month, unless there are bounds.
        at: An instant of that period; None is now.
        from_at: The hour of the organisation's clock that contains it is the first, or None: from the beginning.
        until_at: The hour that contains it is the first that is left out, or None: to the end.
        cursor: Where the page begins.
        limit: Use cases on a page.
    """

    period: ReportPeriod | None = None
    at: datetime | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    cursor: str = ""
    limit: int = 100

    @property
    def has_bounds(self) -> bool:
        """Whether the time is given by its ends."""
        return self.from_at is not None or self.until_at is not None


@dataclass(frozen=True, slots=True)
class Result:
    """What something cost and what came of it; money in nano-USD.

    Attributes:
        requests: Calls whose usage was reported.
        cost_nano_usd: What they cost.
        outcomes: What came of it, counted.
        valued_outcomes: Those of them whose worth is known.
        worth_nano_usd: What these are worth.
    """

    requests: int
    cost_nano_usd: int
    outcomes: int
    valued_outcomes: int
    worth_nano_usd: int

    @property
    def cost_each_nano_usd(self) -> int | None:
        """Cost of one outcome, or None: nothing came of it."""
        return _each(self.cost_nano_usd, self.outcomes)

    @property
    def worth_each_nano_usd(self) -> int | None:
        """Worth of one outcome whose worth is known, or None: there is none."""
        return _each(self.worth_nano_usd, self.valued_outcomes)

    @property
    def net_nano_usd(self) -> int | None:
        """Worth less cost, or None: no worth is known, which is not a worth of nothing."""
        return self.worth_nano_usd - self.cost_nano_usd if self.valued_outcomes else None


@dataclass(frozen=True, slots=True)
class UseCaseLine:
    """One use case of the report.

    Attributes:
        name: Its present name, or as requests named it; ``""`` for usage that named none.
        use_case: Its entry in the inventory, or None: it is not registered.
    """

    name: str
    use_case: UseCase | None
    result: Result

    @property
    def over_expected_nano_usd(self) -> int | None:
        """Cost less what its outcomes were expected to cost (below zero: cheaper), or None: nothing was expected."""
        expected = self.use_case.expected_cost_nano_usd if self.use_case is not None else None
        if expected is None or not self.result.outcomes:
            return None
        return self.result.cost_nano_usd - expected * self.result.outcomes


@dataclass(frozen=True, slots=True)
class UseCaseReport:
    """Some use cases by name, the cursor of the next page or None, and the totals of *all*.

    Attributes:
        start_at: First instant that is counted, or None: from the beginning.
        end_at: First instant that no longer is, or None: to the end.
    """

    start_at: datetime | None
    end_at: datetime | None
    lines: tuple[UseCaseLine, ...]
    next: str | None
    totals: Result


class UseCaseReporter:
    """Answers ``GET /use-cases`` and ``governor report use-cases``.

    Args:
        snapshots: For the inventory and the calendar.
        database: Where rollups and outcomes are.
    """

    def __init__(self, snapshots: Snapshots, database: Database) -> None:
        self._snapshots = snapshots
        self._database = database

    async def report(self, query: UseCaseQuery, now: datetime) -> UseCaseReport:
        """Return one page: every use case that serves or was used, with totals that are those of all usage.

        Raises:
            InvalidRequestError: If the cursor is not one of this list, or both a period and bounds are named.
        """
        after = decode_cursor(query.cursor, 1)[0] if query.cursor else None
        organization = self._snapshots.current.organization
        start_at, end_at = _bounds(query, organization, now)
        from_s = _hour_s(start_at, organization.time_zone)
        until_s = _hour_s(end_at, organization.time_zone)

        def read(connection: Connection) -> tuple[list[tuple[int, tuple[str, ...], Sums]], dict[str, OutcomeSums]]:
            wanted = UsageFilter(from_s, until_s, {}, organization.former_use_cases)
            usage = read_usage_sums(connection, wanted, ["use_case"], hourly=False)
            return usage, read_outcome_sums(connection, from_s, until_s, organization.former_use_cases)

        usage, outcomes = await self._database.read(read)
        lines = _lines(organization, {names[0]: sums for _, names, sums in usage}, outcomes)
        following = [line for line in lines if after is None or line.name > after]
        page = following[: query.limit]
        more = len(following) > len(page)
        return UseCaseReport(
            start_at=start_at,
            end_at=end_at,
            lines=tuple(page),
            next=encode_cursor(page[-1].name) if more else None,
            totals=_totals([line.result for line in lines]),
        )


def _bounds(query: UseCaseQuery, organization: Organization, now: datetime) -> tuple[datetime | None, datetime | None]:
    if query.has_bounds:
        if query.period is not None or query.at is not None:
            raise InvalidRequestError("name a period, or since and until, not both", fields=["period", "at"])
        return query.from_at, query.until_at
    definition = PeriodDefinition(
        Every(query.period or ReportPeriod.MONTH),
        organization.time_zone,
        week_starts=organization.week_starts,
        fiscal_year_start=organization.fiscal_year_start,
    )
    period = period_at(definition, query.at or now)
    return period.start_at, period.end_at


def _lines(organization: Organization, usage: dict[str, Sums], outcomes: dict[str, OutcomeSums]) -> list[UseCaseLine]:
    serving = {name for name, use_case in organization.use_cases.items() if use_case.stage is not Stage.RETIRED}
    lines = []
    for name in sorted(serving | usage.keys() | outcomes.keys()):
        sums, came = usage.get(name), outcomes.get(name, NO_OUTCOMES)
        result = Result(
            requests=sums[_REQUESTS] if sums is not None else 0,
            cost_nano_usd=sums[_COST] if sums is not None else 0,
            outcomes=came.outcomes,
            valued_outcomes=came.valued_outcomes,
            worth_nano_usd=came.worth_nano_usd,
        )
        lines.append(UseCaseLine(name, organization.use_cases.get(name), result))
    return lines


def _totals(results: list[Result]) -> Result:
    return Result(
        requests=sum(result.requests for result in results),
        cost_nano_usd=sum(result.cost_nano_usd for result in results),
        outcomes=sum(result.outcomes for result in results),
        valued_outcomes=sum(result.valued_outcomes for result in results),
        worth_nano_usd=sum(result.worth_nano_usd for result in results),
    )


def _each(nano_usd: int, count: int) -> int | None:
    """Share an amount out, rounded half up; a period in which corrections took more than was spent is below zero."""
    if not count:
        return None
    share = divide(abs(nano_usd), count, Rounding.HALF_UP)
    return -share if nano_usd < 0 else share


def _hour_s(at: datetime | None, time_zone: str) -> int | None:
    return hour_start_s(at, time_zone) if at is not None else None
