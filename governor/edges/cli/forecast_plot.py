"""The picture of one forecast: what was used, what will be with its interval, the limit, and what then happened."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from matplotlib import dates as matplotlib_dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from governor.core.errors import InvalidRequestError

FORMATS = (".png", ".svg")
_INK, _PAST, _FUTURE, _LIMIT, _TRUE = "#1f2933", "#3e4c59", "#2563eb", "#dc2626", "#059669"


def draw_forecast(forecast: Mapping[str, Any], path: Path) -> None:
    """Draw a forecast, as ``GET /forecasts?path=true`` gives it, into a file.

    Raises:
        InvalidRequestError: If the file is neither PNG nor SVG, or cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise InvalidRequestError(f"`{path.name}` cannot be drawn: give a name that ends in .png or .svg", field="plot")
    figure = Figure(figsize=(10, 5.2), dpi=144, layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, forecast)
    try:
        figure.savefig(path)
    except OSError as error:
        raise InvalidRequestError(f"`{path}` cannot be written: {error.strerror}", field="plot") from error


def _draw(axes: Axes, forecast: Mapping[str, Any]) -> None:
    made_at, used = _at(forecast["made_at"]), float(forecast["used"])
    end = forecast["period"]["end"]
    future = [step for step in forecast["path"] if end is None or _at(step["at"]) <= _at(end)]
    past = forecast["history"]
    if past:
        axes.plot(
            [_at(point["at"]) for point in past],
            [float(point["used"]) for point in past],
            color=_PAST,
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
    axes.fill_between(at, lines["lower"], lines["upper"], color=_FUTURE, alpha=0.16, lw=0, label=interval)
    axes.plot(at, lines["median"], color=_FUTURE, lw=2.2, label="forecast")
    _draw_truth(axes, forecast)
    _draw_limit(axes, forecast, _at(past[0]["at"]) if past else at[0])
    axes.axvline(made_at, color=_INK, lw=0.8, ls=":")
    _dress(axes, forecast)


def _draw_truth(axes: Axes, forecast: Mapping[str, Any]) -> None:
    then = forecast.get("then", ())
    if then:
        axes.plot(
            [_at(point["at"]) for point in then],
            [float(point["used"]) for point in then],
            color=_TRUE,
            lw=1.8,
            ls=(0, (4, 2)),
            label="what then happened",
        )


def _draw_limit(axes: Axes, forecast: Mapping[str, Any], first: float) -> None:
    if forecast["limit"] is None:
        return
    limit = float(forecast["limit"])
    top = max(float(forecast["total"]["upper"]), float(forecast["used"]))
    if limit > 3 * top:
        axes.set_title(f"limit {_short(limit)} {forecast['unit']}, far above", loc="right", fontsize=9, color=_LIMIT)
        return
    axes.axhline(limit, color=_LIMIT, lw=1.4)
    axes.annotate(f"limit {_short(limit)}", (first, limit), xytext=(4, 4), textcoords="offset points", color=_LIMIT)
    if forecast["runs_out_at"] is not None:
        axes.plot([_at(forecast["runs_out_at"])], [limit], "o", color=_LIMIT, ms=6)


def _dress(axes: Axes, forecast: Mapping[str, Any]) -> None:
    whose = ", ".join(forecast["scope"].values()) or "everyone"
    name = forecast["policy"].removeprefix("Quota/")
    axes.set_title(f"{name}: {whose}", loc="left", fontsize=13, fontweight="bold", color=_INK)
    axes.set_ylabel(f"used in the period, {forecast['unit']}", color=_INK)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    locator = matplotlib_dates.AutoDateLocator(maxticks=9)  # type: ignore[no-untyped-call]  # as the library is
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(matplotlib_dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # as the library is
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.grid(axis="y", color="#e4e7eb", lw=0.8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="lower right", frameon=False)


def _short(value: float) -> str:
    for bound, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= bound:
            return f"{value / {'G': 1e9, 'M': 1e6, 'k': 1e3}[suffix]:,.4g}{suffix}"
    return f"{value:,.4g}"


def _at(text: str) -> float:
    """Return an instant as the number that matplotlib draws."""
    return float(matplotlib_dates.date2num(datetime.fromisoformat(text)))  # type: ignore[no-untyped-call]  # as the library is
