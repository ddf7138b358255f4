"""What was foreseen."""

from sqlalchemy import Index

from governor.store.tables.columns import CLUSTERED, Stored, number, octets, table, words


class Forecasts(Stored, table=True):
    """The latest forecast of each day for each budget, and what the period's total then was.

    ``day_s`` is the first second of the UTC day in which it was made. ``record`` keeps what only explanations and plots
    need.
    """

    __tablename__ = "forecasts"
    __table_args__ = (Index(None, "day_s"), Index(None, "period_end_s", "actual"), CLUSTERED)

    digest: bytes = octets(key=True)
    day_s: int = number(key=True)
    made_at_s: int = number()
    policy: str = words()
    scope: str = words()
    department: str = words()
    team: str = words()
    user: str = words()
    unit: str = words()
    period_start_s: int = number()
    period_end_s: int | None = number(optional=True)
    limit_amount: int | None = number(optional=True)
    used: int = number()
    held: int = number()
    lower: int = number()
    median: int = number()
    upper: int = number()
    interval_percent: int = number()
    exceeds_ppm: int | None = number(optional=True)
    runs_out_at_s: int | None = number(optional=True)
    history_days: int = number()
    insufficient_data: int = number()
    method: str = words()
    run_rate: int = number()
    seasonal_naive: int = number()
    actual: int | None = number(optional=True)
    path_error: int | None = number(optional=True)
    scale: int = number()
    record: bytes = octets()


class ForecastScores(Stored, table=True):
    """How good forecasts of some budgets were when the past was forecast again, at a part of their periods.

    ``fraction`` is how much of the period had passed, in percent; ``record`` is the accuracy.
    """

    __tablename__ = "forecast_scores"
    __table_args__ = (CLUSTERED,)

    policy: str = words(key=True)
    department: str = words(key=True)
    fraction: int = number(key=True)
    made_at_s: int = number()
    record: bytes = octets()


FORECASTS = table(Forecasts)
FORECAST_SCORES = table(ForecastScores)
