"""How budgets are forecast: how far, how surely, from how much history, and which futures are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governor.core.policy.header import Header
from governor.core.policy.match import concerns


class Bound(StrEnum):
    """The number of a forecast that an alert looks at."""

    LOWER = "lower"
    MEDIAN = "median"
    UPPER = "upper"


@dataclass(frozen=True, slots=True)
class PriceChange:
    """Another price from an instant on, for the models of a provider or one model.

    Attributes:
        by_bp: Basis points; -500 is 5 % less.
        model: Canonical id or glob; ``""``: all.
        provider: Who serves them; ``""``: anybody.
        from_at: From when on, or None: from now on.
    """

    by_bp: int
    model: str = ""
    provider: str = ""
    from_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScenarioRule:
    """One future.

    Attributes:
        name: ``conservative``, ``expected``, ``peak``, or any other.
        growth_bp: More use in each month than in the month before, in basis points, compounding day by day.
        overhead_milli: What retries, longer contexts and tools make of the use so far, in thousandths: 1,200 is 1.2.
        price_changes: Other prices.
    """

    name: str
    growth_bp: int = 0
    overhead_milli: int = 1000
    price_changes: tuple[PriceChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ForecastRule:
    """How some budgets are forecast.

    Attributes:
        header: Name, and which budgets; an empty selector is all.
        horizon_days: How far a forecast looks, beyond the end of the period if need be.
        interval_percent: How often what happens should lie in the interval.
        min_history_days: Less history: a plain run-rate, marked ``insufficient_data``, and no alert.
        alert_on: The bound that has to pass an alert's threshold.
        accuracy_target_bp: The median error that forecasts should stay below, in basis points; None: nobody said.
        scenarios: The futures that are compared.
    """

    header: Header
    horizon_days: int = 90
    interval_percent: int = 80
    min_history_days: int = 14
    alert_on: Bound = Bound.LOWER
    accuracy_target_bp: int | None = None
    scenarios: tuple[ScenarioRule, ...] = ()


def forecast_rule_for(
    rules: Sequence[ForecastRule], attributes: Mapping[str, str], now: datetime, otherwise: ForecastRule
) -> ForecastRule:
    """Return the rule for a budget: of those that concern its scope, the one with the most terms, then the first.

    Args:
        rules: All rules, in the order of their names' files.
        attributes: Of the budget's scope.
        now: Only rules in force count.
        otherwise: Where no rule concerns it.
    """
    matching = [rule for rule in rules if rule.header.in_force(now) and concerns(rule.header, attributes)]
    return max(matching, key=lambda rule: len(rule.header.applies_to.terms), default=otherwise)
