"""Gather what the process that forecasts needs: budgets with their balances, the past, and what is known to come."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf

from governor.core.calendar_days import hour_start_s
from governor.core.decisions.decision import BudgetView
from governor.core.decisions.snapshot import Snapshot
from governor.core.periods import SHORTEST_DAY, last_instant, period_at
from governor.core.policy.applicable import apply_quota
from governor.core.policy.forecast_rule import ForecastRule, forecast_rule_for
from governor.core.policy.header import Header, Source
from governor.core.policy.kinds import Quota
from governor.core.policy.scope_attributes import account_attributes, person_attributes, scope_attributes
from governor.core.scopes import Scope
from governor.services.budgets import PAGE_MAX, BudgetQuery, BudgetReader
from governor.services.forecast.price_changes import known_price_changes
from governor.services.forecast.tasks import Asked, ForecastJob, PriceSteps, Served
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.use_series import DAY_S, HOUR_S, was_used

DEFAULT_RULE = ForecastRule(header=Header("ForecastRule", "default", Source("", 0)))
"""How budgets are forecast that no rule concerns."""

BUDGETS_OF_A_JOB = 250
"""Budgets that are forecast from one look at the rollups, between two steps of the progress."""

PERIODS_BEHIND = 12
"""Past periods that are forecast again in a backtest."""

LOOK_BACK = timedelta(days=420)


class ForecastJobs:
    """Makes jobs of budgets.

    Args:
        snapshots: Quotas, rules, prices and the calendar.
        budgets: Lists budgets with their balances.
        database: The rollups.
    """

    def __init__(self, snapshots: Snapshots, budgets: BudgetReader, database: Database) -> None:
        self._snapshots = snapshots
        self._budgets = budgets
        self._database = database

    def rule_for(self, attributes: Mapping[str, str], now: datetime) -> ForecastRule:
        """Return how a budget with these attributes is forecast."""
        return forecast_rule_for(self._snapshots.current.policies.forecast_rules, attributes, now, DEFAULT_RULE)

    def rule_of(self, scope: Scope, now: datetime) -> ForecastRule:
        """Return how the budgets of a scope are forecast."""
        return self.rule_for(scope_attributes(scope, self._snapshots.current.organization, now), now)

    async def all_budgets(self, now: datetime) -> AsyncIterator[BudgetView]:
        """Yield every budget that can be forecast."""
        cursor = ""
        while True:
            page = await self._budgets.page(BudgetQuery(cursor=cursor, limit=PAGE_MAX), now)
            for view in page.views:
                if self.is_foreseeable(view):
                    yield view
            if page.next is None:
                return
            cursor = page.next

    def is_foreseeable(self, view: BudgetView) -> bool:
        """Tell whether a budget can be forecast by its days; what is shorter comes and goes too quickly."""
        length_s = self._length_s(view)
        return length_s is not None and length_s >= SHORTEST_DAY.total_seconds()

    def is_hourly(self, view: BudgetView) -> bool:
        """Tell whether a budget lasts an hour or some: too short for days, long enough for a run-rate to its end."""
        length_s = self._length_s(view)
        return length_s is not None and HOUR_S <= length_s < SHORTEST_DAY.total_seconds()

    def _length_s(self, view: BudgetView) -> float | None:
        """Return how long a budget's period is, a lifetime without end; None: it has none."""
        if self._quota(view) is None:
            return None
        end_s = view.budget.period_end_s
        return inf if end_s is None else end_s - view.budget.period_start_s

    def _quota(self, view: BudgetView) -> Quota | None:
        quota = self._snapshots.current.quota(view.budget.policy.removeprefix("Quota/"))
        return quota if quota is not None and quota.period is not None else None

    async def jobs(self, views: Sequence[BudgetView], now: datetime) -> list[ForecastJob]:
        """Return the jobs that forecast some budgets; none while nothing was ever used."""
        if not views or not await self._database.read(was_used):
            return []
        snapshot = self._snapshots.current
        horizon_days = max(rule.horizon_days for rule in (*snapshot.policies.forecast_rules, DEFAULT_RULE))
        horizon_s = int(now.timestamp()) + horizon_days * DAY_S
        until = datetime.fromtimestamp(max(horizon_s, *(view.budget.period_end_s or 0 for view in views)), UTC)
        prices = await known_price_changes(snapshot, self._database, now, until)
        return [self._job(quota, some, now, snapshot, prices) for quota, some in self._by_quota(views)]

    def _by_quota(self, views: Sequence[BudgetView]) -> list[tuple[Quota, list[BudgetView]]]:
        grouped: dict[str, list[BudgetView]] = {}
        for view in views:
            grouped.setdefault(view.budget.policy, []).append(view)
        parts = []
        for some in grouped.values():
            quota = self._quota(some[0])
            assert quota is not None, "only budgets that can be forecast come here"
            parts += [
                (quota, some[start : start + BUDGETS_OF_A_JOB]) for start in range(0, len(some), BUDGETS_OF_A_JOB)
            ]
        return parts

    def _job(
        self,
        quota: Quota,
        views: Sequence[BudgetView],
        now: datetime,
        snapshot: Snapshot,
        prices: Mapping[Served, PriceSteps],
    ) -> ForecastJob:
        organization = snapshot.organization
        return ForecastJob(
            database_url=self._database.url.render_as_string(hide_password=False),
            quota=quota,
            asked=tuple(self.asked(view, now) for view in views),
            now=now,
            until_s=hour_start_s(now, organization.time_zone),
            time_zone=organization.time_zone,
            known=_known(quota, snapshot, now),
            holidays=frozenset(day.toordinal() for day in organization.working_time.holidays),
            prices=prices,
        )

    def asked(self, view: BudgetView, now: datetime) -> Asked:
        """Return what is asked about a budget that can be forecast."""
        snapshot, quota = self._snapshots.current, self._quota(view)
        assert quota is not None, "only budgets that can be forecast come here"
        attributes = scope_attributes(view.budget.scope, snapshot.organization, now)
        rule = self.rule_for(attributes, now)
        return Asked(
            budget=view.budget,
            attributes=attributes,
            limit=view.carried_limit,
            used=view.used,
            held=view.held,
            rule=rule,
            # Of hours there are thousands up to the horizon.
            ahead=()
            if self.is_hourly(view)
            else _ahead(quota, view, now + timedelta(days=rule.horizon_days), snapshot),
            behind=_behind(quota, view, now - LOOK_BACK),
        )


def _known(quota: Quota, snapshot: Snapshot, now: datetime) -> dict[tuple[str, str], dict[str, str]]:
    """Return what rollups do not tell of people and use cases, if the quota is about it."""
    excluded = quota.header.excluded
    terms = [*quota.header.applies_to.terms, *(excluded.terms if excluded is not None else ())]
    needed = {*(key for key, _ in terms), *quota.per}
    organization, known = snapshot.organization, dict[tuple[str, str], dict[str, str]]()
    if "kind" in needed:
        for user, person in organization.people.items():
            known["user", user] = {"kind": person_attributes(person, now)["kind"]}
        for name, account in organization.service_accounts.items():
            known["user", name] = {"kind": account_attributes(account, now)["kind"]}
    if needed & {"use_case", "stage", "audience"}:
        names = {**{name: name for name in organization.use_cases}, **organization.former_use_cases}
        known |= {("use_case", name): organization.use_cases[now].attributes for name, now in names.items()}
    return known


def _ahead(quota: Quota, view: BudgetView, until: datetime, snapshot: Snapshot) -> tuple[tuple[int, int, int], ...]:
    """Return the periods after a budget's own that begin before an instant, with their limits."""
    found: list[tuple[int, int, int]] = []
    end_s = view.budget.period_end_s
    while quota.period is not None and end_s is not None and end_s < until.timestamp():
        at = datetime.fromtimestamp(end_s, UTC)
        period = period_at(quota.period, at)
        assert period.end_at is not None
        start_s, end_s = end_s, int(period.end_at.timestamp())
        found.append((start_s, end_s, apply_quota(quota, view.budget.scope, snapshot.organization, at).limit))
    return tuple(found)


def _behind(quota: Quota, view: BudgetView, since: datetime) -> tuple[tuple[int, int], ...]:
    """Return the periods before a budget's own that began after an instant, the latest first."""
    found: list[tuple[int, int]] = []
    start_s = view.budget.period_start_s
    while quota.period is not None and view.budget.period_end_s is not None and len(found) < PERIODS_BEHIND:
        period = period_at(quota.period, last_instant(start_s))
        if period.start_at < since:
            break
        end_s, start_s = start_s, int(period.start_at.timestamp())
        found.append((start_s, end_s))
    return tuple(found)
