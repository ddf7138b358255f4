"""How forecasts and their record look in a terminal."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Group

from governor.edges.cli.fitting_table import FittingTable
from governor.edges.cli.printing import say, table

ACCURACY_COLUMNS = (
    "forecasts",
    "median error",
    "run-rate",
    "less by",
    "naive",
    "seasonal",
    "WAPE",
    "bias",
    "MASE",
    "naive MASE",
    "seasonal MASE",
    "in interval",
)
_COLUMNS = ("budget", "whose", "used", "limit", "will be", "between", "passes", "runs out", "error of such", "days", "")


def say_pending(page: Mapping[str, Any]) -> None:
    """Say how many forecasts a server has not ready yet."""
    if page["pending"]:
        say(
            f"{page['pending']} of these are being forecast anew: what stands here is older, or a guess; ask again soon"
        )


def forecasts_table(forecasts: Sequence[Mapping[str, Any]], title: str = "Forecasts") -> FittingTable:
    """Make the table of some forecasts."""
    right = ("used", "limit", "will be", "between", "passes", "error of such", "days")
    return table(title, _COLUMNS, [_row(forecast) for forecast in forecasts], right=right)


def record_tables(document: Mapping[str, Any]) -> Group:
    """Make the tables of how good forecasts have been."""
    columns = ("quota", "department", "of period", *ACCURACY_COLUMNS, "target")
    rows = [
        (
            _name(line["policy"]),
            line["department"] or "-",
            f"{line['fraction']:.0%}",
            *accuracy_row(line),
            _target(line),
        )
        for line in document["backtest"]
    ]
    parts: list[Any] = [table("Past periods, forecast again", columns, rows, right=columns[2:])]
    if document["record"]:
        columns = ("quota", "department", "method", *ACCURACY_COLUMNS, "target")
        made = [
            (_name(line["policy"]), line["department"] or "-", line["method"], *accuracy_row(line), _target(line))
            for line in document["record"]
        ]
        parts += ["", table("Forecasts that were made, and what happened", columns, made, right=columns[3:])]
    return Group(*parts)


def accuracy_row(line: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells of ``ACCURACY_COLUMNS``."""
    return (
        f"{line['count']:,}",
        _percent(line["median_error"]),
        _percent(line["run_rate_median_error"]),
        _percent(line["improvement"]),
        _percent(line["naive_median_error"]),
        _percent(line["seasonal_naive_median_error"]),
        _percent(line["wape"]),
        _percent(line["bias"]),
        _number(line["mase"]),
        _number(line["naive_mase"]),
        _number(line["seasonal_naive_mase"]),
        _percent(line["coverage"]),
    )


def amount(text: str, unit: str) -> str:
    """Render an amount for people: cents of money, whole numbers of everything else."""
    return f"{Decimal(text):,.2f}" if unit == "USD" else f"{int(text):,}"


def _row(forecast: Mapping[str, Any]) -> tuple[str, ...]:
    unit, total, accuracy = forecast["unit"], forecast["total"], forecast["accuracy"]
    probability = forecast["exceeds_probability"]
    return (
        _name(forecast["policy"]),
        ", ".join(forecast["scope"].values()) or "everyone",
        amount(forecast["used"], unit),
        "" if forecast["limit"] is None else amount(forecast["limit"], unit),
        amount(total["median"], unit),
        f"{amount(total['lower'], unit)} - {amount(total['upper'], unit)}",
        "" if probability is None else f"{probability:.0%}",
        (forecast["runs_out_at"] or "")[:10],
        "" if accuracy is None else _beside_target(accuracy),
        str(forecast["history_days"]),
        "a guess" if forecast["insufficient_data"] else unit,
    )


def _target(line: Mapping[str, Any]) -> str:
    words = {None: "", True: ", kept", False: ", missed"}
    return _percent(line["target"]) + words[line["within_target"]]


def _beside_target(line: Mapping[str, Any]) -> str:
    """Render a median error, and whether it is what the ForecastRule wants."""
    if line["within_target"] is None:
        return _percent(line["median_error"])
    word = "below" if line["within_target"] else "above"
    return f"{_percent(line['median_error'])}, {word} {_percent(line['target'])}"


def _name(policy: str) -> str:
    return policy.removeprefix("Quota/")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _number(number: float | None) -> str:
    return "" if number is None else f"{number:.2f}"
