"""Scenarios: what would come of a budget if use grew, prices changed, traffic moved, or a pilot went live."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from governor.core.errors import InvalidRequestError
from governor.core.forecasts.forecast import Forecast
from governor.core.policy.forecast_rule import ForecastRule
from governor.core.policy.scope_attributes import scope_attributes
from governor.services.budgets import BudgetQuery
from governor.services.forecast.forecast_budgets import Forecaster
from governor.services.forecast.scenario import Comparison, Scenario
from governor.services.forecast.scenario_effects import ScenarioEffects
from governor.services.forecast.scenario_shifts import Traffic, keys_of, read_traffic
from governor.services.snapshots import Snapshots
from governor.store.database import Database


class ScenarioComparer:
    """Answers ``POST /forecasts/scenarios``.

    Args:
        snapshots: Prices, models, and the scenarios of the rules.
        forecaster: What is forecast without them.
        database: What models were lately used for.
    """

    def __init__(self, snapshots: Snapshots, forecaster: Forecaster, database: Database) -> None:
        self._snapshots = snapshots
        self._database = database
        self._forecaster = forecaster

    def named(self, name: str, now: datetime) -> tuple[ForecastRule, ...]:
        """Return the rules that have a scenario of a name.

        Raises:
            InvalidRequestError: If no ForecastRule in force has one.
        """
        rules = [rule for rule in self._snapshots.current.policies.forecast_rules if rule.header.in_force(now)]
        found = tuple(rule for rule in rules if any(one.name == name for one in rule.scenarios))
        if found:
            return found
        names = dict.fromkeys(one.name for rule in rules for one in rule.scenarios)
        known = ", ".join(names) or "none; add one to a ForecastRule"
        raise InvalidRequestError(f"there is no scenario `{name[:60]}`; there are: {known}", field="scenario")

    async def compare(
        self,
        scenario: Scenario,
        query: BudgetQuery,
        now: datetime,
        patience_s: float | None = None,
    ) -> Comparison:
        """Return what a scenario would do to one page of budgets, to each by the rule that concerns it.

        Args:
            scenario: What is asked.
            query: Which budgets.
            now: Nothing after it is known.
            patience_s: How long to wait for forecasts that are missing or old, in seconds; None: for all of them.

        Raises:
            InvalidRequestError: If a model has no price, or the scenario names nothing that could change.
        """
        page = await self._forecaster.page(replace(query, at=None), now, patience_s)
        rules = self._rules(scenario, page.forecasts, now)
        traffic = await self._traffic(scenario, query, page.forecasts, now)
        made = ScenarioEffects(self._snapshots.current, traffic, query, now)
        effects = made.effects(scenario, rules)
        outlooks = [made.on(one, effects[rule.header.name]) for one, rule in zip(page.forecasts, rules, strict=True)]
        far = now + timedelta(days=10_000)
        outlooks.sort(key=lambda one: one.breaks_at or far)
        return Comparison(scenario, tuple(made.assumes), tuple(outlooks), made.numbers, page.next, page.pending)

    def _rules(self, scenario: Scenario, forecasts: Sequence[Forecast], now: datetime) -> list[ForecastRule]:
        organization = self._snapshots.current.organization
        return [scenario.rule_for(scope_attributes(one.budget.scope, organization, now), now) for one in forecasts]

    async def _traffic(
        self, scenario: Scenario, query: BudgetQuery, forecasts: Sequence[Forecast], now: datetime
    ) -> list[Traffic]:
        """Return what the models of a scenario were lately used for, told apart as budgets and the question do."""
        names = {shift.from_model for shift in scenario.shifts}
        names |= {scenario.self_hosted.model} if scenario.self_hosted is not None else set()
        if not names and scenario.pool is None:
            return []
        snapshot = self._snapshots.current
        # A pool is for many models: all are looked at.
        models = {snapshot.model(name, "").id for name in names} if scenario.pool is None else set()
        policies = {one.budget.policy.removeprefix("Quota/") for one in forecasts} | {query.quota_name}
        keys = keys_of([quota for name in policies if (quota := snapshot.quota(name)) is not None])
        keys |= {name for name in ("department", "team", "user") if getattr(query, name)}
        return await self._database.read(partial(read_traffic, snapshot=snapshot, models=models, keys=keys, now=now))
