"""Statistical models of the level beside the weekdays; the only place that knows statsforecast.

It takes a second to import, so it is imported when the first series with enough history comes, in the process that
forecasts, and never by a server that decides.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from governor.services.forecast.experts import WEEK, WEEKLY_DAYS_MIN, Expert, Forecasting, weekday_shares
from governor.services.forecast.history import Days, History

DAYS_MAX = 26 * WEEK
"""More history makes a fit slower, not better."""


@lru_cache(maxsize=1)
def _models() -> dict[str, Any]:
    from statsforecast.models import IMAPA, AutoETS  # noqa: PLC0415 - heavy, see above

    return {"exponential smoothing": AutoETS(season_length=1, model="ANN"), "aggregation": IMAPA()}


def _statistical(name: str) -> Forecasting:
    """Return what one of the models makes of the level; where it cannot be fitted, it goes on as in the last week."""

    def forecast(history: History, count: int) -> Days:
        profile, _ = weekday_shares(history)
        known = min(len(history.days), DAYS_MAX) // WEEK * WEEK
        days = history.days[-known:] / np.resize(profile, known)
        level = np.full(count, float(days[-WEEK:].mean()))
        if days.max() > days.min():
            try:
                made = np.asarray(_models()[name].forecast(days, count)["mean"], dtype=np.float64)
                level = np.where(np.isfinite(made), np.clip(made, 0.0, days.max()), level)
            except (ValueError, ArithmeticError, np.linalg.LinAlgError):
                pass
        return np.asarray(level * np.resize(profile, count))

    return forecast


SMOOTHING = Expert("exponential smoothing", _statistical("exponential smoothing"), WEEKLY_DAYS_MIN)
"""A level that moves as quickly as it did best so far."""

AGGREGATION = Expert("aggregation", _statistical("aggregation"), WEEKLY_DAYS_MIN)
"""For series that come in bursts: the level of days, weeks and longer stretches together."""
