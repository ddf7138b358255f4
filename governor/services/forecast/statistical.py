"""Statistical models with trend and weekday rhythm; the only place that knows statsforecast.

It takes a second to import, so it is imported when the first series with enough history comes, in the process that
forecasts, and never by a server that decides.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from governor.services.forecast.experts import WEEK, Expert, Forecasting
from governor.services.forecast.history import Days, History

DAYS_MIN = 6 * WEEK
DAYS_MAX = 26 * WEEK
"""More history makes a fit slower, not better."""


@lru_cache(maxsize=1)
def _models() -> dict[str, Any]:
    from statsforecast.models import AutoETS, Theta  # noqa: PLC0415 - heavy, see above

    return {
        "theta": Theta(season_length=WEEK),
        "exponential smoothing": AutoETS(season_length=WEEK, model="ANA"),
    }


def _statistical(name: str) -> Forecasting:
    """Return what one of the models forecasts; where it cannot be fitted, every day is as the same weekday was last."""

    def forecast(history: History, count: int) -> Days:
        days = history.days[-DAYS_MAX:]
        if days.max() <= days.min():
            return np.full(count, float(days[-1]))
        try:
            made = np.asarray(_models()[name].forecast(days, count)["mean"], dtype=np.float64)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError):
            return np.resize(history.days[-WEEK:], count)
        return np.nan_to_num(np.clip(made, 0.0, 10 * days.max()), nan=float(days[-WEEK:].mean()))

    return forecast


STATISTICAL = (
    Expert("theta", _statistical("theta"), DAYS_MIN, is_slow=True),
    Expert("exponential smoothing", _statistical("exponential smoothing"), DAYS_MIN, is_slow=True),
)
