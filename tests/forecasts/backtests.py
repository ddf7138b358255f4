"""Series in files, and how well ``governor forecast --backtest`` foresees them."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from typer.testing import CliRunner

from governor.edges.cli.app import app

Lines = dict[tuple[str, float], dict[str, float]]
"""How a group of series was foreseen at a part of its periods."""


def backtested(path: Path, *more: str) -> Lines:
    """Backtest a file, and return its lines by group and part of the period."""
    result = CliRunner().invoke(app, ["forecast", "--backtest", "--series", str(path), "--output", "json", *more])
    assert result.exit_code == 0, result.output
    return {(line["group"], line["fraction"]): line for line in json.loads(result.stdout)["groups"]}


def written(path: Path, days: int, series: int, value: Callable[[int, date], float]) -> Path:
    """Write daily series from Monday, the second of January 2023, on.

    Args:
        path: The file.
        days: The length of each series.
        series: How many there are.
        value: Tells a value by the number of its series and its date.
    """
    lines = ["series,ds,y"]
    for number in range(series):
        dates = (date(2023, 1, 2) + timedelta(days=day) for day in range(days))
        lines += [f"{number},{on},{value(number, on):.3f}" for on in dates]
    path.write_text("\n".join(lines) + "\n")
    return path
