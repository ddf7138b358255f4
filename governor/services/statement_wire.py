"""Statements as JSON and as CSV: ``GET /statements`` and ``governor statements`` answer alike."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from governor.core.money import usd_text
from governor.core.statements.statement import Figures, Part
from governor.core.units import Unit, amount_text
from governor.services.statements import Listed, StatementPage

AMOUNTS = ("limit", "carried_in", "used", "held", "over", "surcharge", "carried_out", "unreported")
"""Figures in the budget's unit."""

BOOKED = ("on_time", "late", "adjusted", "rerated")
"""Of what was used, by kind; with ``unreported`` they add up to it."""

COUNTED = ("requests", "overrun_usd", "granted_usd")
"""Beside amounts."""

CSV_COLUMNS = (
    "entry",
    "policy",
    "scope",
    "unit",
    "period_start",
    "period_end",
    "stated_at",
    *AMOUNTS,
    *BOOKED,
    *COUNTED,
    "reason",
)


def page_wire(page: StatementPage) -> dict[str, Any]:
    """Render one page."""
    return {"statements": [statement_wire(listed) for listed in page.listed], "next": page.next}


def statement_wire(listed: Listed) -> dict[str, Any]:
    """Render a statement with its corrections, and the figures that they lead to."""
    statement = listed.statement
    return {
        "policy": statement.policy,
        "scope": dict(statement.scope),
        "unit": str(statement.unit),
        "period": {"start": _instant(statement.start_at), "end": _instant(statement.end_at)},
        "stated_at": _instant(statement.stated_at),
        "policy_version": statement.policy_version,
        "derived": listed.derived,
        **figures_wire(statement.figures, statement.unit),
        "forecast": _forecast(listed),
        "corrections": _corrections(listed),
        "final": figures_wire(listed.final, statement.unit),
    }


def figures_wire(figures: Figures, unit: Unit) -> dict[str, Any]:
    """Render figures; amounts are decimal strings in the budget's unit."""
    usage = figures.usage
    return {
        **{name: amount_text(getattr(figures, name), unit) for name in AMOUNTS},
        **{name: amount_text(getattr(usage, name), unit) for name in BOOKED},
        "requests": usage.requests,
        "overrun_usd": usd_text(usage.overrun_nano_usd),
        "granted_usd": usd_text(sum(part.amount for part in figures.granted)),
        "exceptions": [_granted(part) for part in figures.granted],
        "by_model": _parts(usage.by_model, unit),
        "by_team": _parts(usage.by_team, unit),
        "by_use_case": _parts(usage.by_use_case, unit),
    }


def _granted(part: Part) -> dict[str, Any]:
    return {"name": part.name, "amount_usd": usd_text(part.amount), "requests": part.requests}


def _parts(parts: Sequence[Part], unit: Unit) -> list[dict[str, Any]]:
    return [{"name": part.name, "amount": amount_text(part.amount, unit), "requests": part.requests} for part in parts]


def _corrections(listed: Listed) -> list[dict[str, Any]]:
    wires = []
    before = listed.statement.figures
    for correction in listed.corrections:
        wires.append(
            {
                "at": _instant(correction.stated_at),
                "reason": correction.reason,
                "policy_version": correction.policy_version,
                "changes": _changes(before, correction.figures, correction.unit),
            }
        )
        before = correction.figures
    return wires


def _forecast(listed: Listed) -> dict[str, Any] | None:
    """Render what was forecast at half of the period, and by how much more was used in the end."""
    forecast, unit = listed.forecast, listed.statement.unit
    if forecast is None:
        return None
    total = forecast.total
    return {
        "made_at": _instant(forecast.made_at),
        "lower": amount_text(total.lower, unit),
        "median": amount_text(total.median, unit),
        "upper": amount_text(total.upper, unit),
        "interval_percent": forecast.interval_percent,
        "insufficient_data": forecast.insufficient_data,
        "more_used": amount_text(listed.final.used - total.median, unit),
    }


def _changes(before: Figures, after: Figures, unit: Unit) -> dict[str, str | int]:
    """Return by how much each figure changed, those that did not left out."""
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in AMOUNTS}
    pairs |= {name: (getattr(before.usage, name), getattr(after.usage, name)) for name in BOOKED}
    changes: dict[str, str | int] = {
        name: amount_text(new - old, unit) for name, (old, new) in pairs.items() if new != old
    }
    if after.usage.requests != before.usage.requests:
        changes["requests"] = after.usage.requests - before.usage.requests
    if after.usage.overrun_nano_usd != before.usage.overrun_nano_usd:
        changes["overrun_usd"] = usd_text(after.usage.overrun_nano_usd - before.usage.overrun_nano_usd)
    granted = sum(part.amount for part in after.granted) - sum(part.amount for part in before.granted)
    if granted:
        changes["granted_usd"] = usd_text(granted)
    return changes


def csv_text(statements: Iterable[Mapping[str, Any]]) -> str:
    """Render statements, as JSON has them, as CSV: one line for each, and one for each correction with what it changes.

    So every column of amounts adds up to what it came to in the end.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for statement in statements:
        writer.writerow(_csv_row(statement, "statement", statement["stated_at"], statement, ""))
        for correction in statement["corrections"]:
            writer.writerow(
                _csv_row(statement, "correction", correction["at"], correction["changes"], correction["reason"])
            )
    return text.getvalue()


def _csv_row(
    statement: Mapping[str, Any], entry: str, at: str, amounts: Mapping[str, Any], reason: str
) -> Iterator[str]:
    scope = ", ".join(statement["scope"].values()) or "everyone"
    period = statement["period"]
    yield from (entry, statement["policy"], _safe(scope), statement["unit"], period["start"], period["end"], at)
    yield from (str(amounts.get(name, "0")) for name in (*AMOUNTS, *BOOKED, *COUNTED))
    yield reason


def _safe(text: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
