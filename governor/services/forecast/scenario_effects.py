"""What a scenario means at the present prices and use: factors, additions, and what is assumed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.forecasts.forecast import MILLION, Forecast
from governor.core.forecasts.scenarios import (
    BASIS_POINTS,
    DAYS_OF_A_MONTH,
    Addition,
    Effects,
    Outlook,
    PriceEffect,
    break_even_tokens,
    outlook,
    pool_rate,
)
from governor.core.money import usd_text
from governor.core.policy.forecast_rule import ForecastRule, PriceChange, ScenarioRule
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.settlement.pricing import usage_cost
from governor.core.units import Counts
from governor.core.usage import Usage
from governor.services.budget_scopes import may_concern
from governor.services.budgets import BudgetQuery
from governor.services.forecast.scenario import NOBODYS_RULE, Pool, Production, Scenario, SelfHosted, Shift
from governor.services.forecast.scenario_productions import draws_on, production_attributes
from governor.services.forecast.scenario_shifts import (
    RECENT_DAYS,
    Moved,
    Traffic,
    arrivals,
    departures,
    total_usage,
)

_Live = tuple[Mapping[str, str], Addition, Mapping[Counts, float]]
"""A production: what is known of its requests, what it adds each day, and the tokens of which by their kind."""


class ScenarioEffects:
    """Works out what a scenario means at the present prices and use.

    Args:
        snapshot: Prices, models, quotas and the Organization.
        traffic: What the models of the scenario were lately used for.
        query: Whose budgets are compared.
        now: The instant of the prices.
    """

    def __init__(self, snapshot: Snapshot, traffic: Sequence[Traffic], query: BudgetQuery, now: datetime) -> None:
        self._snapshot = snapshot
        self._traffic = traffic
        self._query = query
        self._now = now
        self.assumes: list[str] = []
        self.numbers: dict[str, dict[str, object]] = {}
        self._moved: list[Moved] = []
        self._productions: list[_Live] = []

    def effects(self, scenario: Scenario, rules: Sequence[ForecastRule]) -> dict[str, Effects]:
        """Return the effects of a scenario by the names of rules.

        Args:
            scenario: What is asked.
            rules: Whose scenario each budget has; none if there are no budgets.
        """
        concerned = {rule.header.name: rule for rule in (*rules, *(scenario.rules if not rules else ()))}
        concerned = concerned or {NOBODYS_RULE.header.name: NOBODYS_RULE}
        own = {name: self._own(scenario.of(rule), _whose(rule, concerned)) for name, rule in concerned.items()}
        self._moved = [self._shift(shift) for shift in scenario.shifts]
        _refuse_more_than_all(self._moved)
        prices = []
        if scenario.pool is not None:
            prices.append(self._pool(scenario.pool))
        if scenario.self_hosted is not None:
            prices.append(self._self_hosted(scenario.self_hosted))
        self._productions = [self._production(production) for production in scenario.productions]
        if not self.assumes:
            self._say("nothing changes: this is the forecast")
        return {name: replace(effects, prices=[*effects.prices, *prices]) for name, effects in own.items()}

    def _own(self, rule: ScenarioRule, whose: str) -> Effects:
        """Return what one rule's scenario does, and say whose budgets it is about where there are several."""
        if rule.growth_bp:
            self._say(f"{whose}use grows by {rule.growth_bp / 100:g}% in each month, beside the trend that is forecast")
        if rule.overhead_milli != 1000:
            self._say(f"{whose}retries, contexts and tools make {rule.overhead_milli / 1000:g} times of the use so far")
        prices = [self._change(change, whose) for change in rule.price_changes]
        if whose and not (rule.growth_bp or rule.overhead_milli != 1000 or prices):
            self._say(f"{whose}neither use nor prices change")
        return Effects(rule.growth_bp, rule.overhead_milli, prices)

    def on(self, forecast: Forecast, effects: Effects) -> Outlook:
        """Return a budget under the scenario.

        Args:
            forecast: What is forecast of it.
            effects: Of the rule that concerns it.
        """
        budget = forecast.budget
        quota = self._snapshot.quota(budget.policy.removeprefix("Quota/"))
        if quota is None:
            return outlook(forecast, effects, ())
        live = [
            addition if quota.counts is Counts.ALL else replace(addition, tokens=tokens.get(quota.counts, 0.0))
            for attributes, addition, tokens in self._productions
            if draws_on(attributes, quota, budget.scope)
        ]
        known = scope_attributes(budget.scope, self._snapshot.organization, self._now)
        served = [(share.model, share.provider) for share in forecast.mix]
        come = arrivals(self._moved, quota, budget.scope, self._traffic)
        own = [row for row in self._traffic if draws_on(row.attributes, quota, budget.scope)] if self._moved else []
        gone = departures([one.of(own) for one in self._moved], quota, budget.scope, served, known)
        return outlook(forecast, effects, [*live, *come], gone)

    def _say(self, sentence: str) -> None:
        self.assumes.append(sentence)

    def _change(self, change: PriceChange, whose: str) -> PriceEffect:
        what = change.model or f"models of {change.provider}"
        when = f"from {change.from_at:%Y-%m-%d} on" if change.from_at is not None else "from now on"
        self._say(f"{whose}{what} cost {change.by_bp / 100:+g}% {when}")
        return PriceEffect(1 + change.by_bp / BASIS_POINTS, change.model, change.provider, _seconds(change.from_at))

    def _shift(self, shift: Shift) -> Moved:
        source, target = self._id(shift.from_model), self._snapshot.model(shift.to_model, "")
        part = shift.share_bp / BASIS_POINTS

        def ratio_of(usage: Usage) -> float:
            return self._cost(target.id, usage) / max(self._cost(source, usage), 1)

        recorded = total_usage(row for row in self._traffic if row.attributes["model"] == source)
        self._say(
            f"{part:.0%} of the traffic of {source} goes to {target.id}, as it was in the last {RECENT_DAYS} days, "
            f"with as many tokens, {_mix_words(recorded)}"
        )
        return Moved(source, target.id, target.provider, part, ratio_of(_known_or_typical(recorded)), ratio_of)

    def _production(self, production: Production) -> "_Live":
        usage = Usage(input_tokens=production.input_tokens, output_tokens=production.output_tokens)
        each = self._cost(production.model, usage)
        daily = production.requests_per_month / DAYS_OF_A_MONTH
        tokens = production.input_tokens + production.output_tokens
        attributes = production_attributes(self._snapshot, production, self._now)
        model, provider = attributes["model"], attributes["provider"]
        self._say(
            f"{production.use_case} goes live with {production.requests_per_month:,} requests a month of "
            f"{tokens:,} tokens on {model}: {usd_text(each * production.requests_per_month)} USD"
        )
        addition = Addition(each * daily, tokens * daily, daily, _seconds(production.from_at), model, provider)
        counted = {Counts.INPUT: production.input_tokens * daily, Counts.OUTPUT: production.output_tokens * daily}
        return attributes, addition, counted

    def _pool(self, pool: Pool) -> PriceEffect:
        utilisation = pool.utilisation_bp / BASIS_POINTS
        effective = pool_rate(pool.unit_rate_nano_usd, utilisation)
        effect = PriceEffect(1.0, self._id(pool.model) if pool.model else "", pool.provider)
        cost, tokens = self._spent_daily(effect)
        if not tokens:
            raise InvalidRequestError("nothing was used lately of what the pool is about", field="pool")
        present = cost / tokens * MILLION
        what = pool.model or f"models of {pool.provider}"
        self._say(
            f"{what} are paid from a commitment at {usd_text(pool.unit_rate_nano_usd)} USD per million tokens of which "
            f"{utilisation:.0%} is used, so that a million costs {usd_text(effective)} USD"
        )
        self.numbers["pool"] = {
            "unit_rate_usd": usd_text(pool.unit_rate_nano_usd),
            "utilisation": utilisation,
            "effective_rate_usd": usd_text(effective),
            "present_rate_usd": usd_text(round(present)),
            "pays_from_utilisation": max(0.0, round(2 - present / pool.unit_rate_nano_usd, 4)),
        }
        return replace(effect, factor=effective / present if present else 1.0)

    def _self_hosted(self, hosted: SelfHosted) -> PriceEffect:
        effect = PriceEffect(1.0, self._id(hosted.model))
        cost, tokens = self._spent_daily(effect)
        if not tokens:
            raise InvalidRequestError(f"nothing was used lately of `{hosted.model[:60]}`", field="self_hosted")
        api_rate, own_rate = cost / tokens, hosted.rate_nano_usd / MILLION
        own = hosted.fixed_nano_usd_per_month / DAYS_OF_A_MONTH + tokens * own_rate
        self._say(
            f"{effect.model} runs on own machines for {usd_text(hosted.fixed_nano_usd_per_month)} USD a month and "
            f"{usd_text(hosted.rate_nano_usd)} USD per million tokens, shared by whoever uses it"
        )
        even = break_even_tokens(hosted.fixed_nano_usd_per_month, own_rate, api_rate)
        self.numbers["self_hosted"] = {
            "tokens_per_month": round(tokens * DAYS_OF_A_MONTH),
            "api_usd_per_month": usd_text(round(cost * DAYS_OF_A_MONTH)),
            "self_hosted_usd_per_month": usd_text(round(own * DAYS_OF_A_MONTH)),
            "break_even_tokens_per_month": even,
        }
        return replace(effect, factor=own / cost if cost else 1.0)

    def _spent_daily(self, effect: PriceEffect) -> tuple[float, float]:
        """Return what a day lately cost of what an effect concerns, and its tokens: of all that is asked for."""
        rows = [
            row
            for row in self._traffic
            if effect.concerns(row.attributes["model"], row.attributes.get("provider", "")) and self._is_asked_for(row)
        ]
        return sum(row.nano_usd for row in rows), sum(row.tokens[Counts.ALL] for row in rows)

    def _is_asked_for(self, row: Traffic) -> bool:
        query, quota = self._query, self._snapshot.quota(self._query.quota_name)
        user = self._snapshot.organization.person_ids.get(query.user.lower(), query.user)
        whose = {"department": query.department, "team": query.team, "user": user}
        if any(value and row.attributes.get(name) != value for name, value in whose.items()):
            return False
        return quota is None or may_concern(quota.header, dict(row.attributes))

    def _id(self, model: str) -> str:
        return self._snapshot.model(model, "").id

    def _cost(self, model: str, usage: Usage) -> int:
        cost = usage_cost(
            self._snapshot, self._id(model), "", usage, at=self._now, batch=False, requests=1, input_size=0
        )
        if cost is None:
            raise InvalidRequestError(f"`{model[:60]}` has no price; enter it in a PriceBook", field="model")
        return cost


def _whose(rule: ForecastRule, concerned: Mapping[str, ForecastRule]) -> str:
    """Return the beginning of a sentence that is about the budgets of a rule; nothing where there is only one."""
    if len(concerned) == 1:
        return ""
    return f"for budgets of {rule.header.ref}: " if rule is not NOBODYS_RULE else "for budgets without such a rule: "


def _known_or_typical(recorded: Usage) -> Usage:
    return Usage(input_tokens=3 * MILLION, output_tokens=MILLION) if recorded == Usage() else recorded


def _mix_words(recorded: Usage) -> str:
    if recorded == Usage():
        return "three of input for one of output, because nothing of it is recorded"
    if not recorded.output_tokens:
        return "as recorded, all of input"
    each = recorded.input_tokens / recorded.output_tokens
    return f"as recorded, {each:.2g} of input for one of output, in each budget by its own"


def _refuse_more_than_all(moved: Sequence[Moved]) -> None:
    for source in {one.source for one in moved}:
        if sum(one.part for one in moved if one.source == source) > 1 + 1e-9:
            raise InvalidRequestError(f"more than all of the traffic of `{source[:60]}` is shifted", field="shifts")


def _seconds(at: datetime | None) -> int:
    return int(at.timestamp()) if at is not None else 0
