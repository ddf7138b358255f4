"""What the processes that forecast run first: numbers and models are imported there alone, never by a server."""

from governor.core.forecasts.forecast import Forecast
from governor.services.forecast.series_jobs import SeriesJob, TriedSeries
from governor.services.forecast.tasks import ForecastJob, TriedBudget


def run_job(job: ForecastJob) -> list[Forecast]:
    """Forecast the budgets of a job."""
    from governor.services.forecast.worker import forecast_job  # noqa: PLC0415 - see above

    return forecast_job(job)


def run_backtest(job: ForecastJob) -> list[TriedBudget]:
    """Forecast the past periods of the budgets of a job again."""
    from governor.services.forecast.worker import backtest_job  # noqa: PLC0415 - see above

    return backtest_job(job)


def run_series(job: SeriesJob) -> tuple[list[TriedSeries], int]:
    """Forecast a recorded series again; also how many origins were left out."""
    from governor.services.forecast.backtest import series_job  # noqa: PLC0415 - see above

    return series_job(job)
