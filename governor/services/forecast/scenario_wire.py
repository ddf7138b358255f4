"""Scenarios as JSON: ``POST /forecasts/scenarios`` and ``governor forecast --scenario`` speak alike."""

from datetime import UTC, datetime
from typing import Any

from governor.core.forecasts.forecast import PeriodAhead
from governor.core.forecasts.scenarios import Outlook
from governor.core.units import Unit, amount_text
from governor.services.forecast.scenario import Comparison
from governor.services.forecast.wire import band_wire


def comparison_wire(comparison: Comparison) -> dict[str, Any]:
    """Render what came of a scenario."""
    return {
        "scenario": comparison.scenario.name,
        "assumes": list(comparison.assumes),
        "numbers": {name: dict(numbers) for name, numbers in comparison.numbers.items()},
        "budgets": [_outlook(one) for one in comparison.outlooks],
        "next": comparison.next,
        "pending": comparison.pending,
    }


def _outlook(one: Outlook) -> dict[str, Any]:
    forecast, budget = one.forecast, one.forecast.budget
    unit = budget.unit
    return {
        "policy": budget.policy,
        "scope": dict(budget.scope),
        "unit": unit.value,
        "period": {"start": _at(budget.period_start_s), "end": _at(budget.period_end_s)},
        "limit": None if forecast.limit is None else amount_text(forecast.limit, unit),
        "used": amount_text(forecast.used, unit),
        "forecast": band_wire(forecast.total, unit),
        "total": band_wire(one.total, unit),
        "runs_out_at": _instant(one.runs_out_at),
        "breaks_at": _instant(one.breaks_at),
        "ahead": [_ahead(*periods, unit) for periods in zip(one.ahead, forecast.ahead, strict=True)],
        "insufficient_data": forecast.insufficient_data,
    }


def _ahead(period: PeriodAhead, plain: PeriodAhead, unit: Unit) -> dict[str, Any]:
    return {
        "period": {"start": _at(period.start_s), "end": _at(period.end_s)},
        "limit": amount_text(period.limit, unit),
        "forecast": band_wire(plain.total, unit),
        "total": band_wire(period.total, unit),
        "breaks": period.total.median > period.limit,
    }


def _at(at_s: int | None) -> str | None:
    return None if at_s is None else _instant(datetime.fromtimestamp(at_s, UTC))


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
