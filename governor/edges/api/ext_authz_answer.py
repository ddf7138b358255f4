"""From a decision to what a proxy reads: a status, headers, and a short body for people.

Statuses are 200, 403 and 429 only. Clients send a 429 again by themselves, so only a window that reopens soon is one;
and a proxy that is told 5xx may let the request pass, which is not what a deny means.
"""

import math
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from governor.core.decisions.decision import ReasonCode, RemedyType, Verdict
from governor.core.errors import GovernorError
from governor.core.ledger.reservation import ReservationState
from governor.core.units import Unit
from governor.edges.api.errors import RETRY_AFTER_S, error_body
from governor.edges.api.gate import JSON_HEADER

REOPENS_WITHIN_S = 120
"""A window that reopens within this many seconds is worth a client's waiting; past it a deny is final."""

_INTEGER_MAX = 10**15 - 1
"""The largest integer of a structured header field."""

_MICRO_PER_USD = 1_000_000
_QUOTA_UNITS = {Unit.USD: "micro-usd", Unit.TOKENS: "tokens", Unit.REQUESTS: "requests"}
_VISIBLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")

Header = tuple[bytes, bytes]

_FINAL: Header = (b"x-should-retry", b"false")


class ProxyAnswer(msgspec.Struct, frozen=True):
    """What is sent back to the proxy."""

    status: int
    headers: list[Header]
    body: bytes


class _Reason(Struct, frozen=True):
    code: str
    message: str
    policy: str | None = None
    scope: dict[str, str] | None = None
    unit: Unit | None = None
    limit: str | None = None
    used: str | None = None
    held: str | None = None
    resets_at: datetime | None = None


class _Period(Struct, frozen=True):
    start: datetime
    end: datetime | None = None


class _Budget(Struct, frozen=True):
    policy: str
    scope: dict[str, str]
    unit: Unit
    ceiling: str | None = None
    period: _Period | None = None


class _Reservation(Struct, frozen=True):
    state: ReservationState


class _Answer(Struct, frozen=True):
    """The parts of a decision's answer that a proxy is told."""

    decision_id: str | None
    verdict: Verdict
    model: str
    max_output_tokens: int
    replayed: bool
    degraded: bool
    reservation: _Reservation | None
    reasons: list[_Reason]
    budgets: list[_Budget]
    remedies: list[dict[str, Any]]


_DECODE = msgspec.json.Decoder(_Answer).decode


def proxy_answer(answer: bytes, now: datetime, request_id: str) -> ProxyAnswer:
    """Translate the answer of ``POST /decide``.

    Args:
        answer: JSON, as ``/decide`` would send it.
        now: The door's instant, from which waits are counted.
        request_id: Of this call, for the body.
    """
    decision = _DECODE(answer)
    headers = [JSON_HEADER]
    if decision.decision_id is not None:
        headers.append((b"x-governor-decision-id", decision.decision_id.encode()))
    if decision.degraded:
        headers.append((b"x-governor-degraded", b"true"))
    if decision.verdict is Verdict.DENY:
        return _denied(decision, headers, now, request_id)
    if decision.replayed and (decision.reservation is None or decision.reservation.state is not ReservationState.HELD):
        message = "this request id was allowed before and its call has ended; send a new request id, or a new attempt"
        body = error_body("not_held", message, {"decision_id": decision.decision_id}, request_id)
        return _refusal(403, [*headers, _FINAL], "not_held", body)
    headers.append((b"x-governor-model", header_text(decision.model)))
    headers.append((b"x-governor-max-output-tokens", b"%d" % decision.max_output_tokens))
    facts = {
        "decision_id": decision.decision_id,
        "verdict": decision.verdict,
        "model": decision.model,
        "max_output_tokens": decision.max_output_tokens,
        "degraded": decision.degraded,
    }
    return ProxyAnswer(200, headers, msgspec.json.encode(facts))


def proxy_error(error: GovernorError, request_id: str) -> ProxyAnswer:
    """Translate a request that cannot be read: refused like a deny, with the error's own code in the body."""
    body = error_body(error.code, error.message, dict(error.details), request_id)
    return _refusal(403, [JSON_HEADER, _FINAL], error.code, body)


def header_text(text: str) -> bytes:
    """Return a text as a header's value: visible ASCII as it is, all else percent-encoded."""
    return quote(text, safe=_VISIBLE).encode()


def _denied(decision: _Answer, headers: list[Header], now: datetime, request_id: str) -> ProxyAnswer:
    first = decision.reasons[0]
    details = {
        "decision_id": decision.decision_id,
        "reasons": [reason.code for reason in decision.reasons],
        "remedies": decision.remedies,
    }
    body = error_body(first.code, first.message, details, request_id)
    wait_s = _wait_s(decision, now)
    if wait_s is not None:
        headers += [(b"retry-after", b"%d" % wait_s), *_rate_limit(decision, now)]
        return _refusal(429, headers, first.code, body)
    if {reason.code for reason in decision.reasons} == {ReasonCode.LEDGER_UNAVAILABLE}:
        # Nobody said no: the ledger was only too slow.
        headers += [(b"x-should-retry", b"true"), (b"retry-after", b"%d" % RETRY_AFTER_S)]
    else:
        headers.append(_FINAL)
    return _refusal(403, headers, first.code, body)


def _refusal(status: int, headers: list[Header], code: str, body: bytes) -> ProxyAnswer:
    # Some proxies throw the body away: the code is also a header.
    return ProxyAnswer(status, [*headers, (b"x-governor-reason", code.encode())], body)


def _wait_s(decision: _Answer, now: datetime) -> int | None:
    """Return the seconds after which every refusing window is open again, or None if that is late or not enough."""
    if any(reason.code != ReasonCode.QUOTA_EXCEEDED or reason.resets_at is None for reason in decision.reasons):
        return None
    for remedy in decision.remedies:
        if remedy["type"] == RemedyType.WAIT_UNTIL:
            wait_s = _seconds_until(msgspec.convert(remedy["at"], datetime, strict=False), now)
            return wait_s if wait_s <= REOPENS_WITHIN_S else None
    return None


def _seconds_until(at: datetime, now: datetime) -> int:
    return max(1, math.ceil((at - now).total_seconds()))


def _rate_limit(decision: _Answer, now: datetime) -> list[Header]:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers, and the three of its versions up to 06.

    Most clients still read only the three older ones; they can say only one window, the decisive one.
    """
    policies: list[str] = []
    states: list[str] = []
    older: list[Header] = []
    for reason in decision.reasons:
        if reason.unit is None or reason.resets_at is None:
            continue
        budget = _budget_of(reason, decision.budgets)
        ceiling = budget.ceiling if budget is not None and budget.ceiling is not None else reason.limit
        limit = _integer(ceiling, reason.unit)
        left = max(0, limit - _integer(reason.used, reason.unit) - _integer(reason.held, reason.unit))
        reset_s = _seconds_until(reason.resets_at, now)
        name = _string(reason.policy or reason.code)
        unit = _string(_QUOTA_UNITS.get(reason.unit, reason.unit.value))
        policies.append(f"{name};q={limit};qu={unit}{_window(budget)}")
        states.append(f"{name};r={left};t={reset_s}")
        if not older:
            figures = {b"limit": limit, b"remaining": left, b"reset": reset_s}
            older = [(b"ratelimit-" + word, b"%d" % figure) for word, figure in figures.items()]
    current = [(b"ratelimit-policy", ", ".join(policies).encode()), (b"ratelimit", ", ".join(states).encode())]
    return [*current, *older]


def _budget_of(reason: _Reason, budgets: list[_Budget]) -> _Budget | None:
    for budget in budgets:
        if (budget.policy, budget.scope, budget.unit) == (reason.policy, reason.scope or {}, reason.unit):
            return budget
    return None


def _window(budget: _Budget | None) -> str:
    if budget is None or budget.period is None or budget.period.end is None:
        return ""
    return f";w={round((budget.period.end - budget.period.start).total_seconds())}"


def _integer(amount: str | None, unit: Unit) -> int:
    """Return an amount as an integer of ``_QUOTA_UNITS``, rounded down and within what a header may hold."""
    if amount is None:
        return 0
    return min(int(Decimal(amount) * (_MICRO_PER_USD if unit is Unit.USD else 1)), _INTEGER_MAX)


def _string(text: str) -> str:
    """Return a structured field's string."""
    visible = quote(text, safe=_VISIBLE + " ")
    return '"' + visible.replace("\\", "\\\\").replace('"', '\\"') + '"'
