"""How forecasts are judged: errors, bias, coverage, and the path from day to day."""

from dataclasses import replace
from datetime import UTC, datetime

from governor.core.forecasts.accuracy import Judged, accuracy
from governor.core.forecasts.closing import closed, judged, path_error
from governor.core.forecasts.forecast import Band, Baselines
from tests.store.test_forecasts import FORECAST

DAY_S = 86_400


def one(actual: float, said: float, plain: float, *, hit: bool = True) -> Judged:
    """Return a forecast beside what happened."""
    lower, upper = (actual - 1, actual + 1) if hit else (actual + 1, actual + 2)
    totals = {"forecast": said, "run_rate": plain, "naive": plain, "seasonal_naive": plain}
    return Judged(actual, totals, lower, upper, {"forecast": 2.0, "run_rate": 4.0, "seasonal_naive": 3.0}, 4.0)


def test_accuracy_is_that_of_a_calculation_by_hand() -> None:
    """Errors 10 %, 20 % and 5 % beside 50 %, 40 % and 10 %; two of three intervals hold."""
    found = accuracy([one(100, 110, 150), one(100, 80, 60), one(200, 190, 180, hit=False)])
    ours, plain = found.scores["forecast"], found.scores["run_rate"]

    assert (3, 2 / 3, 0.1, 0.4, 0.75) == (
        found.count,
        found.coverage,
        ours.median_error,
        plain.median_error,
        found.improvement,
    )
    assert (0.1, -0.05, 0.5, 0.75) == (ours.wape, ours.bias, ours.mase, found.scores["seasonal_naive"].mase)


def test_nothing_judged_says_nothing() -> None:
    """No number is made up."""
    found = accuracy([])

    assert (0, None, None, None) == (found.count, found.coverage, found.improvement, found.scores["forecast"].wape)


def test_a_path_is_compared_day_by_day() -> None:
    """Two days were said to use 10 and 20, and used 13 and 19: two a day are wrong on average."""
    said = replace(FORECAST, made_at=datetime.fromtimestamp(0, UTC), used=90, daily=(Band(0, 10, 20), Band(0, 30, 60)))

    assert 2 == path_error(said, [(DAY_S, 103), (2 * DAY_S, 122)])
    assert path_error(said, [(5 * DAY_S, 200)]) is None


def test_simple_methods_are_judged_by_their_days_too() -> None:
    """A fortnight that repeats its week is foreseen by it, and not by an average, which is the same every day."""
    weekend = (10, 10, 10, 10, 10, 0, 0)
    said = replace(
        FORECAST,
        budget=replace(FORECAST.budget, period_start_s=0, period_end_s=21 * DAY_S),
        made_at=datetime.fromtimestamp(7 * DAY_S, UTC),
        used=50,
        daily=tuple(Band(0, 7 * day, 20 * day) for day in range(1, 15)),
        baselines=Baselines(150, 150, 50),
        week=weekend,
    )
    used = [50 + sum((weekend * 2)[:day]) for day in range(1, 15)]
    found = judged(closed(said, [((7 + day) * DAY_S, amount) for day, amount in enumerate(used, start=1)]))

    assert {"forecast": 4, "run_rate": 4, "naive": 7, "seasonal_naive": 0} == found.path_errors
    assert 150 == found.actual


def test_a_kept_forecast_is_judged_by_what_happened() -> None:
    """What was said, what simple methods said, and what came of it stand beside each other."""
    found = judged(replace(FORECAST, actual=155, path_error=3))

    assert (155, 150, 140, 170, 155) == (found.actual, *found.totals.values())
    assert ({"forecast": 3}, 4, True) == (found.path_errors, found.scale, found.lower <= found.actual <= found.upper)


def test_a_method_that_was_not_kept_is_not_judged() -> None:
    """Forecasts of an older version did not keep what the last day says: nothing is made up for them."""
    older = judged(replace(FORECAST, baselines=Baselines(140, 155), actual=155, path_error=3))
    found = accuracy([older])

    assert {"forecast", "run_rate", "seasonal_naive"} == set(older.totals)
    assert (None, None) == (found.scores["naive"].median_error, found.scores["naive"].wape)
    assert found.scores["run_rate"].median_error is not None
