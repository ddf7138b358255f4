"""How well series of different character are foreseen, against the run-rate: recorded ones, and known rhythms."""

import math
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governor.compiler.public_holidays import public_holidays
from governor.edges.cli.app import app
from tests.forecasts.backtests import Lines, backtested, written

RECORDED = Path(__file__).parents[3] / "shared" / "data"
"""Public series, recorded outside this project; where they are absent, what needs them is skipped."""

AMERICAN = public_holidays("US")

QUARTERS = ("--period", "quarter")
FRACTIONS = (0.25, 0.5, 0.75)

needs_recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"the recorded series are not at {RECORDED}")


def gains(lines: Lines, group: str) -> list[float]:
    """Return by how much less the median error is than the run-rate's, at each part of the period."""
    return [lines[group, fraction]["improvement"] for fraction in FRACTIONS]


@needs_recorded
def test_recorded_teams_are_foreseen_better_than_by_a_run_rate() -> None:
    """On public series of an AI service: 8 %, 25 % and 40 % less error, hours better than naive, honest intervals."""
    lines = backtested(RECORDED / "servegen-hourly.csv.gz")

    assert [True] * 3 == [gain > aim for gain, aim in zip(gains(lines, "teams"), (0.08, 0.25, 0.40), strict=True)]
    assert all(lines["teams", part]["mase"] < lines["teams", part]["seasonal_naive_mase"] for part in FRACTIONS)
    assert all(0.72 <= lines["teams", part]["coverage"] <= 0.88 for part in FRACTIONS)


@needs_recorded
def test_recorded_quarters_of_years_are_foreseen_better_than_by_a_run_rate() -> None:
    """On eight years of a page's visits, which come and go with a season of sports: what was last year counts."""
    lines = backtested(RECORDED / "daily" / "example_wp_log_peyton_manning.csv", *QUARTERS)

    assert [True] * 3 == [gain > aim for gain, aim in zip(gains(lines, "all"), (0.08, 0.25, 0.40), strict=True)]
    assert all(lines["all", part]["mase"] < lines["all", part]["seasonal_naive_mase"] for part in FRACTIONS)


@needs_recorded
def test_recorded_months_are_foreseen_better_than_by_a_run_rate() -> None:
    """On four years of a street with the break of 2020: seasons help, and one that stayed away costs little."""
    lines = backtested(RECORDED / "daily" / "example_pedestrians_covid.csv")

    assert [True] * 3 == [gain > aim for gain, aim in zip(gains(lines, "all"), (0.08, 0.25, 0.1), strict=True)]
    assert all(lines["all", part]["mase"] < lines["all", part]["seasonal_naive_mase"] for part in FRACTIONS)


def noise(number: int, on: date) -> float:
    """Return chance that is the same in every run, of mean 0 and deviation 1."""
    return random.Random(f"{number} {on}").gauss(0, 1)


def test_young_days_that_are_alike_are_no_trend(tmp_path: Path) -> None:
    """Where only chance makes days differ, a fortnight's run-rate is as good as anything: it is nearly reached."""
    path = written(tmp_path / "even.csv", 14, 60, lambda number, on: 1000 + 50 * noise(number, on))
    lines = backtested(path, "--period", "whole", "--departments", "0")

    assert all(gain > -0.2 for gain in gains(lines, "teams"))


def test_a_second_week_is_as_the_first(tmp_path: Path) -> None:
    """Ten days are enough to see a weekend coming; seven that end with one are not taken for a fall."""
    path = written(
        tmp_path / "weekend.csv",
        14,
        60,
        lambda number, on: (400 if on.weekday() in {5, 6} else 1000) * (1 + 0.05 * noise(number, on)),
    )
    _, half, three_quarters = gains(backtested(path, "--period", "whole", "--departments", "0"), "teams")

    assert half > -0.2
    assert three_quarters > 0.4


def test_a_season_comes_again(tmp_path: Path) -> None:
    """What grew in the spring of a year grows in the next: quarters are foreseen with half the run-rate's error."""
    path = written(
        tmp_path / "season.csv",
        2 * 365 + 180,
        1,
        lambda number, on: 1000 * (1 + 0.6 * math.sin(on.timetuple().tm_yday / 58.1)) * (1 + 0.05 * noise(number, on)),
    )

    assert all(gain > 0.5 for gain in gains(backtested(path, *QUARTERS), "all"))


def seldom(number: int, on: date) -> float:
    """Return a use of two days in three, some of them ten times as much as others."""
    chance = random.Random(f"seldom {number} {on}")
    return chance.choice((0, 100, 100)) * math.exp(chance.gauss(0, 1))


def test_days_that_are_often_empty_come_to_their_average(tmp_path: Path) -> None:
    """A usual day says too little of them: their months are foreseen at least as well as by a run-rate."""
    lines = backtested(written(tmp_path / "seldom.csv", 120, 12, seldom), "--departments", "0")

    assert all(lines["teams", part]["wape"] < lines["teams", part]["run_rate_wape"] for part in FRACTIONS)


def test_growth_goes_on(tmp_path: Path) -> None:
    """What grew by a tenth each month for half a year is foreseen to grow: quarters with half the run-rate's error."""
    path = written(
        tmp_path / "growth.csv",
        2 * 365,
        1,
        lambda number, on: 1000 * math.exp(on.toordinal() / 300 - 2460) * (1 + 0.1 * noise(number, on)),
    )

    assert all(gain > 0.5 for gain in gains(backtested(path, *QUARTERS), "all"))


def test_a_busy_end_of_the_month_comes_again(tmp_path: Path) -> None:
    """Three times as much on the last three days of each month is foreseen, weekends or not; nobody else sees it."""

    def value(number: int, on: date) -> float:
        last = (on + timedelta(days=3)).month != on.month
        return 1000 * (0.4 if on.weekday() > 4 else 1.0) * (3.0 if last else 1.0) * (1 + 0.1 * noise(number, on))

    lines = backtested(written(tmp_path / "month.csv", 395, 1, value))

    assert all(gain > 0.4 for gain in gains(lines, "all"))
    assert lines["all", 0.75]["median_error"] < 0.05


def holiday(number: int, on: date) -> float:
    """Return a use that rests on American holidays."""
    rests = on in AMERICAN
    return 1000 * (0.4 if on.weekday() > 4 else 1.0) * (0.3 if rests else 1.0) * (1 + 0.03 * noise(number, on))


def test_holidays_are_foreseen_where_they_are_kept(tmp_path: Path) -> None:
    """With the country's holidays the months are foreseen better than without."""
    path = written(tmp_path / "holidays.csv", 460, 1, holiday)
    without, known = backtested(path, *QUARTERS), backtested(path, *QUARTERS, "--holidays", "US")

    assert all(known["all", part]["wape"] < 0.8 * without["all", part]["wape"] for part in FRACTIONS[:2])


def test_holidays_that_nobody_keeps_do_no_harm(tmp_path: Path) -> None:
    """Who works through every holiday is foreseen nearly as well with a calendar as without."""
    path = written(tmp_path / "busy.csv", 460, 1, lambda number, on: 1000 + 30 * noise(number, on))
    without, known = backtested(path, *QUARTERS), backtested(path, *QUARTERS, "--holidays", "US")

    assert all(known["all", part]["wape"] < without["all", part]["wape"] + 0.005 for part in FRACTIONS)


def test_an_unknown_country_is_explained(tmp_path: Path) -> None:
    """With what to write instead."""
    path = written(tmp_path / "any.csv", 30, 1, holiday)
    result = CliRunner().invoke(app, ["forecast", "--backtest", "--series", str(path), "--holidays", "XX"])

    assert (2, True) == (result.exit_code, "DE-BE" in result.stderr)


def test_chance_is_no_season(tmp_path: Path) -> None:
    """Half a second year without any rhythm: looking for one costs less than a hundredth of the total."""
    path = written(tmp_path / "flat.csv", 550, 1, lambda number, on: 1000 * (1 + 0.1 * noise(number, on)))
    lines = backtested(path, *QUARTERS)

    assert all(
        lines["all", part]["median_error"] < lines["all", part]["run_rate_median_error"] + 0.01 for part in FRACTIONS
    )
