"""From a plan and what the ledger found to the answer. Pure: the same inputs give the same answer, years later."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from governor.core.decisions.budget_views import budget_view, shown_limit
from governor.core.decisions.ceiling_words import ceiling_words
from governor.core.decisions.decision import (
    BudgetView,
    Decision,
    GrantUse,
    Mode,
    Reason,
    ReasonCode,
    ReservationView,
    Verdict,
)
from governor.core.decisions.draws import Draw, Part
from governor.core.decisions.grant_words import (
    Lifted,
    exhausted_reasons,
    grant_uses,
    granted_reasons,
    lifted_of,
    paid_by_grants,
)
from governor.core.decisions.ids import id_text
from governor.core.decisions.messages import exceeded_message, overage_message, resets_at, soft_limit_message
from governor.core.decisions.plan import Candidate, Plan
from governor.core.decisions.pointed_out import pointed_out
from governor.core.decisions.remedies import remedies
from governor.core.decisions.waiting import opens_at
from governor.core.ledger.admit import refuses
from governor.core.ledger.budget import EMPTY, Balance
from governor.core.ledger.commands import Admission, Hold
from governor.core.ledger.reservation import ReservationState
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.kinds import Prefer
from governor.core.values import hot_value


@hot_value
class Stored:
    """Identity of a stored decision: its id, and when its hold expires (Unix seconds; 0 if it holds nothing)."""

    decision_id: bytes
    expires_at_s: int


def conclude(plan: Plan, admission: Admission, stored: Stored | None, *, stale_policy: bool = False) -> Decision:
    """Make the answer.

    Args:
        plan: What ``evaluate`` made.
        admission: What the ledger chose, with the balances that decided.
        stored: The stored identity, or None for a dry run.
        stale_policy: Whether the policies are older than permitted.

    Returns:
        On a deny, all reasons of the model asked for, the decisive one first: policies before budgets, and the
        budget with the least room before the others.
    """
    if admission.chosen is None:
        return denied(plan, admission, stored, stale_policy=stale_policy)
    given = plan.standing(admission.chosen, admission)
    substituted = given.prepared.model.id != plan.requested_model
    unfit = admission.unfit[admission.chosen]
    points_out = bool(unfit or given.prepared.points_out)
    # What was placed is in the balances already, and nothing is compared with itself; a dry run has placed nothing.
    before = _before(admission) if stored is not None and (substituted or points_out) else admission
    warnings = given.warnings
    if points_out:
        warnings = (*warnings, *_budget_warnings(given, unfit, before))
    uses: tuple[GrantUse, ...] = ()
    if given.grants and (admission.lifted or admission.paid):
        lifted = _lifted(given, admission, _before(admission) if stored is not None else admission)
        uses = grant_uses(lifted, admission)
        warnings = (*warnings, *granted_reasons(lifted, uses))
    return Decision(
        decision_id=_id_text(stored),
        verdict=Verdict.ALLOW,
        requested_model=plan.requested_model,
        model=given.prepared.model.id,
        substituted=substituted,
        max_output_tokens=given.context.max_output_tokens,
        clamped=given.context.clamped,
        basis=plan.basis,
        reservation=_reservation(given, stored),
        reasons=_why_substituted(plan, before, given) if substituted else (),
        warnings=warnings,
        budgets=_budgets(given, admission),
        remedies=(),
        policy_version=plan.policy_version,
        mode=Mode.ENFORCED if given.prepared.enforced else Mode.AUDITED,
        attributes=given.prepared.attributes,
        stale_policy=stale_policy,
        estimate=given.estimate,
        grants=uses,
    )


def _lifted(given: Candidate, admission: Admission, before: Admission) -> tuple[Lifted, ...]:
    """Return what grants lifted, with what the budgets that they pay for would have said."""
    exceeded = [
        (index, _exceeded(given.holds[index], given.prepared.draws[index], before))
        for index in paid_by_grants(given, admission)
    ]
    return lifted_of(given, admission, exceeded)


def group_reason() -> Reason:
    """Say why a request was denied that nothing refused by itself: only its group can be the cause."""
    message = "another request of this all-or-nothing batch was refused, so none was placed"
    return Reason(ReasonCode.BATCH_DENIED, message)


def denied(plan: Plan, admission: Admission, stored: Stored | None, *, stale_policy: bool) -> Decision:
    """Make the answer of a request that is refused; see ``conclude``."""
    asked = plan.standing(0, admission)
    unfit = admission.unfit[0] if admission.unfit else ()
    refused = _refused(asked, unfit, admission)
    advisory = tuple(index for index in unfit if index not in refused)
    reasons = (*asked.reasons, *_budget_reasons(asked, refused, admission))
    if not reasons:
        reasons = (group_reason(),)
    return Decision(
        decision_id=_id_text(stored),
        verdict=Verdict.DENY,
        requested_model=plan.requested_model,
        model=plan.requested_model,
        substituted=False,
        max_output_tokens=asked.context.max_output_tokens,
        clamped=asked.context.clamped,
        basis=plan.basis,
        reservation=None,
        reasons=reasons,
        warnings=(
            *asked.warnings,
            *_budget_warnings(asked, advisory, admission, refused),
            *(exhausted_reasons(asked, unfit, admission) if asked.grants else ()),
        ),
        budgets=_budgets(asked, admission),
        remedies=remedies(plan, admission),
        policy_version=plan.policy_version,
        mode=Mode.ENFORCED,
        attributes=asked.prepared.attributes,
        stale_policy=stale_policy,
        estimate=asked.estimate,
    )


def _why_substituted(plan: Plan, before: Admission, given: Candidate) -> tuple[Reason, ...]:
    """Return why the model asked for was not given, with the balances before the substitute was held."""
    if plan.is_open and plan.routing is not None and not given.prepared.offer.substitute:
        header = plan.routing.header
        which = "the cheapest" if plan.routing.prefer is Prefer.CHEAPEST else "the first"
        message = f"{header.name} chose {given.prepared.model.id}: {which} of its models that may serve this request"
        return (Reason(ReasonCode.MODEL_ROUTED, message, header.ref, str(header.source)),)
    asked = plan.standing(0, before)
    return (*asked.reasons, *_budget_reasons(asked, _refused(asked, before.unfit[0], before), before))


def _refused(candidate: Candidate, unfit: tuple[int, ...], admission: Admission) -> list[int]:
    holds = candidate.holds
    return [index for index in unfit if refuses(holds[index], _balance(admission.balances, holds[index]))]


def decisive_policy(plan: Plan, admission: Admission) -> str:
    """Name what decided a deny, without its sentences: the first reason's policy, or its code.

    Args:
        plan: What ``evaluate`` made.
        admission: Of a request that was refused.
    """
    asked = plan.standing(0, admission)
    if asked.reasons:
        return asked.reasons[0].policy or str(asked.reasons[0].code)
    unfit = admission.unfit[0] if admission.unfit else ()
    ordered = _ordered(asked, _refused(asked, unfit, admission), admission)
    return asked.prepared.draws[ordered[0]].applied.quota.header.ref if ordered else str(ReasonCode.BATCH_DENIED)


def _budget_reasons(candidate: Candidate, refused: list[int], admission: Admission) -> tuple[Reason, ...]:
    """Return one reason for each budget that refuses."""
    return tuple(
        _exceeded(candidate.holds[index], candidate.prepared.draws[index], admission)
        if candidate.holds[index].terms.must_fit
        else _beyond_counting(candidate, index)
        for index in _ordered(candidate, refused, admission)
    )


def _ordered(candidate: Candidate, refused: list[int], admission: Admission) -> list[int]:
    """Return budgets that refuse: those that cannot count so far first, then the one with the least room."""

    def room(index: int) -> float:
        hold = candidate.holds[index]
        ceiling = admission.ceiling(hold)
        taken = _balance(admission.balances, hold).taken
        return ((ceiling if ceiling is not None else hold.terms.limit) - taken) / hold.amount

    beyond = [index for index in refused if not candidate.holds[index].terms.must_fit]
    return [*beyond, *sorted((index for index in refused if index not in beyond), key=room)]


def _beyond_counting(candidate: Candidate, index: int) -> Reason:
    """Say that a rule that applies cannot be evaluated: it fails closed."""
    header, scope = candidate.prepared.draws[index].applied.quota.header, candidate.holds[index].budget.scope
    message = f"an amount cannot be computed: with this request {header.ref} would hold more than a budget can count"
    return Reason(ReasonCode.EVALUATION_ERROR, message, header.ref, str(header.source), scope=scope)


def _budget_warnings(
    candidate: Candidate, unfit: tuple[int, ...], admission: Admission, refused: Sequence[int] = ()
) -> tuple[Reason, ...]:
    """Return what budgets point out without refusing: audit and warn quotas, overage, soft limits.

    Args:
        candidate: The one that was chosen, or asked for.
        unfit: Its holds that did not fit.
        admission: With the balances before anything was placed.
        refused: Its holds that are reasons already.
    """
    warnings: list[Reason] = []
    for index, (hold, draw) in enumerate(zip(candidate.holds, candidate.prepared.draws, strict=True)):
        if index in unfit:
            warnings.append(replace(_exceeded(hold, draw, admission), would_deny=True))
        elif index in candidate.prepared.points_out and index not in refused:
            warnings.extend(_pointed_out(index, hold, draw, admission))
    return tuple(warnings)


def _pointed_out(index: int, hold: Hold, draw: Draw, admission: Admission) -> Iterator[Reason]:
    code = pointed_out(index, hold, draw, admission)
    if code is None:
        return
    reason = replace(_exceeded(hold, draw, admission), code=code)
    limit = hold.terms.limit
    taken = _balance(admission.balances, hold).taken + hold.amount
    header, overage, soft_limit = draw.applied.quota.header, draw.applied.quota.overage, draw.applied.soft_limit
    if code is ReasonCode.OVERAGE and overage is not None:
        room = limit + admission.carried_into(hold)
        message = overage_message(header, hold.budget, overage, beyond=taken - room, limit=room)
        reason = replace(reason, message=message)
    elif code is ReasonCode.SOFT_LIMIT_EXCEEDED and soft_limit is not None:
        if draw.applied.quota.soft_limit_percent is not None:
            room = limit + admission.carried_into(hold)
            soft_limit = room * draw.applied.quota.soft_limit_percent // 100
        message = soft_limit_message(header, hold.budget, soft_limit=soft_limit, limit=limit, taken=taken)
        reason = replace(reason, message=message)
    yield reason


def _exceeded(hold: Hold, draw: Draw, admission: Admission) -> Reason:
    quota = draw.applied.quota
    balance = _balance(admission.balances, hold)
    ceiling = admission.ceiling(hold)
    period = quota.period
    if draw.part is Part.PACE and period is not None:
        period = PeriodDefinition(Every.DAY, period.time_zone)
    message = exceeded_message(
        quota.header,
        period,
        hold.budget,
        limit=ceiling if ceiling is not None else hold.terms.limit + admission.carried_into(hold),
        used=balance.used,
        held=balance.held,
        requested=hold.amount,
        why=ceiling_words(draw, ceiling, admission.carried_into(hold)),
        is_fixed=(hold.terms.rule is None or hold.terms.rule.is_fixed) and opens_at(hold, draw, admission) is None,
    )
    return Reason(
        ReasonCode.QUOTA_EXCEEDED,
        message,
        quota.header.ref,
        str(quota.header.source),
        scope=hold.budget.scope,
        unit=hold.budget.unit,
        limit=shown_limit(draw, ceiling),
        used=balance.used,
        held=balance.held,
        requested=hold.amount,
        resets_at=resets_at(hold.budget),
    )


def _budgets(candidate: Candidate, admission: Admission) -> tuple[BudgetView, ...]:
    """Return the budgets on the path; one that pays instead of another stands behind it."""
    views: list[BudgetView] = []
    for index, (hold, draw) in enumerate(zip(candidate.holds, candidate.prepared.draws, strict=True)):
        views.extend(_view(hold, draw, admission))
        if hold.instead and admission.payer(index) == hold.instead:
            for other, other_draw in zip(hold.instead, draw.instead, strict=True):
                views.extend(_view(other, other_draw, admission))
    views.extend(_grant_views(candidate, admission))
    return tuple(views)


def _grant_views(candidate: Candidate, admission: Admission) -> Iterator[BudgetView]:
    """Yield the budgets of the grants that pay, each once."""
    if not candidate.grants:
        return
    refs = {grant.ref for grant in candidate.grants}
    for hold in admission.placed:
        if hold.budget.policy in refs:
            balance = admission.balances[hold.budget.digest]
            yield BudgetView(hold.budget, hold.terms.limit, admission.ceiling(hold), balance.used, balance.held)


def _view(hold: Hold, draw: Draw, admission: Admission) -> Iterator[BudgetView]:
    balance = admission.balances.get(hold.budget.digest)
    if balance is not None:
        yield budget_view(draw, balance, admission.ceiling(hold), admission.carried_into(hold))


def _reservation(given: Candidate, stored: Stored | None) -> ReservationView | None:
    if stored is None:
        return None
    return ReservationView(
        id=id_text(stored.decision_id),
        state=ReservationState.HELD,
        tokens=given.held.input_tokens + given.held.output_tokens,
        cost_nano_usd=given.held.cost_nano_usd,
        worst_case_nano_usd=given.amounts.cost_nano_usd,
        expires_at_s=stored.expires_at_s,
    )


def _before(admission: Admission) -> Admission:
    """Return the admission with the balances before its own holds."""
    before = dict(admission.balances)
    for hold in admission.placed:
        after = before[hold.budget.digest]
        before[hold.budget.digest] = Balance(after.used, after.held - hold.amount)
    return replace(admission, balances=before)


def _balance(balances: Mapping[bytes, Balance], hold: Hold) -> Balance:
    return balances.get(hold.budget.digest, EMPTY)


def _id_text(stored: Stored | None) -> str | None:
    return id_text(stored.decision_id) if stored is not None else None
