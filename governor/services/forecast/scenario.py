"""Scenarios as values: what is asked, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from governor.core.forecasts.scenarios import Outlook
from governor.core.policy.forecast_rule import ForecastRule, PriceChange, ScenarioRule, forecast_rule_for
from governor.core.policy.header import Header, Source

NOBODYS_RULE = ForecastRule(header=Header("ForecastRule", "", Source("", 0)))
"""Stands for the rule of a budget that none with the scenario concerns."""


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
class Changes:
    """What a question itself says of use and prices; None: as the policies' scenario says."""

    growth_bp: int | None = None
    overhead_milli: int | None = None
    price_changes: tuple[PriceChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One future: that of the policies by its name, and what only a question says.

    Attributes:
        name: That of the policies, or of a question that names none.
        rules: The ForecastRules that have a scenario of this name.
        changes: What the question says beside it.
    """

    name: str
    rules: tuple[ForecastRule, ...] = ()
    changes: Changes = Changes()
    shifts: Sequence[Shift] = ()
    productions: Sequence[Production] = ()
    pool: Pool | None = None
    self_hosted: SelfHosted | None = None

    def rule_for(self, attributes: Mapping[str, str], now: datetime) -> ForecastRule:
        """Return whose scenario a budget has: of the rules that have one and concern it, the one with the most terms.

        A rule that only says something else of a department, such as its interval, leaves it the scenarios of all.
        """
        return forecast_rule_for(self.rules, attributes, now, NOBODYS_RULE)

    def of(self, rule: ForecastRule) -> ScenarioRule:
        """Return the scenario of a rule, with what the question says beside it."""
        named = next((one for one in rule.scenarios if one.name == self.name), ScenarioRule(self.name))
        growth_bp, overhead_milli = self.changes.growth_bp, self.changes.overhead_milli
        return ScenarioRule(
            name=self.name,
            growth_bp=named.growth_bp if growth_bp is None else growth_bp,
            overhead_milli=named.overhead_milli if overhead_milli is None else overhead_milli,
            price_changes=(*named.price_changes, *self.changes.price_changes),
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of a scenario.

    Attributes:
        assumes: What it takes for granted, in sentences.
        outlooks: Every budget under it; those that break first come first.
        numbers: What a commitment or own machines come to, by name.
        next: Where the next page of budgets begins, or None.
        pending: Budgets whose forecasts are being made anew meanwhile.
    """

    scenario: Scenario
    assumes: tuple[str, ...]
    outlooks: tuple[Outlook, ...]
    numbers: Mapping[str, Mapping[str, object]]
    next: str | None
    pending: int
