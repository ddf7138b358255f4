"""Forecasts are kept once a day for each budget, and the latest is what alerts and statements read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from governor.core.forecasts.forecast import Band, Baselines, Forecast, PeriodAhead
from governor.core.ledger.budget import BudgetKey
from governor.core.money import AMOUNT_MAX
from governor.core.units import Unit
from governor.store.database import Database
from governor.store.forecasts import keep_forecasts, read_forecasts_of, read_latest_forecasts

MORNING = datetime(2026, 11, 20, 6, tzinfo=UTC)
NOVEMBER = BudgetKey(b"n" * 16, "Quota/monthly", (("department", "marketing"),), Unit.USD, 0, 2_592_000)
FORECAST = Forecast(
    budget=NOVEMBER,
    department="marketing",
    team="",
    user="",
    made_at=MORNING,
    limit=200,
    used=90,
    held=3,
    total=Band(120, 150, 260),
    interval_percent=80,
    exceeds_ppm=210_000,
    runs_out_at=None,
    history_days=40,
    insufficient_data=False,
    method="combined",
    baselines=Baselines(140, 155, 170),
    spend=Band(120, 150, 260),
    daily=(Band(1, 2, 3), Band(2, 3, 4)),
    ahead=(PeriodAhead(2_592_000, 5_184_000, Band(100, 160, 300), 200),),
    scale=4,
)


async def test_a_forecast_comes_back_as_it_was_kept(database: Database) -> None:
    """Nothing of it is lost on either database."""
    await database.write(lambda connection: keep_forecasts(connection, [FORECAST]))
    kept = await database.read(lambda connection: read_latest_forecasts(connection, [NOVEMBER.digest, b"o" * 16]))

    assert {NOVEMBER.digest: FORECAST} == kept


async def test_the_days_latest_is_kept_and_the_newest_is_read(database: Database) -> None:
    """A later one replaces the same day's, never an earlier one a later one; the next day's stands beside it."""
    noon = replace(FORECAST, made_at=MORNING + timedelta(hours=6), total=Band(1, 2, 3))
    tomorrow = replace(FORECAST, made_at=MORNING + timedelta(days=1), total=Band(4, 5, 6))
    for forecast in (noon, FORECAST, tomorrow):
        await database.write(lambda connection, forecast=forecast: keep_forecasts(connection, [forecast]))
    kept = await database.read(lambda connection: read_forecasts_of(connection, NOVEMBER.digest))
    latest = await database.read(lambda connection: read_latest_forecasts(connection, [NOVEMBER.digest]))
    day_s = int(tomorrow.made_at.timestamp())
    earlier = await database.read(lambda connection: read_latest_forecasts(connection, [NOVEMBER.digest], day_s))

    assert ([noon, tomorrow], tomorrow, noon) == (kept, latest[NOVEMBER.digest], earlier[NOVEMBER.digest])


async def test_what_no_budget_can_count_is_forecast_as_the_most_that_one_can(database: Database) -> None:
    """Somebody reported counts at the limit of the type: the forecasts of all others are kept as well."""
    most, beyond = Band(1, 2, AMOUNT_MAX), Band(1, 2, 2**70)
    huge = replace(
        FORECAST,
        total=beyond,
        tokens=beyond,
        daily=(beyond,),
        baselines=Baselines(2**70, 155, 2**70),
        ahead=(PeriodAhead(2_592_000, 5_184_000, beyond, 200),),
    )
    other = replace(FORECAST, budget=replace(NOVEMBER, digest=b"o" * 16))
    await database.write(lambda connection: keep_forecasts(connection, [huge, other]))
    kept = await database.read(lambda connection: read_latest_forecasts(connection, [NOVEMBER.digest, b"o" * 16]))
    bounded = replace(
        huge,
        total=most,
        tokens=most,
        daily=(most,),
        baselines=Baselines(AMOUNT_MAX, 155, AMOUNT_MAX),
        ahead=(PeriodAhead(2_592_000, 5_184_000, most, 200),),
    )

    assert {NOVEMBER.digest: bounded, b"o" * 16: other} == kept
