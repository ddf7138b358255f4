"""``GET /forecasts``: where budgets will end, how surely, and how good such forecasts have been."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from governor.edges.api.access import TheGovernor
from governor.edges.api.bodies import require_json
from governor.edges.api.budgets import BudgetParameters, PeriodWire
from governor.edges.api.decoding import BodyDecoder
from governor.edges.api.examples_forecasts import FORECASTS, SCENARIO_ANSWER
from governor.services.budgets import BudgetQuery
from governor.services.forecast.scenario_request import (
    PoolWire,
    PriceChangeWire,
    ProductionWire,
    ScenarioWire,
    SelfHostedWire,
    ShiftWire,
)
from governor.services.forecast.scenario_wire import comparison_wire
from governor.services.forecast.wire import page_wire

PATIENCE_S = 10.0
"""How long an answer waits for forecasts that are being made: enough to start their process and make some dozens."""

forecast_routes = APIRouter(tags=["read"])


class ForecastParameters(BudgetParameters):
    """Which budgets, as for ``GET /budgets``; ``at`` shows what was forecast by then, and what then happened."""

    path: Annotated[
        bool, Field(description="Also the days before, and the course from day to day up to the horizon.")
    ] = False
    wait: Annotated[
        bool,
        Field(
            description="Wait until forecasts that are missing, or older than an hour, are made: seconds to minutes."
        ),
    ] = False


class BandWire(BaseModel):
    """A median with its interval; decimal strings."""

    lower: str
    median: str
    upper: str


class AheadWire(BaseModel):
    """A later period, as far as the horizon reaches."""

    period: PeriodWire
    limit: str
    total: BandWire


class AccuracyWire(BaseModel):
    """How good such forecasts were, beside simple methods; shares. `basis`: forecasts that were made, or a backtest.

    `target` is the `accuracy_target` of the budget's ForecastRule.
    """

    basis: str
    count: int
    median_error: float | None
    wape: float | None
    bias: float | None
    mase: float | None
    run_rate_median_error: float | None
    run_rate_wape: float | None
    run_rate_bias: float | None
    run_rate_mase: float | None
    naive_median_error: float | None
    naive_wape: float | None
    naive_bias: float | None
    naive_mase: float | None
    seasonal_naive_median_error: float | None
    seasonal_naive_wape: float | None
    seasonal_naive_bias: float | None
    seasonal_naive_mase: float | None
    coverage: float | None
    improvement: float | None
    target: float | None
    within_target: bool | None


class PathWire(BandWire):
    """What will have been used by an instant, counted from the period's beginning."""

    at: datetime


class UsedWire(BaseModel):
    """What the period had used by an instant."""

    at: datetime
    used: str


class ForecastWire(BaseModel):
    """One budget's forecast; amounts are decimal strings in `unit`."""

    policy: str
    scope: dict[str, str]
    unit: str
    period: PeriodWire
    made_at: datetime
    limit: str | None
    used: str
    held: str
    total: BandWire
    interval_percent: int
    exceeds_probability: float | None
    runs_out_at: datetime | None
    spend_usd: BandWire | None
    tokens: BandWire | None
    history_days: int
    insufficient_data: bool
    method: str
    baselines: dict[str, str | None]
    ahead: list[AheadWire]
    actual: str | None
    accuracy: AccuracyWire | None
    history: list[UsedWire] | None = None
    path: list[PathWire] | None = None
    then: list[UsedWire] | None = None


class ForecastsWire(BaseModel):
    """One page of forecasts; `pending` of them are being made anew: `made_at` says of when the shown ones are."""

    model_config = ConfigDict(json_schema_extra={"example": FORECASTS})

    forecasts: list[ForecastWire]
    next: str | None
    pending: int


@forecast_routes.get("/forecasts", summary="Forecasts", response_model=ForecastsWire, response_model_exclude_unset=True)
async def forecasts(parameters: Annotated[ForecastParameters, Query()], governor: TheGovernor) -> dict[str, Any]:
    """List where budgets will end, as was last forecast; `made_at` says when.

    Forecasts that are missing or older than an hour are made beside the answer, which waits ten seconds for them:
    those that are not ready are the ones before, or a run-rate. Too little history is an answer, too.
    """
    wanted = parameters.model_dump()
    path, wait = wanted.pop("path"), wanted.pop("wait")
    now = governor.clock.now()
    page = await governor.forecaster.page(BudgetQuery(**wanted), now, None if wait else PATIENCE_S)
    policies = sorted({forecast.budget.policy for forecast in page.forecasts})
    record = await governor.judge.record(now, policies)
    return page_wire(page, record, path=path)


class LaterWire(AheadWire):
    """A later period under the scenario, and what is forecast of it without."""

    forecast: BandWire
    breaks: bool


class OutlookWire(BaseModel):
    """One budget under the scenario; `breaks_at` is when this or a later period first passes its limit."""

    policy: str
    scope: dict[str, str]
    unit: str
    period: PeriodWire
    limit: str | None
    used: str
    forecast: BandWire
    total: BandWire
    runs_out_at: datetime | None
    breaks_at: datetime | None
    ahead: list[LaterWire]
    insufficient_data: bool


class ComparisonWire(BaseModel):
    """What came of a scenario: what it assumes, and budgets, those that break first before the others.

    `pending` of them are being forecast anew: what stands here goes by the forecast before, or a run-rate.
    """

    model_config = ConfigDict(json_schema_extra={"example": SCENARIO_ANSWER})

    scenario: str
    assumes: list[str]
    numbers: dict[str, dict[str, Any]]
    budgets: list[OutlookWire]
    next: str | None
    pending: int


SCENARIO = BodyDecoder(
    ScenarioWire,
    {
        ".price_changes": PriceChangeWire,
        ".shifts": ShiftWire,
        ".productions": ProductionWire,
        ".pool": PoolWire,
        ".self_hosted": SelfHostedWire,
    },
)


@forecast_routes.post("/forecasts/scenarios", summary="What if", response_model=ComparisonWire)
async def scenarios(request: Request, governor: TheGovernor) -> dict[str, Any]:
    """Say what budgets would come to if use grew, prices changed, traffic moved, a pilot went live, and which break.

    Forecasts that are missing or older than an hour are made beside the answer, which waits ten seconds for them, or
    with `wait` until they are there.
    """
    require_json(request.scope)
    asked = SCENARIO.decode(await request.body())
    now = governor.clock.now()
    scenario, patience_s = asked.scenario(governor.comparer, now), None if asked.wait else PATIENCE_S
    comparison = await governor.comparer.compare(scenario, asked.query(), now, patience_s)
    return comparison_wire(comparison)
