"""Answers as JSON: the bytes that are sent are the bytes that are stored."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from governor.core.decisions.decision import BudgetView, Decision, GrantUse, Reason, Remedy, ReservationView
from governor.core.decisions.output_estimates import PERCENTILE, OutputEstimate
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.reservation import ReservationState
from governor.core.ledger.results import EventResult
from governor.core.money import decimal_text, usd_text
from governor.core.provider_usage.report import ProviderReport
from governor.core.scopes import Scope
from governor.core.units import Unit, amount_text
from governor.core.usage import Usage

_encode = msgspec.json.Encoder().encode

_BUDGETS_MAX = 20_000
"""Renderings of budgets remembered; past it the memory starts anew, so that it stays bounded."""

_USD = Unit.USD
"""Looking a member up in its enumeration costs more than the comparison."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Answer(msgspec.Struct):
    """The wire shape of a decision; fields in the order in which people read them."""

    decision_id: str | None
    verdict: str
    requested_model: str
    model: str
    substituted: bool
    max_output_tokens: int
    clamped: bool
    basis: str
    replayed: bool
    reservation: dict[str, Any] | None
    reasons: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    budgets: msgspec.Raw
    remedies: list[dict[str, Any]]
    policy_version: str
    mode: str
    degraded: bool
    stale_policy: bool
    output_estimate: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    grants: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET


def encode_decision(decision: Decision) -> bytes:
    """Render a decision as the answer of ``POST /decide``."""
    return _encode(
        _Answer(
            decision.decision_id,
            decision.verdict,
            decision.requested_model,
            decision.model,
            decision.substituted,
            decision.max_output_tokens,
            decision.clamped,
            decision.basis,
            decision.replayed,
            _reservation(decision.reservation),
            [reason_wire(reason) for reason in decision.reasons],
            [reason_wire(reason) for reason in decision.warnings],
            msgspec.Raw(_budgets(decision.budgets)),
            [_remedy(remedy) for remedy in decision.remedies],
            decision.policy_version,
            decision.mode,
            decision.degraded,
            decision.stale_policy,
            _estimate(decision.estimate) if decision.estimate is not None else msgspec.UNSET,
            [_grant_use(use) for use in decision.grants] if decision.grants else msgspec.UNSET,
        )
    )


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
    if reason.unit is not None or reason.resets_at is not None:
        wire["resets_at"] = reason.resets_at
    if reason.would_deny:
        wire["would_deny"] = True
    return wire


def budget_wire(view: BudgetView) -> dict[str, Any]:
    """Return a budget in its wire shape, as in a decision and as in ``GET /budgets``."""
    wire: dict[str, Any] = msgspec.json.decode(_budgets((view,)))[0]
    return wire


def _budgets(views: Sequence[BudgetView]) -> str:
    """Render budgets as a JSON array. Only used, held and free change from one answer to the next."""
    parts: list[str] = []
    for view in views:
        prefix, suffix = _around(view)
        text = decimal_text if view.budget.unit is _USD else str
        used, held, ceiling = view.used, view.held, view.ceiling
        free = "null" if ceiling is None else f'"{text(ceiling - used - held)}"'
        parts.append(f'{prefix}"used":"{text(used)}","held":"{text(held)}","free":{free}{suffix}')
    return f"[{','.join(parts)}]"


_around_memo: dict[tuple[bytes, str, Scope, int, int | None, str, int, str], tuple[str, str]] = {}


def _around(view: BudgetView) -> tuple[str, str]:
    """Return what stands before and after the balances of a budget."""
    key, limit, ceiling = view.budget, view.limit, view.ceiling
    # The digest stays when a quota or a use case is renamed: what is shown has the present names.
    memo_key = (key.digest, key.policy, key.scope, limit, ceiling, view.why, view.existing, view.began_anew)
    found = _around_memo.get(memo_key)
    if found is None:
        if len(_around_memo) >= _BUDGETS_MAX:
            _around_memo.clear()
        before = {
            "policy": key.policy,
            "scope": dict(key.scope),
            "unit": key.unit,
            "limit": amount_text(limit, key.unit),
            "ceiling": _amount(ceiling, key.unit),
        }
        after: dict[str, Any] = {"period": _period(key), **({"why": view.why} if view.why else {})}
        if view.existing:
            after["existing"] = amount_text(view.existing, key.unit)
        if view.began_anew:
            after["began_anew"] = view.began_anew
        found = _around_memo[memo_key] = (f"{_encode(before).decode()[:-1]},", f",{_encode(after).decode()[1:]}")
    return found


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
    if usage.modalities:
        wire["modalities"] = dict(usage.modalities)
    return wire


def encode_event_result(result: EventResult) -> bytes:
    """Render the result of one usage event. What was stored before is repeated, but for its status."""
    if result.stored is not None:
        first = msgspec.json.decode(result.stored)
        first["status"] = result.status
        return _encode(first)
    recorded = result.usage is not None
    wire: dict[str, Any] = {
        "event_id": result.event_id,
        "status": result.status,
        "cost_usd": usd_text(result.cost_nano_usd) if recorded and not result.unpriced else None,
        "tokens": usage_wire(result.usage) if result.usage is not None else None,
        "overrun_usd": usd_text(result.overrun_nano_usd) if recorded else None,
        "reason": result.reason,
        "estimated": result.estimated,
        "unpriced": result.unpriced,
    }
    if result.note:
        wire["note"] = result.note
    if result.provider_report is not None:
        wire["provider_usage"] = _provider_report(result.provider_report)
    return _encode(wire)


def _provider_report(report: ProviderReport) -> dict[str, Any]:
    return {
        "provider": report.provider,
        "shape": report.shape,
        "reported_cost_usd": _usd(report.reported_cost_nano_usd),
        "unknown": report.unknown,
        "warnings": report.warnings,
    }


def _reservation(view: ReservationView | None) -> dict[str, Any] | None:
    if view is None:
        return None
    return {
        "id": view.id,
        "state": view.state,
        "tokens": view.tokens,
        "cost_usd": _usd(view.cost_nano_usd),
        "worst_case_usd": _usd(view.worst_case_nano_usd),
        "expires_at": _instant(view.expires_at_s),
    }


def _estimate(estimate: OutputEstimate) -> dict[str, Any]:
    return {
        "output_tokens": estimate.output_tokens,
        "percentile": PERCENTILE,
        "outputs": estimate.outputs,
        "model": estimate.model,
        "use_case": estimate.use_case or None,
        "version": estimate.version,
    }


def _grant_use(use: GrantUse) -> dict[str, Any]:
    grant = use.grant
    return {
        "id": grant.id,
        "exception_id": grant.exception_id,
        "kind": grant.kind,
        "scope": dict(grant.scope),
        "lifts": use.lifts,
        "amount_usd": usd_text(grant.amount_nano_usd),
        "left_usd": usd_text(use.left_nano_usd),
        "ends_at": grant.ends_at,
        "approved_by": grant.approved_by,
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    fields = {
        "model": remedy.model,
        "max_output_tokens": remedy.max_output_tokens,
        "at": remedy.at,
        "url": remedy.url,
        "slack": remedy.slack,
    }
    return {"type": remedy.type, **{name: value for name, value in fields.items() if value not in {None, ""}}}


def _period(key: BudgetKey) -> dict[str, datetime] | None:
    if key.period_end_s is None:
        return None
    return {"start": _instant(key.period_start_s), "end": _instant(key.period_end_s)}


@lru_cache(maxsize=1024)
def _instant(at_s: int) -> datetime:
    # Holds expire in buckets of ten seconds, so that many answers name the same instant.
    return _EPOCH + timedelta(seconds=at_s)


def _amount(amount: int | None, unit: Unit) -> str | None:
    return amount_text(amount, unit) if amount is not None else None


def _usd(nano_usd: int | None) -> str | None:
    return usd_text(nano_usd) if nano_usd is not None else None
