"""What a forecast is compared with when its period is over."""

from collections.abc import Sequence

from governor.core.forecasts.accuracy import FORECAST, RUN_RATE, SEASONAL_NAIVE, Judged
from governor.core.forecasts.forecast import Forecast

DAY_S = 86_400

Seen = tuple[int, int]
"""An instant (Unix seconds), and what the period had used by then."""


def path_error(forecast: Forecast, seen: Sequence[Seen]) -> int | None:
    """Return how far a day was from what was forecast of it, on average.

    Args:
        forecast: What was said.
        seen: What was used by later instants of the same period, ascending; the last is the period's end.

    Returns:
        The mean absolute error of a day, or None where the path does not reach the first of these instants.
    """
    made_at_s = int(forecast.made_at.timestamp())
    before_s, before, wrong, days = made_at_s, forecast.used, 0.0, 0.0
    for at_s, used in seen:
        if at_s <= before_s or at_s - made_at_s > len(forecast.daily) * DAY_S:
            continue
        said = _median_after(forecast, (at_s - made_at_s) / DAY_S) - _median_after(
            forecast, (before_s - made_at_s) / DAY_S
        )
        wrong += abs(said - (used - before))
        days += (at_s - before_s) / DAY_S
        before_s, before = at_s, used
    return round(wrong / days) if days else None


def _median_after(forecast: Forecast, days: float) -> float:
    """Return the median of what is used so many days after the forecast."""
    whole = int(days)
    ends = (0, *(band.median for band in forecast.daily))
    if whole >= len(ends) - 1:
        return float(ends[-1])
    return ends[whole] + (days - whole) * (ends[whole + 1] - ends[whole])


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
        path_errors={FORECAST: forecast.path_error} if forecast.path_error is not None else {},
        scale=forecast.scale,
    )
