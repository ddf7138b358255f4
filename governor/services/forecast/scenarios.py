"""Scenarios: what would come of a budget if use grew, prices changed, traffic moved, or a pilot went live."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.forecasts.forecast import Forecast
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
from governor.core.policy.forecast_rule import PriceChange, ScenarioRule
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.settlement.pricing import usage_cost
from governor.core.usage import Usage
from governor.services.budgets import BudgetQuery
from governor.services.forecast.forecast_budgets import Forecaster
from governor.services.snapshots import Snapshots

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Shift:
    """Some of the traffic of one model goes to another."""

    from_model: str
    to_model: str
    share_bp: int


@dataclass(frozen=True, slots=True)
class Production:
    """A use case goes from pilot to production: requests of so many tokens, on a model, for somebody."""

    use_case: str
    model: str
    requests_per_month: int
    input_tokens: int
    output_tokens: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    from_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """A commitment to a model or a provider: a rate for a million tokens, and how much of it is used."""

    unit_rate_nano_usd: int
    utilisation_bp: int
    model: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class SelfHosted:
    """A model on one's own machines instead of a provider's: a fixed cost a month, and one for a million tokens."""

    model: str
    fixed_nano_usd_per_month: int
    rate_nano_usd: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One future: that of a ForecastRule, and what only a question says."""

    rule: ScenarioRule
    shifts: Sequence[Shift] = ()
    productions: Sequence[Production] = ()
    pool: Pool | None = None
    self_hosted: SelfHosted | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of a scenario.

    Attributes:
        assumes: What it takes for granted, in sentences.
        outlooks: Every budget under it; those that break first come first.
        numbers: What a commitment or own machines come to, by name.
        next: Where the next page of budgets begins, or None.
    """

    scenario: Scenario
    assumes: tuple[str, ...]
    outlooks: tuple[Outlook, ...]
    numbers: Mapping[str, Mapping[str, object]]
    next: str | None


class ScenarioComparer:
    """Answers ``POST /forecasts/scenarios``.

    Args:
        snapshots: Prices, models, and the scenarios of the rules.
        forecaster: What is forecast without them.
    """

    def __init__(self, snapshots: Snapshots, forecaster: Forecaster) -> None:
        self._snapshots = snapshots
        self._forecaster = forecaster

    def named(self, name: str) -> Scenario:
        """Return a scenario of the policies.

        Raises:
            InvalidRequestError: If no ForecastRule has one of this name.
        """
        rules = [one for rule in self._snapshots.current.policies.forecast_rules for one in rule.scenarios]
        for rule in rules:
            if rule.name == name:
                return Scenario(rule)
        known = ", ".join(dict.fromkeys(rule.name for rule in rules)) or "none; add one to a ForecastRule"
        raise InvalidRequestError(f"there is no scenario `{name[:60]}`; there are: {known}", field="scenario")

    async def compare(self, scenario: Scenario, query: BudgetQuery, now: datetime) -> Comparison:
        """Return what a scenario would do to one page of budgets.

        Raises:
            InvalidRequestError: If a model has no price, or the scenario names nothing that could change.
        """
        page = await self._forecaster.page(replace(query, at=None), now)
        made = _Made(self._snapshots.current, page.forecasts, now)
        effects, assumes, numbers = made.effects(scenario)
        outlooks = [outlook(one, effects, made.additions_of(one, effects)) for one in page.forecasts]
        far = now + timedelta(days=10_000)
        outlooks.sort(key=lambda one: one.breaks_at or far)
        return Comparison(scenario, assumes, tuple(outlooks), numbers, page.next)


class _Made:
    """Works out what a scenario means at the present prices and use."""

    def __init__(self, snapshot: Snapshot, forecasts: Sequence[Forecast], now: datetime) -> None:
        self._snapshot = snapshot
        self._forecasts = forecasts
        self._now = now
        self.assumes: list[str] = []
        self.numbers: dict[str, dict[str, object]] = {}

    def effects(self, scenario: Scenario) -> tuple[Effects, tuple[str, ...], Mapping[str, Mapping[str, object]]]:
        """Return the effects of a scenario, what it assumes, and its numbers."""
        rule = scenario.rule
        if rule.growth_bp:
            self._say(f"use grows by {rule.growth_bp / 100:g}% in each month, beside the trend that is forecast")
        if rule.overhead_milli != 1000:
            self._say(f"retries, contexts and tools make {rule.overhead_milli / 1000:g} times of the use so far")
        prices = [self._change(change) for change in rule.price_changes]
        prices += [self._shift(shift) for shift in scenario.shifts]
        if scenario.pool is not None:
            prices.append(self._pool(scenario.pool))
        if scenario.self_hosted is not None:
            prices.append(self._self_hosted(scenario.self_hosted))
        additions = [self._production(production) for production in scenario.productions]
        if not self.assumes:
            self._say("nothing changes: this is the forecast")
        return Effects(rule.growth_bp, rule.overhead_milli, prices, additions), tuple(self.assumes), self.numbers

    def additions_of(self, forecast: Forecast, effects: Effects) -> list[Addition]:
        """Return the additions that are of a budget: its scope must not say anything else."""
        scope = dict(forecast.budget.scope)
        quota = self._snapshot.quota(forecast.budget.policy.removeprefix("Quota/"))
        known = scope_attributes(forecast.budget.scope, self._snapshot.organization, self._now)
        selecting = dict(quota.header.applies_to.terms) if quota is not None else {}
        return [
            addition
            for addition in effects.additions
            if all(key in addition.attributes for key in scope)
            and all(known.get(key, value) == value for key, value in addition.attributes.items())
            and all(key in addition.attributes or key == "environment" for key in selecting)
        ]

    def _say(self, sentence: str) -> None:
        self.assumes.append(sentence)

    def _change(self, change: PriceChange) -> PriceEffect:
        what = change.model or f"models of {change.provider}"
        when = f"from {change.from_at:%Y-%m-%d} on" if change.from_at is not None else "from now on"
        self._say(f"{what} cost {change.by_bp / 100:+g}% {when}")
        return PriceEffect(1 + change.by_bp / BASIS_POINTS, change.model, change.provider, _seconds(change.from_at))

    def _shift(self, shift: Shift) -> PriceEffect:
        before, after = self._rate(shift.from_model), self._rate(shift.to_model)
        part = shift.share_bp / BASIS_POINTS
        source, target = self._id(shift.from_model), self._id(shift.to_model)
        self._say(f"{part:.0%} of the traffic of {source} goes to {target}, with as many tokens")
        return PriceEffect(1 - part + part * after / before, source)

    def _production(self, production: Production) -> Addition:
        usage = Usage(input_tokens=production.input_tokens, output_tokens=production.output_tokens)
        each = self._cost(production.model, usage)
        daily = production.requests_per_month / DAYS_OF_A_MONTH
        tokens = production.input_tokens + production.output_tokens
        self._say(
            f"{production.use_case} goes live with {production.requests_per_month:,} requests a month of "
            f"{tokens:,} tokens on {self._id(production.model)}: {usd_text(each * production.requests_per_month)} USD"
        )
        attributes = {**production.attributes, "use_case": production.use_case}
        return Addition(each * daily, tokens * daily, daily, attributes, _seconds(production.from_at))

    def _pool(self, pool: Pool) -> PriceEffect:
        utilisation = pool.utilisation_bp / BASIS_POINTS
        effective = pool_rate(pool.unit_rate_nano_usd, utilisation)
        effect = PriceEffect(1.0, self._id(pool.model) if pool.model else "", pool.provider)
        cost, tokens = self._spent(effect)
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
        cost, tokens = self._spent(effect)
        if not tokens:
            raise InvalidRequestError(f"nothing was used lately of `{hosted.model[:60]}`", field="self_hosted")
        api_rate, own_rate = cost / tokens, hosted.rate_nano_usd / MILLION
        months = _RECENT_DAYS / DAYS_OF_A_MONTH
        own = hosted.fixed_nano_usd_per_month * months + tokens * own_rate
        self._say(
            f"{effect.model} runs on own machines for {usd_text(hosted.fixed_nano_usd_per_month)} USD a month and "
            f"{usd_text(hosted.rate_nano_usd)} USD per million tokens, shared by whoever uses it"
        )
        even = break_even_tokens(hosted.fixed_nano_usd_per_month, own_rate, api_rate)
        self.numbers["self_hosted"] = {
            "tokens_per_month": round(tokens / months),
            "api_usd_per_month": usd_text(round(cost / months)),
            "self_hosted_usd_per_month": usd_text(round(own / months)),
            "break_even_tokens_per_month": even,
        }
        return replace(effect, factor=own / cost if cost else 1.0)

    def _spent(self, effect: PriceEffect) -> tuple[int, int]:
        """Return what was lately spent on what an effect concerns, and for how many tokens: of the largest budgets."""
        largest: dict[tuple[str, str], tuple[int, int]] = {}
        for forecast in self._forecasts:
            for share in forecast.mix:
                if effect.concerns(share.model, share.provider):
                    served = (share.model, share.provider)
                    largest[served] = max(largest.get(served, (0, 0)), (share.cost_nano_usd, share.tokens))
        return sum(cost for cost, _ in largest.values()), sum(tokens for _, tokens in largest.values())

    def _id(self, model: str) -> str:
        return self._snapshot.model(model, "").id

    def _rate(self, model: str) -> int:
        """Return what a typical call costs: three tokens of input for one of output."""
        return max(self._cost(model, Usage(input_tokens=3 * MILLION, output_tokens=MILLION)), 1)

    def _cost(self, model: str, usage: Usage) -> int:
        cost = usage_cost(
            self._snapshot, self._id(model), "", usage, at=self._now, batch=False, requests=1, input_size=0
        )
        if cost is None:
            raise InvalidRequestError(f"`{model[:60]}` has no price; enter it in a PriceBook", field="model")
        return cost


_RECENT_DAYS = 28
"""Days behind what budgets spent on each model."""


def _seconds(at: datetime | None) -> int:
    return int(at.timestamp()) if at is not None else 0
