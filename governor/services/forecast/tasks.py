"""What is handed to the process that forecasts, and what that process needs to know of policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from governor.core.forecasts.accuracy import Judged
from governor.core.ledger.budget import BudgetKey
from governor.core.policy.forecast_rule import ForecastRule
from governor.core.policy.kinds import Quota
from governor.store.use_series import DAY_S

RUN_RATE_WORDS = "run-rate"
"""The method of a forecast from too little history."""

Served = tuple[str, str]
"""A model's canonical id, and who serves it."""

PriceSteps = tuple[tuple[datetime, float], ...]
"""From which instant on what is used now will cost how many times as much; ascending."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One budget that is forecast.

    Attributes:
        budget: Which, in the period that contains the instant of the forecast.
        attributes: What the Organization knows of its scope.
        limit: Its limit with what was carried into the period, or None.
        used: In the period so far.
        held: Now.
        rule: How it is forecast.
        ahead: Start, end and limit of the periods after this one that begin before the horizon.
        behind: Start and end of the periods before this one, the latest first.
    """

    budget: BudgetKey
    attributes: Mapping[str, str]
    limit: int | None
    used: int
    held: int
    rule: ForecastRule
    ahead: tuple[tuple[int, int, int], ...] = ()
    behind: tuple[tuple[int, int], ...] = ()

    def remaining_days(self, now: datetime) -> float:
        """Return how many days are left of the period; of a lifetime, the horizon."""
        end_s = self.budget.period_end_s
        return (end_s - now.timestamp()) / DAY_S if end_s is not None else float(self.rule.horizon_days)

    def elapsed_days(self, now: datetime, history_days: int) -> float:
        """Return how many days of the period are over since the first use."""
        if self.budget.period_end_s is None:
            return float(history_days)
        return min((now.timestamp() - self.budget.period_start_s) / DAY_S, float(history_days))


@dataclass(frozen=True, slots=True)
class ForecastJob:
    """Some budgets of one quota, forecast from one look at the rollups.

    Attributes:
        database_url: Where the rollups are.
        quota: Whose budgets they are.
        asked: Which.
        now: Nothing after it is known.
        until_s: The full hour up to which use is counted, Unix seconds.
        time_zone: The organisation's, for dates.
        known: What the Organization knows of people and use cases, where the quota is about that: from ``user`` or
            ``use_case`` with its value, also a former name of one, to attributes.
        holidays: Proleptic ordinals of the organisation's holidays.
        prices: How much dearer models become that were used lately.
    """

    database_url: str
    quota: Quota
    asked: tuple[Asked, ...]
    now: datetime
    until_s: int
    time_zone: str
    known: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    holidays: frozenset[int] = frozenset()
    prices: Mapping[Served, PriceSteps] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TriedBudget:
    """A past period of a budget that was forecast again, and how that turned out.

    Attributes:
        policy: ``Quota/x``.
        department: Whose it is, or ``""``.
        fraction: How much of the period had passed.
        judged: The forecast beside what happened.
    """

    policy: str
    department: str
    fraction: float
    judged: Judged
