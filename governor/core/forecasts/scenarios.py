"""What a forecast would be if something else happened: more use, other prices, more retries, a pilot that goes live.

A scenario scales what a forecast says of each coming day, and adds to it. What was used stays as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, prod

from governor.core.forecasts.forecast import Band, Forecast, PeriodAhead
from governor.core.globs import matches
from governor.core.units import Unit

DAY_S = 86_400
DAYS_OF_A_MONTH = 365.25 / 12

BASIS_POINTS = 10_000
MILLI = 1_000


@dataclass(frozen=True, slots=True)
class PriceEffect:
    """What some models cost from an instant on, as a multiple of what they cost now.

    Attributes:
        factor: 1.2 is a fifth more.
        model: Canonical id or glob; ``""``: all.
        provider: Who serves them, or the first part of their ids; ``""``: anybody.
        from_s: Unix seconds; 0: now.
    """

    factor: float
    model: str = ""
    provider: str = ""
    from_s: int = 0

    def concerns(self, model: str, provider: str) -> bool:
        """Tell whether it is about a model."""
        vendor = model.partition("/")[0]
        served = not self.provider or self.provider in {provider, vendor}
        return served and (not self.model or matches(self.model, model))


@dataclass(frozen=True, slots=True)
class Addition:
    """Use that nothing in the history of a budget shows, from an instant on, each day.

    Attributes:
        nano_usd: At today's price.
        from_s: Unix seconds; 0: now.
        model: What is used: its price may change.
        provider: Who serves it.
        grows: Whether it grows, and is made more, like the use so far: it is use so far, of others.
    """

    nano_usd: float
    tokens: float
    requests: float
    from_s: int = 0
    model: str = ""
    provider: str = ""
    grows: bool = False

    def of(self, unit: Unit) -> float:
        """Return what a day adds to a budget of a unit."""
        return {Unit.USD: self.nano_usd, Unit.TOKENS: self.tokens}.get(unit, self.requests)


@dataclass(frozen=True, slots=True)
class Departure:
    """Some of what a budget spends on a model goes to another one.

    Attributes:
        model: Canonical id of the model that is left.
        provider: Who serves it.
        part: How much of it goes, from 0 to 1.
        ratio: How many times as much it costs there.
        stays: Whether the budget counts it there, too.
        to_model: Canonical id of the other model.
        to_provider: Who serves that.
    """

    model: str
    provider: str
    part: float
    ratio: float
    stays: bool
    to_model: str
    to_provider: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What a scenario does to every budget.

    Attributes:
        growth_bp: More in each month than in the month before, in basis points, compounding day by day.
        overhead_milli: Thousandths: 1,200 is a fifth more of everything.
        prices: Other prices; those that concern a model are multiplied.
    """

    growth_bp: int = 0
    overhead_milli: int = MILLI
    prices: Sequence[PriceEffect] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """A budget under a scenario.

    Attributes:
        forecast: What is forecast without it.
        total: The period's total under it.
        runs_out_at: When the median passes the limit in this period, or None.
        ahead: The later periods under it.
        breaks_at: When the limit of this or a later period is first passed, or None: it holds to the horizon.
    """

    forecast: Forecast
    total: Band
    runs_out_at: datetime | None
    ahead: tuple[PeriodAhead, ...]
    breaks_at: datetime | None


def outlook(
    forecast: Forecast, effects: Effects, additions: Sequence[Addition], departures: Sequence[Departure] = ()
) -> Outlook:
    """Return a budget under a scenario.

    Args:
        forecast: What is forecast of it.
        effects: The scenario.
        additions: More use of this budget.
        departures: What of its use goes to other models.
    """
    paths = _Paths.of(forecast, effects, additions, departures)
    made_at_s = int(forecast.made_at.timestamp())
    end_s = forecast.budget.period_end_s
    remaining = (end_s - made_at_s) / DAY_S if end_s is not None else float(len(forecast.daily))
    total = Band(*(_total(forecast, name, paths, remaining) for name in _NAMES))
    runs_out_at = _passes(paths, forecast.used, forecast.limit, (0.0, remaining), made_at_s, held=forecast.held)
    ahead, first = [], runs_out_at
    for period in forecast.ahead:
        start, end = (period.start_s - made_at_s) / DAY_S, (period.end_s - made_at_s) / DAY_S
        ahead.append(_later(period, paths, start, end))
        first = first or _passes(paths, 0, period.limit, (start, end), made_at_s)
    return Outlook(forecast, total, runs_out_at, tuple(ahead), first)


_NAMES = ("lower", "median", "upper")


@dataclass(frozen=True, slots=True)
class _Paths:
    """What is used after each day, by the bound, without the scenario and with it."""

    before: Mapping[str, list[float]]
    after: Mapping[str, list[float]]

    @classmethod
    def of(
        cls, forecast: Forecast, effects: Effects, additions: Sequence[Addition], departures: Sequence[Departure]
    ) -> "_Paths":
        before = {name: [0.0, *(float(getattr(band, name)) for band in forecast.daily)] for name in _NAMES}
        made_at_s = int(forecast.made_at.timestamp())
        factors, more = [], []
        for day in range(len(forecast.daily)):
            at_s = made_at_s + day * DAY_S + DAY_S // 2
            factors.append(_factor(forecast, effects, departures, day + 0.5, at_s))
            more.append(sum(_added(one, forecast.budget.unit, effects, day + 0.5, at_s) for one in additions))
        after = {name: _scaled(line, factors, more) for name, line in before.items()}
        return cls(before, after)


def _scaled(line: list[float], factors: Sequence[float], more: Sequence[float]) -> list[float]:
    scaled = [0.0]
    for day, (factor, added) in enumerate(zip(factors, more, strict=True)):
        scaled.append(scaled[-1] + (line[day + 1] - line[day]) * factor + added)
    return scaled


def _factor(forecast: Forecast, effects: Effects, departures: Sequence[Departure], day: float, at_s: int) -> float:
    """Return how many times as much a day uses under a scenario."""
    if forecast.budget.unit is Unit.USD:
        return _growth(effects, day) * price_factor(forecast, effects.prices, at_s, departures)
    return _growth(effects, day) * _left(forecast, departures)


def _growth(effects: Effects, day: float) -> float:
    """Return how many times as much is used at all, whatever it costs."""
    growth = float((1 + effects.growth_bp / BASIS_POINTS) ** (day / DAYS_OF_A_MONTH))
    return growth * effects.overhead_milli / MILLI


def _added(addition: Addition, unit: Unit, effects: Effects, day: float, at_s: int) -> float:
    """Return what a day is used more, at its own price."""
    if addition.from_s > at_s:
        return 0.0
    amount = addition.of(unit) * (_growth(effects, day) if addition.grows else 1.0)
    return amount * _dearer(effects.prices, addition.model, addition.provider, at_s) if unit is Unit.USD else amount


def _dearer(prices: Sequence[PriceEffect], model: str, provider: str, at_s: int) -> float:
    """Return how many times as much a model costs at an instant."""
    return prod(one.factor for one in prices if one.from_s <= at_s and one.concerns(model, provider))


def price_factor(
    forecast: Forecast, prices: Sequence[PriceEffect], at_s: int, departures: Sequence[Departure] = ()
) -> float:
    """Return how many times as much the models of a budget cost at an instant, by what it spent on each lately."""
    spent = sum(share.cost_nano_usd for share in forecast.mix)
    if not spent:
        return 1.0
    later = 0.0
    for share in forecast.mix:
        gone = [one for one in departures if (one.model, one.provider) == (share.model, share.provider)]
        factor = _dearer(prices, share.model, share.provider, at_s) * (1 - sum(one.part for one in gone))
        for one in gone:
            if one.stays:
                factor += one.part * one.ratio * _dearer(prices, one.to_model, one.to_provider, at_s)
        later += share.cost_nano_usd * factor
    return later / spent


def _left(forecast: Forecast, departures: Sequence[Departure]) -> float:
    """Return how much of its tokens is left to a budget; of its requests, as much."""
    tokens = sum(share.tokens for share in forecast.mix)
    if not tokens:
        return 1.0
    gone = sum(
        share.tokens * one.part
        for share in forecast.mix
        for one in departures
        if (one.model, one.provider) == (share.model, share.provider) and not one.stays
    )
    return 1 - gone / tokens


def _at(line: Sequence[float], day: float) -> float:
    """Return what is used after so many days; the path ends at the horizon."""
    whole = min(int(day), len(line) - 1)
    following = min(whole + 1, len(line) - 1)
    return line[whole] + (day - whole) * (line[following] - line[whole]) if line else 0.0


def _total(forecast: Forecast, name: str, paths: _Paths, remaining: float) -> int:
    """Return a bound of the period's total; what is held beyond the path grows with it."""
    before, after = _at(paths.before[name], remaining), _at(paths.after[name], remaining)
    rest = int(getattr(forecast.total, name)) - forecast.used
    return forecast.used + round(max(after + max(rest - before, 0.0), 0.0))


def _later(period: PeriodAhead, paths: _Paths, start: float, end: float) -> PeriodAhead:
    before = _at(paths.before["median"], end) - _at(paths.before["median"], start)
    after = _at(paths.after["median"], end) - _at(paths.after["median"], start)
    factor = after / before if before > 0 else 1.0
    total = period.total
    lower, upper = round(total.lower * factor), round(total.upper * factor)
    median = round(after)
    return PeriodAhead(period.start_s, period.end_s, Band(min(lower, median), median, max(upper, median)), period.limit)


def _passes(
    paths: _Paths, used: int, limit: int | None, span: tuple[float, float], made_at_s: int, *, held: int = 0
) -> datetime | None:
    """Return when the median, or what is held, passes a limit between two days, or None."""
    if limit is None:
        return None
    line, (start, end) = paths.after["median"], span
    base = _at(line, start) - used
    if used + held > limit:
        return datetime.fromtimestamp(made_at_s, UTC)
    for day in range(int(start), ceil(end)):
        upto = min(float(day + 1), end)
        if _at(line, upto) - base > limit:
            began = max(float(day), start)
            low, high = _at(line, began) - base, _at(line, upto) - base
            part = (limit - low) / (high - low) if high > low else 0.0
            return datetime.fromtimestamp(made_at_s + (began + part * (upto - began)) * DAY_S, UTC)
    return None


def pool_rate(unit_rate_nano_usd: int, utilisation: float) -> int:
    """Return what a unit of a commitment really costs: ``rate x (2 - utilisation)``; what is not used is paid, too.

    Args:
        unit_rate_nano_usd: What a unit costs if all of the commitment is used.
        utilisation: The share of it that is used, from 0 to 1.
    """
    return round(unit_rate_nano_usd * (2 - utilisation))


def break_even_tokens(fixed_nano_usd: int, own_rate: float, api_rate: float) -> int | None:
    """Return from how many tokens a month on one's own machines are cheaper; None: never.

    Args:
        fixed_nano_usd: What they cost a month, however much they are used.
        own_rate: What a token costs on them beside that, in nano-USD.
        api_rate: What it costs at the provider, in nano-USD.
    """
    return ceil(fixed_nano_usd / (api_rate - own_rate)) if api_rate > own_rate else None
