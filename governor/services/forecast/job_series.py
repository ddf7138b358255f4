"""What one job looks at: the use behind its budgets, that of everybody, and which models it went to."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from governor.core.forecasts.forecast import ModelShare
from governor.core.scopes import NONE_VALUE, Scope
from governor.services.forecast.budget_series import (
    HOURS,
    OWN,
    BudgetSeries,
    Key,
    SeriesCollector,
    SeriesPlan,
    plan_of,
    plan_of_all,
)
from governor.services.forecast.experts import WEEKLY_DAYS_MIN
from governor.services.forecast.history import HISTORY_DAYS, HOURS_OF_A_DAY, Days, History
from governor.services.forecast.parent_share import is_new, parent_factors
from governor.services.forecast.predict import predict
from governor.services.forecast.tasks import Asked, ForecastJob, Served
from governor.store.database import Database
from governor.store.usage_sums import DIMENSIONS
from governor.store.use_series import DAY_S, HOUR_S, MODEL_SUMS, Only, read_use_by_model, read_use_steps

PRICED_DAYS = 28
"""Days whose spend tells how much a budget is about each model."""

MIX_MAX = 12
"""Models that are told apart; the rest is little."""


EVERYBODY = ""
"""Stands for the name of a department where all of them are meant."""


@dataclass(slots=True)
class JobSeries:
    """What the budgets of a job have behind them.

    Attributes:
        job: Which budgets, and when.
        plan: How the rollups tell them apart.
        series: What each used.
        parents: What the departments of new budgets used, by their names, and everybody whom the quota concerns by
            ``EVERYBODY``; empty if no budget is new.
        mixes: The models on which each spent most.
    """

    job: ForecastJob
    plan: SeriesPlan
    series: Mapping[Key, BudgetSeries]
    parents: Mapping[str, History]
    mixes: Mapping[Key, Sequence[ModelShare]]
    _ahead: dict[str, Days] = field(default_factory=dict)

    def lent(self, own: History, parent: str, days: int) -> tuple[Days, Days] | None:
        """Return what a parent lends a new series (see ``parent_factors``), or None: nothing, or it is old enough.

        Args:
            own: The series.
            parent: Its department, or ``EVERYBODY``.
            days: How many days are forecast.
        """
        history = self.parents.get(parent)
        if history is None or not is_new(own, history):
            return None
        # What all of them will use is worked out once, when the first new budget asks.
        if parent not in self._ahead or len(self._ahead[parent]) < days:
            self._ahead[parent] = predict(history, days, holidays=self.job.holidays).path
        return parent_factors(own, history, self._ahead[parent][:days])

    def parent_of(self, asked: Asked, own: History) -> str:
        """Return whose share a new budget is: its department's, if that is old enough, else everybody's."""
        department = asked.attributes.get("department", "")
        history = self.parents.get(department)
        is_all = asked.budget.scope == (("department", department),)
        return department if not is_all and history is not None and is_new(own, history) else EVERYBODY


def look(job: ForecastJob) -> JobSeries | None:
    """Read the rollups once; None if nothing was ever used behind these budgets."""
    plan = plan_of(job.quota)
    wanted = {key_of(asked.budget.scope, plan) for asked in job.asked}
    only = _only(plan, wanted, job)
    database = Database(job.database_url)

    def read(connection: Connection) -> JobSeries | None:
        collector = _collected(connection, job, SeriesCollector(job.quota, plan, job.known, wanted), only)
        if not collector.series:
            return None
        young = {key for key, series in collector.series.items() if series.known_days() < WEEKLY_DAYS_MIN}
        asked = [one for one in job.asked if key_of(one.budget.scope, plan) in young]
        parents = _parents(connection, job, asked) if young else {}
        return JobSeries(job, plan, collector.series, parents, _mixes(connection, job, collector, only))

    try:
        return database.read_now(read)
    finally:
        database.engine.dispose()


def key_of(scope: Scope, plan: SeriesPlan) -> Key:
    """Return under which key the use behind a budget is found."""
    values = dict(scope)
    return tuple(values.get(name, NONE_VALUE) for name in plan.per)


def _only(plan: SeriesPlan, wanted: Collection[Key], job: ForecastJob) -> Only:
    """Return the values of the dimensions that budgets are cut by; what has no value is an empty text there."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for (attribute, name), known in job.known.items():
        if attribute == "use_case":
            names[known["use_case"]].add(name)

    def values(name: str, value: str) -> set[str]:
        if value == NONE_VALUE:
            return {""}
        return names[value] if name == "use_case" and value in names else {value}

    return {
        name: {each for key in wanted for each in values(name, key[place])}
        for place, name in enumerate(plan.per)
        if name in DIMENSIONS
    }


def _collected(connection: Connection, job: ForecastJob, collector: SeriesCollector, only: Only) -> SeriesCollector:
    by, until_s = collector.plan.by, job.until_s
    collector.add_days(read_use_steps(connection, by, until_s=until_s, steps=HISTORY_DAYS, step_s=DAY_S, only=only))
    collector.add_hours(read_use_steps(connection, by, until_s=until_s, steps=HOURS, step_s=HOUR_S, only=only))
    return collector


def _parents(connection: Connection, job: ForecastJob, asked: Sequence[Asked]) -> dict[str, History]:
    """Return what everybody used whom the quota concerns, and what the departments of some budgets did."""
    everybody = _collected(connection, job, SeriesCollector(job.quota, plan_of_all(job.quota), job.known, {()}), {})
    found = {EVERYBODY: history_of(everybody.series[()], job)}
    departments = {one.attributes.get("department", "") for one in asked} - {""}
    if departments:
        plan = plan_of_all(job.quota, "department")
        collector = SeriesCollector(job.quota, plan, job.known, {(name,) for name in departments})
        _collected(connection, job, collector, {"department": departments})
        found |= {key[0]: history_of(series, job) for key, series in collector.series.items()}
    return found


def _mixes(
    connection: Connection, job: ForecastJob, collector: SeriesCollector, only: Only
) -> dict[Key, list[ModelShare]]:
    """Return which models each budget was spent on lately."""
    by = tuple(dict.fromkeys((*collector.plan.by, "model", "provider")))
    rows = read_use_by_model(connection, by, from_s=job.until_s - PRICED_DAYS * DAY_S, until_s=job.until_s, only=only)
    spent: defaultdict[Key, dict[Served, ModelShare]] = defaultdict(dict)
    for values, sums in rows:
        row, amounts = dict(zip(by, values, strict=True)), dict(zip(MODEL_SUMS, sums, strict=True))
        key = collector.key(tuple(row[name] for name in collector.plan.by))
        if key is not None:
            served = (row["model"], row["provider"])
            known = spent[key].get(served, ModelShare(*served, 0, 0))
            spent[key][served] = ModelShare(
                *served,
                known.cost_nano_usd + amounts["cost_nano_usd"],
                known.tokens + amounts["input_tokens"] + amounts["output_tokens"],
            )
    return {
        key: sorted(shares.values(), key=lambda share: -share.cost_nano_usd)[:MIX_MAX] for key, shares in spent.items()
    }


def history_of(series: BudgetSeries, job: ForecastJob) -> History:
    """Return the history of what a budget counts, from its first use on."""
    known = max(series.known_days(), 1)
    hours = series.hours[OWN].reshape(-1, HOURS_OF_A_DAY)[-known:]
    return History(series.days[OWN][-known:].copy(), hours, ends_on(job))


def ends_on(job: ForecastJob) -> float:
    """Return the local date up to which use is counted, with the part of it that is over."""
    local = datetime.fromtimestamp(job.until_s, UTC).astimezone(ZoneInfo(job.time_zone))
    return local.toordinal() + (local.hour * HOUR_S + local.minute * 60) / DAY_S
