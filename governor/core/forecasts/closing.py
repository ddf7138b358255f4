"""What a forecast is compared with when its period is over."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from governor.core.forecasts.accuracy import FORECAST, RUN_RATE, SEASONAL_NAIVE, Judged
from governor.core.forecasts.forecast import Forecast

DAY_S = 86_400

Seen = tuple[int, int]
"""An instant (Unix seconds), and what the period had used by then."""


def closed(forecast: Forecast, seen: Sequence[Seen]) -> Forecast:
    """Return a forecast with what happened.

    Args:
        forecast: What was said.
        seen: What was used by later instants of the same period, ascending; the last is the period's end.
    """
    baselines = replace(
        forecast.baselines,
        run_rate_path_error=path_error(forecast, seen, _run_rate_after),
        seasonal_naive_path_error=path_error(forecast, seen, _week_after) if forecast.week else None,
    )
    return replace(forecast, actual=seen[-1][1], path_error=path_error(forecast, seen), baselines=baselines)


def median_after(forecast: Forecast, days: float) -> float:
    """Return the median of what is used so many days after the forecast."""
    whole = int(days)
    ends = (0, *(band.median for band in forecast.daily))
    if whole >= len(ends) - 1:
        return float(ends[-1])
    return ends[whole] + (days - whole) * (ends[whole + 1] - ends[whole])


def _run_rate_after(forecast: Forecast, days: float) -> float:
    end_s = forecast.budget.period_end_s
    assert end_s is not None, "a lifetime is never over"
    remaining = (end_s - forecast.made_at.timestamp()) / DAY_S
    return (forecast.baselines.run_rate - forecast.used) * days / remaining


def _week_after(forecast: Forecast, days: float) -> float:
    weeks, rest = divmod(days, len(forecast.week))
    whole = int(rest)
    used = weeks * sum(forecast.week) + sum(forecast.week[:whole])
    return used + (rest - whole) * forecast.week[whole]


def path_error(
    forecast: Forecast, seen: Sequence[Seen], after: Callable[[Forecast, float], float] = median_after
) -> int | None:
    """Return how far a day was from what was said of it, on average.

    Args:
        forecast: What was said.
        seen: What was used by later instants of the same period, ascending; the last is the period's end.
        after: What is used so many days after the forecast, by a method.

    Returns:
        The mean absolute error of a day, or None where the forecast's days do not reach the first of these instants.
    """
    made_at_s = int(forecast.made_at.timestamp())
    before_s, before, wrong, days = made_at_s, forecast.used, 0.0, 0.0
    for at_s, used in seen:
        if at_s <= before_s or at_s - made_at_s > len(forecast.daily) * DAY_S:
            continue
        said = after(forecast, (at_s - made_at_s) / DAY_S) - after(forecast, (before_s - made_at_s) / DAY_S)
        wrong += abs(said - (used - before))
        days += (at_s - before_s) / DAY_S
        before_s, before = at_s, used
    return round(wrong / days) if days else None


def judged(forecast: Forecast) -> Judged:
    """Return a forecast beside what happened.

    Raises:
        ValueError: If its period is not over.
    """
    if forecast.actual is None:
        raise ValueError("a forecast is judged when its period is over")
    return Judged(
        actual=forecast.actual,
        totals={
            FORECAST: forecast.total.median,
            RUN_RATE: forecast.baselines.run_rate,
            SEASONAL_NAIVE: forecast.baselines.seasonal_naive,
        },
        lower=forecast.total.lower,
        upper=forecast.total.upper,
        path_errors={method: error for method, error in _path_errors(forecast) if error is not None},
        scale=forecast.scale,
    )


def _path_errors(forecast: Forecast) -> tuple[tuple[str, int | None], ...]:
    baselines = forecast.baselines
    return (
        (FORECAST, forecast.path_error),
        (RUN_RATE, baselines.run_rate_path_error),
        (SEASONAL_NAIVE, baselines.seasonal_naive_path_error),
    )
