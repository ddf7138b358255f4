"""The ForecastRule as it is written."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.envelope import ScopedEnvelope
from governor.compiler.shapes.fields import Change, Day, Growth, Horizon, Name, Pattern, Percent, Provider, Shape


class PriceChangeShape(Shape, kw_only=True):
    """Another price, of a model or of all models of a provider."""

    by: Annotated[Change, Meta(description="How much dearer, or cheaper.", examples=["20%", "-10%"])]
    model: Annotated[
        Pattern | UnsetType,
        Meta(description="The model; absent: all of the provider.", examples=["anthropic/claude-opus-*"]),
    ] = UNSET
    provider: Annotated[
        Provider | UnsetType,
        Meta(
            description="Who serves it, as usage says, or the first part of the model's id; absent: anybody.",
            examples=["anthropic"],
        ),
    ] = UNSET
    from_: Annotated[
        Day | UnsetType, Meta(description="The first day of the other price; absent: now.", examples=["2027-01-01"])
    ] = field(default=UNSET, name="from")


class ScenarioShape(Shape, kw_only=True):
    """One future that is compared with the forecast."""

    name: Annotated[Name, Meta(description="What it is called.", examples=["peak"])]
    growth: Annotated[
        Growth,
        Meta(
            description="How much more is used in each month than in the month before, beside what the forecast sees.",
            examples=["8% per month"],
        ),
    ] = "0% per month"
    overhead: Annotated[
        float,
        Meta(
            ge=0.1,
            le=10.0,
            description="What retries, longer contexts and tool loops make of the use so far: 1.2 is a fifth more.",
            examples=[1.2],
        ),
    ] = 1.0
    price_change: Annotated[
        list[PriceChangeShape],
        Meta(
            description="Other prices.",
            examples=[[{"provider": "anthropic", "by": "20%", "from": "2027-01-01"}]],
        ),
    ] = field(default_factory=list)


class ForecastRuleShape(ScopedEnvelope, kw_only=True, tag_field="kind", tag="ForecastRule"):
    """How budgets are forecast, and which futures are compared; of several rules the narrowest counts."""

    horizon: Annotated[
        Horizon, Meta(description="How far forecasts look, beyond the end of the period too.", examples=["90 days"])
    ] = "90 days"
    interval: Annotated[
        Percent,
        Meta(description="How often what happens should lie in the interval; 50% to 99%.", examples=["80%"]),
    ] = "80%"
    min_history: Annotated[
        Horizon,
        Meta(
            description="With less history a forecast is a plain run-rate marked `insufficient_data`, and no alert is "
            "sent on it.",
            examples=["14 days"],
        ),
    ] = "14 days"
    alert_on: Annotated[
        Literal["lower", "median", "upper"],
        Meta(
            description="Which number of the forecast has to pass an alert's threshold: `lower` warns late and surely, "
            "`upper` early and often.",
            examples=["lower"],
        ),
    ] = "lower"
    accuracy_target: Annotated[
        Percent | UnsetType,
        Meta(
            description="The median error that the forecasts should stay below; what they really reach is shown "
            "beside it.",
            examples=["15%"],
        ),
    ] = UNSET
    scenarios: Annotated[
        list[ScenarioShape],
        Meta(description="The futures that are compared.", examples=[[{"name": "peak", "growth": "25% per month"}]]),
    ] = field(default_factory=list)
