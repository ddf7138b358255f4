"""What a question about a scenario reads: the body of ``POST /forecasts/scenarios``, and the file of ``--scenario``."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct, field

from governor.core.errors import InvalidRequestError
from governor.core.money import nano_from_text
from governor.core.policy.forecast_rule import PriceChange
from governor.services.budgets import PAGE_DEFAULT, PAGE_MAX, BudgetQuery
from governor.services.forecast.scenario import Changes, Pool, Production, Scenario, SelfHosted, Shift
from governor.services.forecast.scenarios import ScenarioComparer

Word = Annotated[str, Meta(max_length=256)]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Usd = Annotated[str, Meta(max_length=40, description="A decimal number of USD.")]
Percent = Annotated[float, Meta(ge=0, le=100)]
Change = Annotated[float, Meta(ge=-100, le=1000)]
Growth = Annotated[float, Meta(ge=-99, le=1000, description="Beside the trend that is forecast.")]
Overhead = Annotated[float, Meta(ge=0.1, le=10.0, description="1.2 is a fifth more of everything.")]
Count = Annotated[int, Meta(ge=0, le=10**12)]
Instant = Annotated[datetime, Meta(tz=True)]


class PriceChangeWire(Struct, forbid_unknown_fields=True, frozen=True):
    """Another price, of a model or of all models of a provider."""

    percent: Annotated[Change, Meta(description="How much dearer; -10 is cheaper.")]
    model: Annotated[Word, Meta(description="Any name of it, or a glob.")] = ""
    provider: Word = ""
    from_: Annotated[Instant | None, Meta(description="From when on; absent: now.")] = field(default=None, name="from")


class ShiftWire(Struct, forbid_unknown_fields=True, frozen=True):
    """Some of the traffic of one model goes to another."""

    from_model: Name
    to_model: Name
    percent: Percent = 100.0


class ProductionWire(Struct, forbid_unknown_fields=True, frozen=True):
    """A use case goes from pilot to production."""

    use_case: Name
    model: Name
    requests_per_month: Count
    input_tokens: Annotated[Count, Meta(description="Of one request.")]
    output_tokens: Annotated[Count, Meta(description="Of one request.")] = 0
    department: Annotated[Word, Meta(description="Whose budgets it draws on.")] = ""
    team: Word = ""
    from_: Annotated[Instant | None, Meta(description="From when on; absent: now.")] = field(default=None, name="from")


class PoolWire(Struct, forbid_unknown_fields=True, frozen=True):
    """A commitment: a million tokens cost `rate x (2 - utilisation)`."""

    rate_usd: Annotated[Usd, Meta(description="For a million tokens, if all of it is used.")]
    utilisation_percent: Percent
    model: Word = ""
    provider: Word = ""


class SelfHostedWire(Struct, forbid_unknown_fields=True, frozen=True):
    """A model on own machines instead of a provider's."""

    model: Name
    fixed_usd_per_month: Annotated[Usd, Meta(description="Machines, power and people, however much they are used.")]
    rate_usd: Annotated[Usd, Meta(description="For a million tokens, beside that.")] = "0"


class ScenarioWire(Struct, forbid_unknown_fields=True, frozen=True):
    """What if: a scenario of the policies by its `name`, or one of its own; filters as for `GET /budgets`."""

    name: Annotated[Word, Meta(description="A scenario of a ForecastRule; what else is said comes on top.")] = ""
    growth_percent_per_month: Growth | None = None
    overhead: Overhead | None = None
    price_changes: tuple[PriceChangeWire, ...] = ()
    shifts: tuple[ShiftWire, ...] = ()
    productions: tuple[ProductionWire, ...] = ()
    pool: PoolWire | None = None
    self_hosted: SelfHostedWire | None = None
    quota: Word = ""
    department: Word = ""
    team: Word = ""
    user: Word = ""
    cursor: Annotated[str, Meta(max_length=2048)] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT
    wait: Annotated[
        bool, Meta(description="Wait until forecasts that are missing, or older than an hour, are made.")
    ] = False

    def query(self) -> BudgetQuery:
        """Return which budgets are compared."""
        return BudgetQuery(self.quota, self.department, self.team, self.user, None, self.cursor, self.limit)

    def scenario(self, comparer: ScenarioComparer, now: datetime) -> Scenario:
        """Return what is asked.

        Raises:
            InvalidRequestError: If a scenario is not known, or a part of it contradicts itself.
        """
        growth, overhead = self.growth_percent_per_month, self.overhead
        return Scenario(
            name=self.name or "what-if",
            rules=comparer.named(self.name, now) if self.name else (),
            changes=Changes(
                growth_bp=None if growth is None else round(growth * 100),
                overhead_milli=None if overhead is None else round(overhead * 1000),
                price_changes=tuple(_price_change(one) for one in self.price_changes),
            ),
            shifts=tuple(Shift(one.from_model, one.to_model, round(one.percent * 100)) for one in self.shifts),
            productions=tuple(_production(one) for one in self.productions),
            pool=_pool(self.pool) if self.pool is not None else None,
            self_hosted=_self_hosted(self.self_hosted) if self.self_hosted is not None else None,
        )


def _price_change(one: PriceChangeWire) -> PriceChange:
    if not one.model and not one.provider:
        raise InvalidRequestError("a price change names a `model` or a `provider`", field="price_changes")
    return PriceChange(round(one.percent * 100), one.model.lower(), one.provider, _utc(one.from_))


def _production(one: ProductionWire) -> Production:
    whose = {"department": one.department, "team": one.team}
    return Production(
        use_case=one.use_case,
        model=one.model,
        requests_per_month=one.requests_per_month,
        input_tokens=one.input_tokens,
        output_tokens=one.output_tokens,
        attributes={name: value for name, value in whose.items() if value},
        from_at=_utc(one.from_),
    )


def _pool(one: PoolWire) -> Pool:
    rate = nano_from_text(one.rate_usd)
    if not one.model and not one.provider:
        raise InvalidRequestError("a pool names the `model` or the `provider` that it is for", field="pool")
    if rate <= 0:
        raise InvalidRequestError("a pool's `rate_usd` is more than 0", field="pool.rate_usd")
    return Pool(rate, round(one.utilisation_percent * 100), one.model, one.provider)


def _self_hosted(one: SelfHostedWire) -> SelfHosted:
    return SelfHosted(one.model, nano_from_text(one.fixed_usd_per_month), nano_from_text(one.rate_usd))


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at is not None else None
