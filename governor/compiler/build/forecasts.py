"""ForecastRule documents to core values."""

from functools import partial

from msgspec import UnsetType

from governor.compiler.build.header import Models, build_header
from governor.compiler.build.reader import Reader, given
from governor.compiler.forecast_quantities import parse_change, parse_growth, parse_horizon
from governor.compiler.quantities import parse_percent, parse_whole_percent
from governor.compiler.shapes.forecasts import ForecastRuleShape, PriceChangeShape, ScenarioShape
from governor.compiler.source import Path
from governor.core.policy.forecast_rule import Bound, ForecastRule, PriceChange, ScenarioRule

INTERVALS = range(50, 100)
"""Intervals in percent that can be asked for: below, a coin says as much; above, no history is long enough."""


def build_forecast_rule(shape: ForecastRuleShape, reader: Reader, models: Models) -> ForecastRule:
    """Build one rule."""
    interval = reader.read(parse_whole_percent, shape.interval, ("interval",), 80)
    if interval not in INTERVALS:
        hint = "write 80%; from 50% to 99%"
        reader.add("wrong-number", f"an interval of {interval}% says nothing", ("interval",), hint=hint)
    _refuse_equal_names(shape, reader)
    return ForecastRule(
        header=build_header("ForecastRule", shape, reader, models),
        horizon_days=reader.read(parse_horizon, shape.horizon, ("horizon",), 90),
        interval_percent=interval,
        min_history_days=reader.read(parse_horizon, shape.min_history, ("min_history",), 14),
        alert_on=Bound(shape.alert_on),
        accuracy_target_bp=reader.maybe(parse_percent, shape.accuracy_target, ("accuracy_target",)),
        scenarios=tuple(_scenario(item, index, reader, models) for index, item in enumerate(shape.scenarios)),
    )


def _refuse_equal_names(shape: ForecastRuleShape, reader: Reader) -> None:
    seen: set[str] = set()
    for index, item in enumerate(shape.scenarios):
        if item.name in seen:
            message = f"there is another scenario `{item.name}`"
            reader.add("duplicate-name", message, ("scenarios", index, "name"), hint="give one of them another name")
        seen.add(item.name)


def _scenario(item: ScenarioShape, index: int, reader: Reader, models: Models) -> ScenarioRule:
    path: Path = ("scenarios", index)
    change = partial(_price_change, reader=reader, models=models)
    return ScenarioRule(
        name=item.name,
        growth_bp=reader.read(parse_growth, item.growth, (*path, "growth"), 0),
        overhead_milli=round(item.overhead * 1000),
        price_changes=tuple(
            change(each, (*path, "price_change", number)) for number, each in enumerate(item.price_change)
        ),
    )


def _price_change(item: PriceChangeShape, path: Path, *, reader: Reader, models: Models) -> PriceChange:
    if isinstance(item.model, UnsetType) and isinstance(item.provider, UnsetType):
        hint = "name a model or a provider"
        reader.add("missing-field", "it does not say whose price changes", path, hint=hint)
    model = given(item.model, "")
    return PriceChange(
        by_bp=reader.read(parse_change, item.by, (*path, "by"), 0),
        model=models.canonical(model) if model else "",
        provider=given(item.provider, ""),
        from_at=reader.first_instant(item.from_, (*path, "from")),
    )
