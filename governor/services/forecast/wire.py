"""Forecasts as JSON: ``GET /forecasts`` and ``governor forecast`` answer alike."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from governor.core.forecasts.accuracy import BASELINES, FORECAST, NAIVE, RUN_RATE, SEASONAL_NAIVE, UNKNOWN, Accuracy
from governor.core.forecasts.forecast import MILLION, Band, Forecast, PeriodAhead
from governor.core.forecasts.scenarios import BASIS_POINTS
from governor.core.units import Unit, amount_text
from governor.services.forecast.forecast_budgets import ForecastPage
from governor.services.forecast.track_record import Measured, TrackRecord


def page_wire(page: ForecastPage, record: TrackRecord, *, path: bool) -> dict[str, Any]:
    """Render one page."""
    return {
        "forecasts": [
            {
                **forecast_wire(forecast, record, path=path),
                **({"then": _then(page, forecast)} if forecast.budget.digest in page.then else {}),
            }
            for forecast in page.forecasts
        ],
        "next": page.next,
        "pending": page.pending,
    }


def forecast_wire(forecast: Forecast, record: TrackRecord, *, path: bool) -> dict[str, Any]:
    """Render one forecast with what stands beside it; amounts are decimal strings in its unit.

    Args:
        forecast: What was said.
        record: How good such forecasts have been.
        path: Whether to add the course from day to day.
    """
    budget, unit = forecast.budget, forecast.budget.unit
    measured = record.beside(forecast)
    document = {
        "policy": budget.policy,
        "scope": dict(budget.scope),
        "unit": unit.value,
        "period": {"start": _at(budget.period_start_s), "end": _at(budget.period_end_s)},
        "made_at": _instant(forecast.made_at),
        "limit": _amount(forecast.limit, unit),
        "used": amount_text(forecast.used, unit),
        "held": amount_text(forecast.held, unit),
        "total": band_wire(forecast.total, unit),
        "interval_percent": forecast.interval_percent,
        "exceeds_probability": None if forecast.exceeds_ppm is None else forecast.exceeds_ppm / MILLION,
        "runs_out_at": _instant(forecast.runs_out_at),
        "spend_usd": None if forecast.spend is None else band_wire(forecast.spend, Unit.USD),
        "tokens": None if forecast.tokens is None else band_wire(forecast.tokens, Unit.TOKENS),
        "history_days": forecast.history_days,
        "insufficient_data": forecast.insufficient_data,
        "method": forecast.method,
        "baselines": {
            RUN_RATE: amount_text(forecast.baselines.run_rate, unit),
            NAIVE: _amount(forecast.baselines.naive, unit),
            SEASONAL_NAIVE: amount_text(forecast.baselines.seasonal_naive, unit),
        },
        "ahead": [_ahead(ahead, unit) for ahead in forecast.ahead],
        "actual": _amount(forecast.actual, unit),
        "accuracy": None if measured is None else _measured(measured),
    }
    if path:
        document["history"] = list(_history(forecast))
        document["path"] = list(_path(forecast))
    return document


def _measured(measured: Measured) -> dict[str, Any]:
    accuracy = measured.accuracy
    return {
        "basis": measured.basis.value,
        **accuracy_wire(accuracy),
        **_target_wire(accuracy, measured.target_bp),
    }


def _target_wire(accuracy: Accuracy, target_bp: int | None) -> dict[str, Any]:
    """Render the median error that a ForecastRule wants, and whether it is kept; None: nobody knows."""
    error = accuracy.scores.get(FORECAST, UNKNOWN).median_error
    if target_bp is None:
        return {"target": None, "within_target": None}
    target = target_bp / BASIS_POINTS
    return {"target": target, "within_target": None if error is None else error < target}


def band_wire(band: Band, unit: Unit) -> dict[str, str]:
    """Render an interval with its median."""
    return {
        "lower": amount_text(band.lower, unit),
        "median": amount_text(band.median, unit),
        "upper": amount_text(band.upper, unit),
    }


def accuracy_wire(accuracy: Accuracy) -> dict[str, Any]:
    """Render how good forecasts were; shares, not percent."""
    document: dict[str, Any] = {"count": accuracy.count}
    for method, prefix in ((FORECAST, ""), *((baseline, f"{baseline}_") for baseline in BASELINES)):
        score = accuracy.scores.get(method, UNKNOWN)
        document |= {
            f"{prefix}median_error": _rounded(score.median_error),
            f"{prefix}wape": _rounded(score.wape),
            f"{prefix}bias": _rounded(score.bias),
            f"{prefix}mase": _rounded(score.mase),
        }
    return {**document, "coverage": _rounded(accuracy.coverage), "improvement": _rounded(accuracy.improvement)}


def record_wire(record: TrackRecord) -> dict[str, Any]:
    """Render how good forecasts have been: the past forecast again, and those that were really made."""
    return {
        "backtest": [
            {
                **_place(score.policy, score.department),
                "fraction": score.fraction / 100,
                **_judged(score.accuracy, score.department, record),
            }
            for score in record.scores
        ],
        "record": [
            {**_place(policy, department), "method": method, **_judged(made, department, record)}
            for (policy, department, method), made in record.made.items()
        ],
    }


def _place(policy: str, department: str) -> dict[str, str]:
    return {"policy": policy, "department": department}


def _judged(accuracy: Accuracy, department: str, record: TrackRecord) -> dict[str, Any]:
    target_bp = record.target_of((("department", department),) if department else ())
    return {**accuracy_wire(accuracy), **_target_wire(accuracy, target_bp)}


def _history(forecast: Forecast) -> Iterable[dict[str, Any]]:
    """Yield what had been used by the end of each day of the period so far."""
    used = forecast.used - sum(forecast.past)
    for back, amount in zip(range(len(forecast.past) - 1, -1, -1), forecast.past, strict=True):
        used += amount
        at = forecast.made_at - timedelta(days=back)
        yield {"at": _instant(at), "used": amount_text(max(used, 0), forecast.budget.unit)}


def _then(page: ForecastPage, forecast: Forecast) -> list[dict[str, Any]]:
    unit = forecast.budget.unit
    return [{"at": _at(at_s), "used": amount_text(used, unit)} for at_s, used in page.then[forecast.budget.digest]]


def _path(forecast: Forecast) -> Iterable[dict[str, Any]]:
    """Yield what will have been used after each day: of the period, then of the periods ahead, all together."""
    for day, band in enumerate(forecast.daily, start=1):
        at = forecast.made_at + timedelta(days=day)
        later = Band(forecast.used + band.lower, forecast.used + band.median, forecast.used + band.upper)
        yield {"at": _instant(at), **band_wire(later, forecast.budget.unit)}


def _ahead(ahead: PeriodAhead, unit: Unit) -> dict[str, Any]:
    return {
        "period": {"start": _at(ahead.start_s), "end": _at(ahead.end_s)},
        "limit": amount_text(ahead.limit, unit),
        "total": band_wire(ahead.total, unit),
    }


def _amount(amount: int | None, unit: Unit) -> str | None:
    return None if amount is None else amount_text(amount, unit)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


def _at(at_s: int | None) -> str | None:
    return None if at_s is None else _instant(datetime.fromtimestamp(at_s, UTC))


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
