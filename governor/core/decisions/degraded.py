"""The answer when the ledger gave none: as quotas say that cannot be checked, without a record."""

from collections.abc import Sequence
from dataclasses import replace

from governor.core.decisions.conclude import conclude, denied, group_reason
from governor.core.decisions.decision import Decision, Reason, ReasonCode, Verdict
from governor.core.decisions.plan import Candidate, Plan
from governor.core.ledger.commands import Admission


def degraded(plan: Plan, *, stale_policy: bool = False) -> Decision:
    """Make the answer that the quotas of the model that would be given permit.

    That is the first model that policies permit and whose quotas all let such requests pass. One that is only offered
    where a budget is full is not among them, and no grant acts: nobody knows their balances.
    """
    chosen = next((index for index, one in enumerate(plan.candidates) if _passes_unchecked(one)), None)
    if chosen is None:
        return _refused(plan, plan.candidates[0].reasons, stale_policy=stale_policy)
    unchecked = Admission(chosen, {}, ((),) * (chosen + 1))
    decision = conclude(plan, unchecked, None, stale_policy=stale_policy)
    note = _note("the policies on this path let such requests pass")
    # What budgets would point out is compared with balances, so it is left out.
    warnings = (*plan.candidates[chosen].warnings, note)
    reasons = decision.reasons
    if decision.substituted and not reasons:
        # A model that only its quotas keep back is refused because nobody could check them.
        reasons = (_note("those of the model asked for let nothing pass"),)
    return replace(decision, reasons=reasons, warnings=warnings, degraded=True)


def degraded_group(plans: Sequence[Plan], *, stale_policy: bool = False) -> list[Decision]:
    """Make the answers of an all-or-nothing group: if one is refused, every one is."""
    decisions = [degraded(plan, stale_policy=stale_policy) for plan in plans]
    if all(decision.verdict is Verdict.ALLOW for decision in decisions):
        return decisions
    return [
        _refused(plan, (group_reason(),), stale_policy=stale_policy) if decision.verdict is Verdict.ALLOW else decision
        for plan, decision in zip(plans, decisions, strict=True)
    ]


def _refused(plan: Plan, reasons: Sequence[Reason], *, stale_policy: bool) -> Decision:
    decision = denied(plan, Admission(None, {}, ()), None, stale_policy=stale_policy)
    return replace(
        decision,
        reasons=(*reasons, _note("try again in a moment")),
        warnings=plan.candidates[0].warnings,
        budgets=(),
        remedies=(),
        degraded=True,
    )


def _note(what: str) -> Reason:
    return Reason(ReasonCode.LEDGER_UNAVAILABLE, f"budgets could not be checked in time; {what}")


def _passes_unchecked(candidate: Candidate) -> bool:
    return candidate.placeable and candidate.after is None and candidate.prepared.fails_open
