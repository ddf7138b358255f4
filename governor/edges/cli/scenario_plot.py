"""The picture of a scenario: one budget's periods with and without it, beside their limits."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from governor.edges.cli.pictures import (
    FUTURE,
    INK,
    LIMIT,
    PLAIN,
    begin_picture,
    budget_name,
    dress,
    heading,
    short,
    write_picture,
)

WIDTH = 0.34
WHOLE = 0.85
"""A period that is shorter than so much of the first was cut by the horizon: its total would look like a fall."""

Period = Mapping[str, Any]


def draw_scenario(document: Mapping[str, Any], path: Path) -> None:
    """Draw the budget that breaks first, as ``POST /forecasts/scenarios`` gives it, into a file.

    Raises:
        InvalidRequestError: If the file is neither PNG nor SVG, or cannot be written.
    """
    budget = document["budgets"][0]
    periods = _periods(budget)
    figure, axes = begin_picture(path, (10, 5.6))
    _bars(axes, [period["forecast"] for period in periods], -WIDTH / 2, PLAIN, "forecast as things are")
    _bars(axes, [period["total"] for period in periods], WIDTH / 2, FUTURE, f"scenario {document['scenario']}")
    _amounts(axes, budget["unit"], periods)
    _limits(axes, periods)
    dress(axes, budget["unit"])
    axes.set_xticks(range(len(periods)), [_label(period, is_first=not n) for n, period in enumerate(periods)])
    heading(axes, budget_name(budget), _outcome(budget))
    axes.legend(loc="upper left", facecolor="white", edgecolor="none", framealpha=1, ncols=4, bbox_to_anchor=(0, 1.0))
    axes.set_ylim(top=axes.get_ylim()[1] * 1.12)
    assumed = "Assumes: " + "; ".join(document["assumes"])
    figure.supxlabel(assumed, fontsize=8.5, color=INK, x=0.01, ha="left", wrap=True)
    write_picture(figure, path)


def _periods(budget: Mapping[str, Any]) -> list[Period]:
    first = {name: budget[name] for name in ("period", "limit", "forecast", "total")}
    usual = _length(first)
    if usual is None:
        return [first]
    return [first, *(period for period in budget["ahead"] if (_length(period) or usual) >= WHOLE * usual)]


def _length(period: Period) -> timedelta | None:
    start, end = period["period"]["start"], period["period"]["end"]
    return datetime.fromisoformat(end) - datetime.fromisoformat(start) if end is not None else None


def _bars(axes: Axes, bands: Sequence[Mapping[str, str]], aside: float, colour: str, label: str) -> None:
    places = [place + aside for place in range(len(bands))]
    low, middle, high = ([float(band[name]) for band in bands] for name in ("lower", "median", "upper"))
    axes.bar(places, middle, WIDTH * 0.94, color=colour, label=label)
    # The interval as a thin line from end to end: what is likely, not what is sure.
    words = "likely range" if colour == FUTURE else "_"
    axes.vlines(places, low, high, color=INK, lw=1.1, alpha=0.65, label=words)


def _amounts(axes: Axes, unit: str, periods: Sequence[Period]) -> None:
    """Write each bar's amount into it: exact enough to be read aloud."""
    for place, period in enumerate(periods):
        for aside, name, ink in ((-WIDTH / 2, "forecast", INK), (WIDTH / 2, "total", "white")):
            amount = float(period[name]["median"])
            axes.annotate(
                short(amount, unit),
                (place + aside, 0),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                color=ink,
                fontweight="bold",
            )


def _limits(axes: Axes, periods: Sequence[Period]) -> None:
    label = "limit"
    for place, period in enumerate(periods):
        if period["limit"] is not None:
            axes.hlines(float(period["limit"]), place - 0.46, place + 0.46, color=LIMIT, lw=1.8, label=label)
            label = "_"


def _label(period: Period, *, is_first: bool) -> str:
    # A period begins at midnight of its own zone, which may be the evening before in UTC.
    begins = datetime.fromisoformat(period["period"]["start"]) + timedelta(hours=12)
    length = _length(period)
    if length is not None and length < timedelta(days=26):
        words = f"from {begins:%d %b}"
    elif length is not None and length > timedelta(days=100):
        words = f"{begins:%Y}"
    else:
        words = f"{begins:%b %Y}"
    return f"{words}\n(now)" if is_first else words


def _outcome(budget: Mapping[str, Any]) -> str:
    if budget["limit"] is None:
        return "no limit"
    if budget["breaks_at"] is None:
        return "stays below its limit as far as the forecast reaches"
    at = datetime.fromisoformat(budget["breaks_at"])
    return f"passes its limit on {at:%d %B %Y}"
