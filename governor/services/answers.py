"""Answers as JSON: the bytes that are sent are the bytes that are stored."""

from datetime import datetime
from typing import Any

import msgspec

from governor.core.decisions.decision import BudgetView, Decision, Reason, Remedy, ReservationView
from governor.core.ledger.reservation import ReservationState
from governor.core.ledger.results import EventResult, EventStatus
from governor.core.money import usd_text
from governor.core.units import Unit, amount_text
from governor.core.usage import Usage

_encode = msgspec.json.Encoder().encode


def encode_decision(decision: Decision) -> bytes:
    """Render a decision as the answer of ``POST /decide``."""
    return _encode(decision_wire(decision))


def decision_wire(decision: Decision) -> dict[str, Any]:
    """Return a decision in its wire shape."""
    return {
        "decision_id": decision.decision_id,
        "verdict": decision.verdict,
        "requested_model": decision.requested_model,
        "model": decision.model,
        "substituted": decision.substituted,
        "max_output_tokens": decision.max_output_tokens,
        "clamped": decision.clamped,
        "basis": decision.basis,
        "replayed": decision.replayed,
        "reservation": _reservation(decision.reservation),
        "reasons": [reason_wire(reason) for reason in decision.reasons],
        "warnings": [reason_wire(reason) for reason in decision.warnings],
        "budgets": [budget_wire(view) for view in decision.budgets],
        "remedies": [_remedy(remedy) for remedy in decision.remedies],
        "policy_version": decision.policy_version,
        "mode": decision.mode,
        "degraded": decision.degraded,
        "stale_policy": decision.stale_policy,
    }


def replayed_answer(answer: bytes, state: ReservationState) -> bytes:
    """Return a stored answer as it is given again: ``replayed``, with the reservation's present state."""
    wire = msgspec.json.decode(answer)
    wire["replayed"] = True
    if wire["reservation"] is not None:
        wire["reservation"]["state"] = state
    return _encode(wire)


def answer_verdict(answer: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the verdict and the reason codes of a stored answer."""
    wire = msgspec.json.decode(answer)
    return wire["verdict"], tuple(reason["code"] for reason in wire["reasons"])


def reason_wire(reason: Reason) -> dict[str, Any]:
    """Return a reason in its wire shape; numbers are there only where something was compared."""
    wire: dict[str, Any] = {
        "code": reason.code,
        "policy": reason.policy or None,
        "source": reason.source or None,
        "message": reason.message,
    }
    if reason.unit is not None:
        unit = reason.unit
        wire["scope"] = dict(reason.scope)
        wire["unit"] = unit
        wire["limit"] = _amount(reason.limit, unit)
        wire["used"] = _amount(reason.used, unit)
        wire["held"] = _amount(reason.held, unit)
        wire["requested"] = _amount(reason.requested, unit)
        wire["resets_at"] = reason.resets_at
    if reason.would_deny:
        wire["would_deny"] = True
    return wire


def budget_wire(view: BudgetView) -> dict[str, Any]:
    """Return a budget in its wire shape: as in a decision, and as in ``GET /budgets``."""
    unit = view.unit
    return {
        "policy": view.policy,
        "scope": dict(view.scope),
        "unit": unit,
        "limit": amount_text(view.limit, unit),
        "ceiling": _amount(view.ceiling, unit),
        "used": amount_text(view.used, unit),
        "held": amount_text(view.held, unit),
        "free": _amount(view.free, unit),
        "period": _period(view.period_start_at, view.period_end_at),
    }


def usage_wire(usage: Usage) -> dict[str, Any]:
    """Return token counts in their wire shape."""
    wire: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }
    if usage.units:
        wire["units"] = dict(usage.units)
    return wire


def encode_event_result(result: EventResult) -> bytes:
    """Render the result of one usage event. A duplicate repeats the first result, but for its status."""
    if result.stored is not None:
        first = msgspec.json.decode(result.stored)
        first["status"] = EventStatus.DUPLICATE
        return _encode(first)
    recorded = result.usage is not None
    return _encode(
        {
            "event_id": result.event_id,
            "status": result.status,
            "cost_usd": usd_text(result.cost_nano_usd) if recorded and not result.unpriced else None,
            "tokens": usage_wire(result.usage) if result.usage is not None else None,
            "overrun_usd": usd_text(result.overrun_nano_usd) if recorded else None,
            "reason": result.reason,
            "estimated": result.estimated,
            "unpriced": result.unpriced,
        }
    )


def _reservation(view: ReservationView | None) -> dict[str, Any] | None:
    if view is None:
        return None
    return {
        "id": view.id,
        "state": view.state,
        "tokens": view.tokens,
        "cost_usd": _usd(view.cost_nano_usd),
        "worst_case_usd": _usd(view.worst_case_nano_usd),
        "expires_at": view.expires_at,
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    fields = {"model": remedy.model, "max_output_tokens": remedy.max_output_tokens, "at": remedy.at}
    return {"type": remedy.type, **{name: value for name, value in fields.items() if value not in {None, ""}}}


def _period(start_at: datetime | None, end_at: datetime | None) -> dict[str, datetime | None] | None:
    return {"start": start_at, "end": end_at} if start_at is not None else None


def _amount(amount: int | None, unit: Unit) -> str | None:
    return amount_text(amount, unit) if amount is not None else None


def _usd(nano_usd: int | None) -> str | None:
    return usd_text(nano_usd) if nano_usd is not None else None
