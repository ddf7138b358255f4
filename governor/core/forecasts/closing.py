"""What a forecast is compared with when its period is over."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from governor.core.forecasts.accuracy import FORECAST, NAIVE, RUN_RATE, SEASONAL_NAIVE, Judged
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
    naive = forecast.baselines.naive
    baselines = replace(
        forecast.baselines,
        run_rate_path_error=path_error(forecast, seen, _evenly_to(forecast.baselines.run_rate)),
        naive_path_error=path_error(forecast, seen, _evenly_to(naive)) if naive is not None else None,
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


def _evenly_to(total: int) -> Callable[[Forecast, float], float]:
    """Return what is used so many days after a forecast if every day brings as much until a period's total."""

    def after(forecast: Forecast, days: float) -> float:
        end_s = forecast.budget.period_end_s
        assert end_s is not None, "a lifetime is never over"
        remaining = (end_s - forecast.made_at.timestamp()) / DAY_S
        return (total - forecast.used) * days / remaining

    return after


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
    baselines = forecast.baselines
    totals = {
        FORECAST: forecast.total.median,
        RUN_RATE: baselines.run_rate,
        NAIVE: baselines.naive,
        SEASONAL_NAIVE: baselines.seasonal_naive,
    }
    return Judged(
        actual=forecast.actual,
        totals={method: total for method, total in totals.items() if total is not None},
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
        (NAIVE, baselines.naive_path_error),
        (SEASONAL_NAIVE, baselines.seasonal_naive_path_error),
    )
