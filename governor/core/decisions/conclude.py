"""From a plan and what the ledger found to the answer. Pure: the same inputs give the same answer, years later."""

from collections.abc import Mapping
from dataclasses import replace

from governor.core.decisions.decision import (
    BudgetView,
    Decision,
    Mode,
    Reason,
    ReasonCode,
    ReservationView,
    Verdict,
)
from governor.core.decisions.ids import id_text
from governor.core.decisions.messages import exceeded_message, resets_at, soft_limit_message
from governor.core.decisions.plan import Candidate, Plan
from governor.core.decisions.remedies import remedies
from governor.core.ledger.budget import EMPTY, Balance
from governor.core.ledger.commands import Admission, Hold
from governor.core.ledger.reservation import ReservationState
from governor.core.policy.applicable import AppliedQuota
from governor.core.policy.kinds import WhenReached
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
    asked = plan.candidates[0]
    if admission.chosen is None:
        return _denied(plan, admission, stored, stale_policy=stale_policy)
    given = plan.candidates[admission.chosen]
    unfit = admission.unfit[admission.chosen]
    warnings = given.warnings
    if unfit or given.prepared.points_out:
        # Balances already include this request's own holds; a warning compares what was there before.
        before = _balances_before(given, admission.balances)
        warnings = (*warnings, *_budget_warnings(given, unfit, before))
    return Decision(
        decision_id=_id_text(stored),
        verdict=Verdict.ALLOW,
        requested_model=asked.prepared.model.id,
        model=given.prepared.model.id,
        substituted=given is not asked,
        max_output_tokens=given.context.max_output_tokens,
        clamped=given.context.clamped,
        basis=plan.basis,
        reservation=_reservation(given, stored),
        reasons=_why_substituted(plan, admission, given) if given is not asked else (),
        warnings=warnings,
        budgets=_budgets(given, admission.balances),
        remedies=(),
        policy_version=plan.policy_version,
        mode=Mode.ENFORCED if given.prepared.enforced else Mode.AUDITED,
        attributes=given.prepared.attributes,
        stale_policy=stale_policy,
    )


def degraded(plan: Plan, *, stale_policy: bool = False) -> Decision:
    """Make the answer when the ledger gave none: as the quotas on the path say, and without a record."""
    asked = plan.candidates[0]
    allowed = plan.fails_open and not asked.reasons
    note = Reason(
        ReasonCode.LEDGER_UNAVAILABLE,
        "budgets could not be checked in time; "
        + ("the policies on this path let such requests pass" if allowed else "try again in a moment"),
    )
    decision = _denied(plan, Admission(None, {}, ()), None, stale_policy=stale_policy)
    return replace(
        decision,
        verdict=Verdict.ALLOW if allowed else Verdict.DENY,
        reasons=() if allowed else (*asked.reasons, note),
        warnings=(*asked.warnings, note) if allowed else asked.warnings,
        budgets=(),
        remedies=(),
        degraded=True,
    )


def _group_reason() -> Reason:
    """Say why a request was denied that nothing refused by itself: only its group can be the cause."""
    message = "another request of this all-or-nothing batch was refused, so none was placed"
    return Reason(ReasonCode.BATCH_DENIED, message)


def _denied(plan: Plan, admission: Admission, stored: Stored | None, *, stale_policy: bool) -> Decision:
    asked = plan.candidates[0]
    unfit = admission.unfit[0] if admission.unfit else ()
    refused = [index for index in unfit if asked.holds[index].must_fit]
    pointed_out = tuple(index for index in unfit if not asked.holds[index].must_fit)
    reasons = (*asked.reasons, *_quota_reasons(asked, refused, admission.balances))
    if not reasons:
        reasons = (_group_reason(),)
    return Decision(
        decision_id=_id_text(stored),
        verdict=Verdict.DENY,
        requested_model=asked.prepared.model.id,
        model=asked.prepared.model.id,
        substituted=False,
        max_output_tokens=asked.context.max_output_tokens,
        clamped=asked.context.clamped,
        basis=plan.basis,
        reservation=None,
        reasons=reasons,
        warnings=(*asked.warnings, *_budget_warnings(asked, pointed_out, admission.balances)),
        budgets=_budgets(asked, admission.balances),
        remedies=remedies(plan, admission),
        policy_version=plan.policy_version,
        mode=Mode.ENFORCED,
        attributes=asked.prepared.attributes,
        stale_policy=stale_policy,
    )


def _why_substituted(plan: Plan, admission: Admission, given: Candidate) -> tuple[Reason, ...]:
    """Return why the model asked for was not given, with the balances before the substitute was held."""
    asked = plan.candidates[0]
    refused = [index for index in admission.unfit[0] if asked.holds[index].must_fit]
    return (*asked.reasons, *_quota_reasons(asked, refused, _balances_before(given, admission.balances)))


def _quota_reasons(candidate: Candidate, refused: list[int], balances: Mapping[bytes, Balance]) -> tuple[Reason, ...]:
    """Return one reason for each budget without room, the one with the least room first."""

    def room(index: int) -> float:
        hold = candidate.holds[index]
        ceiling = hold.ceiling if hold.ceiling is not None else hold.limit
        return (ceiling - _balance(balances, hold).taken) / hold.amount

    return tuple(
        _exceeded(
            candidate.holds[index], candidate.prepared.draws[index].applied, _balance(balances, candidate.holds[index])
        )
        for index in sorted(refused, key=room)
    )


def _budget_warnings(
    candidate: Candidate, unfit: tuple[int, ...], balances: Mapping[bytes, Balance]
) -> tuple[Reason, ...]:
    """Return what budgets point out without refusing: audit and warn quotas, ``when_reached: warn``, soft limits."""
    warnings: list[Reason] = []
    for index, (hold, draw) in enumerate(zip(candidate.holds, candidate.prepared.draws, strict=True)):
        applied = draw.applied
        balance = _balance(balances, hold)
        taken = balance.taken + hold.amount
        if index in unfit:
            warnings.append(replace(_exceeded(hold, applied, balance), would_deny=True))
        elif applied.quota.when_reached is WhenReached.WARN and taken > hold.limit:
            warnings.append(_exceeded(hold, applied, balance))
        elif applied.soft_limit is not None and taken > applied.soft_limit:
            message = soft_limit_message(hold.budget, soft_limit=applied.soft_limit, limit=hold.limit, taken=taken)
            warnings.append(
                replace(_exceeded(hold, applied, balance), code=ReasonCode.SOFT_LIMIT_EXCEEDED, message=message)
            )
    return tuple(warnings)


def _exceeded(hold: Hold, applied: AppliedQuota, balance: Balance) -> Reason:
    header = applied.quota.header
    message = exceeded_message(
        applied.quota,
        hold.budget,
        limit=hold.limit,
        used=balance.used,
        held=balance.held,
        requested=hold.amount,
    )
    return Reason(
        ReasonCode.QUOTA_EXCEEDED,
        message,
        header.ref,
        str(header.source),
        scope=hold.budget.scope,
        unit=hold.budget.unit,
        limit=hold.limit,
        used=balance.used,
        held=balance.held,
        requested=hold.amount,
        resets_at=resets_at(hold.budget),
    )


def _budgets(candidate: Candidate, balances: Mapping[bytes, Balance]) -> tuple[BudgetView, ...]:
    views: list[BudgetView] = []
    for hold in candidate.holds:
        balance = balances.get(hold.budget.digest)
        if balance is not None:
            views.append(BudgetView(hold.budget, hold.limit, hold.ceiling, balance.used, balance.held))
    return tuple(views)


def _reservation(given: Candidate, stored: Stored | None) -> ReservationView | None:
    if stored is None:
        return None
    return ReservationView(
        id=id_text(stored.decision_id),
        state=ReservationState.HELD,
        tokens=given.amounts.input_tokens + given.amounts.output_tokens,
        cost_nano_usd=given.amounts.cost_nano_usd,
        worst_case_nano_usd=given.amounts.cost_nano_usd,
        expires_at_s=stored.expires_at_s,
    )


def _balances_before(given: Candidate, balances: Mapping[bytes, Balance]) -> dict[bytes, Balance]:
    before = dict(balances)
    for hold in given.holds:
        after = balances[hold.budget.digest]
        before[hold.budget.digest] = Balance(after.used, after.held - hold.amount)
    return before


def _balance(balances: Mapping[bytes, Balance], hold: Hold) -> Balance:
    return balances.get(hold.budget.digest, EMPTY)


def _id_text(stored: Stored | None) -> str | None:
    return id_text(stored.decision_id) if stored is not None else None
