"""``governor forecast``: tables, JSON, pictures, and backtests of recorded series."""

import math
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governor.edges.api.examples_forecasts import FORECASTS, SCENARIO_ANSWER
from governor.edges.cli.app import app
from governor.edges.cli.forecast_plot import draw_forecast
from governor.edges.cli.scenario_plot import draw_scenario
from tests.cli.conftest import Cli
from tests.forecasts.backtests import backtested


def weekly(path: Path, days: int = 49) -> Path:
    """Write a daily series with a rhythm of weeks and a slow growth."""
    lines = ["ds,y"]
    for day in range(days):
        on = date(2026, 1, 1) + timedelta(days=day)
        lines.append(f"{on},{1000 * (0.3 if on.weekday() > 4 else 1.0) * (1 + day / 300) + 20 * math.sin(day):.2f}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_rhythm_of_weeks_is_found(tmp_path: Path) -> None:
    """After five weeks the days are foreseen twice as well as by the run-rate, which knows no weekends."""
    lines = backtested(weekly(tmp_path / "weekly.csv"))

    assert {("weekly", 0.25), ("weekly", 0.5), ("weekly", 0.75)} == {key for key in lines if key[0] != "all"}
    assert lines["weekly", 0.75]["median_error"] < lines["weekly", 0.75]["run_rate_median_error"]
    assert lines["weekly", 0.75]["mase"] < 0.5 * lines["weekly", 0.75]["run_rate_mase"]


def test_a_backtest_knows_nothing_after_its_origin(tmp_path: Path) -> None:
    """What comes after a period may be anything: what was forecast of the period is the same."""
    path = weekly(tmp_path / "weekly.csv", 35)
    before = backtested(path, "--period", "week")
    path.write_text(path.read_text() + "".join(f"2026-02-{day:02},9e6\n" for day in range(5, 9)))

    assert before == backtested(path, "--period", "week")


@pytest.mark.parametrize(
    ("text", "told"),
    [("a,b\n1,2\n", "no column"), ("ds,y\nyesterday,3\n", "is no time"), ("ds,y\n2026-01-01,many\n", "is no number")],
)
def test_a_file_that_is_no_series_is_explained(tmp_path: Path, text: str, told: str) -> None:
    """With what was expected, and the line; never a stack trace."""
    (tmp_path / "bad.csv").write_text(text)
    result = CliRunner().invoke(app, ["forecast", "--backtest", "--series", str(tmp_path / "bad.csv")])

    assert (2, True) == (result.exit_code, told in result.stderr)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_scenario_is_drawn(tmp_path: Path, ending: str) -> None:
    """Its periods with and without, into either kind of picture."""
    draw_scenario(SCENARIO_ANSWER, tmp_path / f"peak.{ending}")

    assert (tmp_path / f"peak.{ending}").stat().st_size > 5_000


def test_a_picture_says_what_it_shows(tmp_path: Path) -> None:
    """Whose budget it is, when it breaks, and what is assumed; an SVG tells its words to those who cannot see."""
    draw_scenario(SCENARIO_ANSWER, tmp_path / "peak.svg")
    words = (tmp_path / "peak.svg").read_text()

    expected = ("department-monthly-spend: support", "passes its limit on 21 December 2026", "use grows by 25%")
    for said in (*expected, "likely range"):
        assert said in words


def test_scenarios_are_drawn_from_the_database(cli: Cli, policies: Path, tmp_path: Path) -> None:
    """`--scenario` with `--plot` prints its table and draws; a name that is no picture is refused."""
    rule = "apiVersion: governor/v1\nkind: ForecastRule\nname: all\nscenarios: [{name: peak, overhead: 2.0}]\n"
    (policies / "forecasts.yaml").write_text(rule)
    cli("db", "upgrade")
    drawn = cli("forecast", "--scenario", "peak", "--plot", tmp_path / "peak.png")
    refused = cli("forecast", "--scenario", "peak", "--plot", tmp_path / "peak.gif")

    assert (0, True) == (drawn.exit_code, (tmp_path / "peak.png").stat().st_size > 5_000), drawn.output
    assert (2, True) == (refused.exit_code, "ends in .png or .svg" in refused.stderr)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_forecast_is_drawn(tmp_path: Path, ending: str) -> None:
    """Into either kind of picture; another one is refused."""
    forecast = {**FORECASTS["forecasts"][0], "history": [], "path": []}
    draw_forecast(forecast, tmp_path / f"one.{ending}")

    assert (tmp_path / f"one.{ending}").stat().st_size > 5_000


def test_a_picture_shows_what_then_happened(tmp_path: Path) -> None:
    """A forecast that was asked for as it was in the past is drawn with the course of things, and what it became."""
    plain = {**FORECASTS["forecasts"][0], "history": [], "path": []}
    then = [{"at": f"2026-11-{day}T09:00:00Z", "used": str(8200 + 150 * day)} for day in (22, 25, 29)]
    words = []
    for number, forecast in enumerate((plain, {**plain, "then": then, "actual": "12890.1"})):
        draw_forecast(forecast, tmp_path / f"{number}.svg")
        words.append((tmp_path / f"{number}.svg").read_text())

    assert all("reaches the limit" in text for text in words)
    assert [False, True] == ["what then happened" in text for text in words]
    assert [False, True] == ["it became" in text for text in words]


def test_a_backtest_of_a_server_is_refused(cli: Cli) -> None:
    """It reads the database: whoever names a server is told so, and not shown something else."""
    refused = cli("forecast", "--backtest", "--url", "http://127.0.0.1:1")

    assert (2, True) == (refused.exit_code, "leave out --url" in refused.stderr)
