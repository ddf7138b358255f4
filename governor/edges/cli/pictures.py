"""What pictures have in common: colours, short numbers, and how they are written."""

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
INK, PAST, FUTURE, LIMIT, TRUE, PLAIN = "#1f2933", "#3e4c59", "#2563eb", "#dc2626", "#059669", "#9aa5b1"

SMALL = 100
"""Amounts below are shown with their decimals."""


def begin_picture(path: Path, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """Begin a picture that will be written to a file.

    Raises:
        InvalidRequestError: If the file is neither PNG nor SVG.
    """
    if path.suffix.lower() not in FORMATS:
        raise InvalidRequestError(f"`{path.name}` cannot be drawn: give a name that ends in .png or .svg", field="plot")
    figure = Figure(figsize=size, dpi=144, layout="constrained")
    return figure, figure.add_subplot()


def write_picture(figure: Figure, path: Path) -> None:
    """Write a picture.

    Raises:
        InvalidRequestError: If the file cannot be written.
    """
    try:
        figure.savefig(path)
    except OSError as error:
        raise InvalidRequestError(f"`{path}` cannot be written: {error.strerror}", field="plot") from error


def dress(axes: Axes, unit: str) -> None:
    """Give a picture of amounts its grid and its numbers."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value, unit)))
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#e4e7eb", lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=PAST, length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#cbd2d9")


def heading(axes: Axes, title: str, below: str) -> None:
    """Say what a picture shows, and in smaller letters what of it."""
    axes.set_title(title, loc="left", fontsize=14, fontweight="bold", color=INK, pad=26)
    axes.annotate(below, (0, 1), xytext=(0, 9), xycoords="axes fraction", textcoords="offset points", color=PAST)


def budget_name(budget: Mapping[str, Any]) -> str:
    """Return the name of a budget for a title."""
    whose = ", ".join(budget["scope"].values()) or "everyone"
    return f"{budget['policy'].removeprefix('Quota/')}: {whose}"


def short(value: float, unit: str = "") -> str:
    """Return an amount with three or four figures; money with its sign."""
    # Two bare dollar signs in a text would be taken for a formula between them.
    sign = r"\$" if unit == "USD" else ""
    for bound, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= bound:
            return f"{sign}{value / {'G': 1e9, 'M': 1e6, 'k': 1e3}[suffix]:,.4g}{suffix}"
    return f"{sign}{value:,.0f}" if abs(value) >= SMALL else f"{sign}{value:,.3g}"


def instant_number(text: str) -> float:
    """Return an instant as the number that matplotlib draws."""
    return float(matplotlib_dates.date2num(datetime.fromisoformat(text)))  # type: ignore[no-untyped-call]  # as the library is
