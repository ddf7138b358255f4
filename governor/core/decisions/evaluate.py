"""The pure decision: resolve the subject, find the candidates, and decide each in full but for the balances.

Simulation, policy tests, replay, the command line and ``/decide`` all call this very function.
"""

from dataclasses import dataclass
from datetime import datetime

from governor.core.decisions.allowlists import check_allowlists
from governor.core.decisions.caller import Caller
from governor.core.decisions.context import check_context
from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.estimate import Estimate, estimate
from governor.core.decisions.holds import Amounts, make_holds
from governor.core.decisions.plan import CANDIDATES_MAX, Candidate, Plan
from governor.core.decisions.request import Ability, DecideRequest, Operation
from governor.core.decisions.snapshot import Snapshot
from governor.core.decisions.subject import ResolvedSubject, resolve_subject
from governor.core.errors import AmountError
from governor.core.ledger.commands import Hold
from governor.core.models import ResolvedModel
from governor.core.money import Rounding
from governor.core.policy.applicable import Applicable
from governor.core.policy.header import Enforcement
from governor.core.policy.organization import Strictness
from governor.core.prices import cost_nano_usd
from governor.core.usage import Usage

HOLD_FOR_S = 600
"""Life of a hold where neither the request nor a quota says."""

_ALLOWLIST_CODES = frozenset(
    {
        ReasonCode.MODEL_DENIED,
        ReasonCode.MODEL_NOT_ALLOWED,
        ReasonCode.MODEL_NOT_IN_ONLY,
        ReasonCode.NO_ALLOWLIST_MATCHES,
    }
)


@dataclass(frozen=True, slots=True)
class _Question:
    """What all candidates of one request share."""

    snapshot: Snapshot
    request: DecideRequest
    subject: ResolvedSubject
    estimate: Estimate
    now: datetime
    now_s: float


def evaluate(snapshot: Snapshot, request: DecideRequest, caller: Caller, now: datetime) -> Plan:
    """Make the plan of a request.

    Args:
        snapshot: Everything that decides.
        request: What is asked.
        caller: The key that it came with.
        now: The door's instant: it fixes periods, prices and effective dates.

    Returns:
        The model asked for and, where an allowlist refuses it, its fallbacks: at most eight candidates in order.
    """
    subject = resolve_subject(snapshot.organization, request.subject, caller, request.use_case, now)
    if request.tags:
        subject.attributes.update((f"tags.{key}", value) for key, value in request.tags.items())
    subject.attributes["operation"] = request.operation
    question = _Question(snapshot, request, subject, estimate(request), now, now.timestamp())
    asked, applicable = _candidate(question, snapshot.model(request.model, request.provider), substitute=False)
    candidates = (asked, *_fallbacks(question, asked, applicable))
    holding = [applied.quota.hold_for_s for candidate in candidates for applied in candidate.quotas]
    return Plan(
        request=request,
        policy_version=snapshot.version,
        time_zone=snapshot.organization.time_zone,
        now=now,
        candidates=candidates,
        options=tuple(candidate.option for candidate in candidates),
        basis=question.estimate.basis,
        hold_for_s=request.hold_for_s or max(holding, default=HOLD_FOR_S),
        fails_open=all(
            applied.quota.fail_open
            for applied in asked.quotas
            if applied.quota.header.enforcement is Enforcement.ENFORCE
        ),
    )


def _fallbacks(question: _Question, asked: Candidate, applicable: Applicable) -> list[Candidate]:
    """Decide the fallbacks of the allowlists in full, if an allowlist refuses the model asked for."""
    if not any(reason.code in _ALLOWLIST_CODES for reason in asked.reasons):
        return []
    names = dict.fromkeys(
        name
        for allowlist in applicable.allowlists
        if allowlist.header.enforcement is Enforcement.ENFORCE
        for name in allowlist.fallback
        if name != asked.model.id
    )
    substitutes = [question.snapshot.model(name, "") for name in list(names)[: CANDIDATES_MAX - 1]]
    return [_candidate(question, substitute, substitute=True)[0] for substitute in substitutes]


def _candidate(question: _Question, model: ResolvedModel, *, substitute: bool) -> tuple[Candidate, Applicable]:
    """Decide one model in full by everything but balances. No check stops at the first reason."""
    snapshot, request = question.snapshot, question.request
    attributes = {**question.subject.attributes, "model": model.id}
    if model.provider:
        attributes["provider"] = model.provider
    applicable = snapshot.applicable.find(attributes, question.now)
    reasons = list(question.subject.reasons)
    warnings = list(question.subject.warnings)
    refused, pointed_out = check_allowlists(snapshot.organization, applicable.allowlists, model.id)
    context = check_context(
        applicable.context_limits,
        model.model,
        question.estimate.input_tokens,
        request.max_output_tokens,
        default_output=question.estimate.default_output,
        can_clamp=Ability.CLAMP in request.can,
    )
    calls = _calls(request, reasons)
    amounts = Amounts(question.estimate.input_tokens, context.max_output_tokens * request.n, None, calls)
    holds: tuple[Hold, ...] = ()
    try:
        cost = _cost(question, model, amounts, reasons, warnings)
        amounts = Amounts(amounts.input_tokens, amounts.output_tokens, cost, calls)
        holds = make_holds(
            applicable.quotas, attributes, amounts, snapshot.budget_keys, now=question.now, now_s=question.now_s
        )
    except AmountError as error:
        # A rule that applies but cannot be evaluated fails closed.
        reasons.append(Reason(ReasonCode.EVALUATION_ERROR, f"an amount cannot be computed: {error.message}"))
    candidate = Candidate(
        model=model,
        attributes=attributes,
        reasons=(*reasons, *refused, *context.reasons),
        warnings=(*warnings, *pointed_out, *context.warnings),
        max_output_tokens=context.max_output_tokens,
        clamped=context.clamped,
        output_room=context.output_room,
        within_abilities=not substitute or Ability.SUBSTITUTE in request.can,
        input_tokens=amounts.input_tokens,
        output_tokens=amounts.output_tokens,
        cost_nano_usd=amounts.cost_nano_usd,
        holds=holds,
        quotas=applicable.quotas if holds else (),
        enforced=applicable.enforced,
    )
    return candidate, applicable


def _calls(request: DecideRequest, reasons: list[Reason]) -> int:
    """Return the number of calls that a request stands for; a batch must say how many, and its total tokens."""
    if request.operation is not Operation.BATCH:
        return 1
    if request.requests is None or request.input_tokens is None or request.max_output_tokens is None:
        message = "a batch needs requests, input_tokens and max_output_tokens in total, so that all of it can be held"
        reasons.append(Reason(ReasonCode.BATCH_SIZE_UNKNOWN, message))
    return request.requests or 1


def _cost(
    question: _Question, model: ResolvedModel, amounts: Amounts, reasons: list[Reason], warnings: list[Reason]
) -> int | None:
    """Return what a request is held for in nano-USD, or None with the reason why that is unknown."""
    book = question.snapshot.policies.prices
    price = question.snapshot.price(model.id, model.provider, question.now)
    if price is None and not model.known:
        _note_unknown_model(question.snapshot, model, reasons, warnings)
    # Cache reads that the caller only claims do not lower a hold.
    usage = Usage(input_tokens=amounts.input_tokens, output_tokens=amounts.output_tokens, units=question.request.units)
    batch = question.request.operation is Operation.BATCH
    for known in (price, book.unknown_price):
        if known is not None:
            cost = cost_nano_usd(known, usage, Rounding.UP, batch=batch, requests=amounts.requests)
            if cost is not None:
                return cost
    reasons.append(
        Reason(
            ReasonCode.UNKNOWN_PRICE,
            f"no price is known for {model.id}; add one to a PriceBook, or set unknown_price",
            book.policy,
            str(book.source) if book.source is not None else "",
        )
    )
    return None


def _note_unknown_model(
    snapshot: Snapshot, model: ResolvedModel, reasons: list[Reason], warnings: list[Reason]
) -> None:
    organization = snapshot.organization
    if organization.unknown_model is Strictness.ALLOW:
        return
    reason = Reason(
        ReasonCode.UNKNOWN_MODEL,
        f"`{model.asked}` is not a model that the catalogue knows; add it or an alias to a ModelCatalog",
        f"Organization/{organization.name}",
        str(organization.source),
    )
    (reasons if organization.unknown_model is Strictness.DENY else warnings).append(reason)
