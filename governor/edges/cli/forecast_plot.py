"""The picture of one forecast: what was used, what will be with its interval, the limit, and what then happened."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from matplotlib import dates as matplotlib_dates
from matplotlib.axes import Axes

from governor.edges.cli.pictures import (
    FUTURE,
    INK,
    LIMIT,
    PAST,
    TRUE,
    begin_picture,
    budget_name,
    dress,
    heading,
    short,
    write_picture,
)
from governor.edges.cli.pictures import instant_number as _at

SHORT_DAYS = 120
"""Shorter pictures name days, longer ones months."""


def draw_forecast(forecast: Mapping[str, Any], path: Path) -> None:
    """Draw a forecast, as ``GET /forecasts?path=true`` gives it, into a file.

    Raises:
        InvalidRequestError: If the file is neither PNG nor SVG, or cannot be written.
    """
    figure, axes = begin_picture(path, (10, 5.2))
    _draw(axes, forecast)
    write_picture(figure, path)


def _draw(axes: Axes, forecast: Mapping[str, Any]) -> None:
    made_at, used = _at(forecast["made_at"]), float(forecast["used"])
    end = forecast["period"]["end"]
    future = [step for step in forecast["path"] if end is None or _at(step["at"]) <= _at(end)]
    past = forecast["history"]
    if past:
        axes.plot(
            [_at(point["at"]) for point in past],
            [float(point["used"]) for point in past],
            color=PAST,
            lw=2.2,
            label="used",
        )
    at = [made_at, *(_at(step["at"]) for step in future)]
    lines = {name: [used, *(float(step[name]) for step in future)] for name in ("lower", "median", "upper")}
    if end is not None:
        at.append(_at(end))
        for name, line in lines.items():
            line.append(float(forecast["total"][name]))
    interval = f"{forecast['interval_percent']} % interval"
    axes.fill_between(at, lines["lower"], lines["upper"], color=FUTURE, alpha=0.16, lw=0, label=interval)
    axes.plot(at, lines["median"], color=FUTURE, lw=2.2, label="forecast")
    _draw_truth(axes, forecast)
    _draw_limit(axes, forecast, _at(past[0]["at"]) if past else at[0])
    axes.axvline(made_at, color=INK, lw=0.8, ls=":")
    made = f"made on {datetime.fromisoformat(forecast['made_at']):%d %b %Y}"
    axes.annotate(made, (made_at, 0), xytext=(5, 5), textcoords="offset points", color=INK, fontsize=9)
    _dress(axes, forecast)


def _draw_truth(axes: Axes, forecast: Mapping[str, Any]) -> None:
    then = forecast.get("then", ())
    if then:
        axes.plot(
            [_at(forecast["made_at"]), *(_at(point["at"]) for point in then)],
            [float(forecast["used"]), *(float(point["used"]) for point in then)],
            color=TRUE,
            lw=1.8,
            ls=(0, (4, 2)),
            label="what then happened",
        )


def _draw_limit(axes: Axes, forecast: Mapping[str, Any], first: float) -> None:
    if forecast["limit"] is None or _is_far(forecast):
        return
    limit = float(forecast["limit"])
    axes.axhline(limit, color=LIMIT, lw=1.4)
    words = f"limit {short(limit, forecast['unit'])}"
    axes.annotate(words, (first, limit), xytext=(4, 4), textcoords="offset points", color=LIMIT)
    if forecast["runs_out_at"] is not None:
        axes.plot([_at(forecast["runs_out_at"])], [limit], "o", color=LIMIT, ms=6, label="reaches the limit")


def _is_far(forecast: Mapping[str, Any]) -> bool:
    """Tell whether a line at the limit would press everything else to the bottom."""
    return float(forecast["limit"]) > 3 * max(float(forecast["total"]["upper"]), float(forecast["used"]))


def _dress(axes: Axes, forecast: Mapping[str, Any]) -> None:
    unit = forecast["unit"]
    dress(axes, unit)
    if unit != "USD":
        axes.set_ylabel(unit, color=PAST)
    axes.xaxis.set_major_locator(matplotlib_dates.AutoDateLocator(maxticks=9))  # type: ignore[no-untyped-call]  # as the library is
    axes.margins(x=0.01)
    first, last = axes.get_xlim()
    words = "%d %b" if last - first < SHORT_DAYS else "%b %Y"
    axes.xaxis.set_major_formatter(matplotlib_dates.DateFormatter(words))  # type: ignore[no-untyped-call]  # as the library is
    heading(axes, budget_name(forecast), _words(forecast))
    axes.legend(loc="lower right", frameon=False)


def _words(forecast: Mapping[str, Any]) -> str:
    """Say the forecast in a sentence: the number, how sure it is, what it means for the limit."""
    unit, total = forecast["unit"], {name: float(amount) for name, amount in forecast["total"].items()}
    between = (
        f"{short(total['lower'], unit)} to {short(total['upper'], unit)} in {forecast['interval_percent']} % of cases"
    )
    said = f"{short(total['median'], unit)} expected, {between}"
    if forecast.get("actual") is not None:
        said += f"; it became {short(float(forecast['actual']), unit)}"
    elif forecast["limit"] is not None:
        limit = f"the limit of {short(float(forecast['limit']), unit)}"
        said += f"; {100 * forecast['exceeds_probability']:.0f} % likely to pass {limit}"
    return said
