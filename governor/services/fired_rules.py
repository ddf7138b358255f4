"""Which rules of the policies decided something: what the coverage of policy tests is made of."""

from collections.abc import Iterator

from governor.core.decisions.decision import Decision, ReasonCode
from governor.core.decisions.draws import Draw, Part
from governor.core.decisions.plan import Candidate, Plan
from governor.core.decisions.snapshot import Snapshot
from governor.core.globs import matches_any
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.commands import Admission
from governor.core.policy.applicable import Applicable, limit_rule

Rule = tuple[str, str]
"""``Kind/name`` of a policy, and one of its ``rules_of``."""

_OF_REASON = {
    ReasonCode.MODEL_DENIED: ("deny",),
    ReasonCode.MODEL_NOT_ALLOWED: ("allow",),
    ReasonCode.MODEL_NOT_IN_ONLY: ("only",),
    ReasonCode.INPUT_TOO_LARGE: ("max_input",),
    ReasonCode.OUTPUT_TOO_LARGE: ("max_output",),
    ReasonCode.CONTEXT_TOO_LARGE: ("max_total",),
    ReasonCode.SOFT_LIMIT_EXCEEDED: ("soft_limit",),
    ReasonCode.OVERAGE: ("overage",),
    ReasonCode.MODEL_ROUTED: ("among",),
}


def took_part(snapshot: Snapshot, plan: Plan) -> frozenset[str]:
    """Return the policies that concern a request, as ``Kind/name``."""
    return frozenset(ref for candidate in plan.candidates for ref in _refs(_applicable(snapshot, plan, candidate)))


def fired_rules(snapshot: Snapshot, plan: Plan, admission: Admission, decision: Decision) -> frozenset[Rule]:
    """Return the rules that decided something: refused, warned, admitted a model, or offered another one."""
    return frozenset(
        (
            *_of_reasons(decision),
            *_of_models(snapshot, plan, admission),
            *_of_budgets(snapshot, plan, admission),
            *_of_clamps(plan),
        )
    )


def _applicable(snapshot: Snapshot, plan: Plan, candidate: Candidate) -> Applicable:
    return snapshot.applicable.find(candidate.prepared.attributes, plan.now)


def _refs(applicable: Applicable) -> Iterator[str]:
    for policies in (applicable.allowlists, applicable.context_limits, applicable.quotas, applicable.routings):
        yield from (policy.header.ref for policy in policies)


def _of_reasons(decision: Decision) -> Iterator[Rule]:
    for reason in (*decision.reasons, *decision.warnings):
        for rule in _OF_REASON.get(reason.code, ()):
            yield reason.policy, rule


def _of_models(snapshot: Snapshot, plan: Plan, admission: Admission) -> Iterator[Rule]:
    """The lists that admitted the model that is given, and those that offered it."""
    if admission.chosen is None:
        return
    asked, given = plan.standing(0, admission), plan.standing(admission.chosen, admission)
    model = given.prepared.model.id
    for allowlist in _applicable(snapshot, plan, given).allowlists:
        if matches_any(allowlist.allow or (), model):
            yield allowlist.header.ref, "allow"
        if allowlist.only is not None:
            yield allowlist.header.ref, "only"
    if plan.routing is not None and not given.prepared.offer.substitute:
        yield plan.routing.header.ref, "among"
    elif given is not asked:
        yield from _of_offers(_applicable(snapshot, plan, asked), asked, given, admission)


def _of_offers(applicable: Applicable, asked: Candidate, given: Candidate, admission: Admission) -> Iterator[Rule]:
    """What offered the model that is given instead of the one asked for."""
    offer = given.prepared.offer
    for allowlist in applicable.allowlists:
        if asked.reasons and given.prepared.model.id in allowlist.fallback:
            yield allowlist.header.ref, "fallback"
    refs = [limit.header.ref for limit in applicable.context_limits]
    yield from ((ref, "downgrade") for ref in refs if ref in offer.over)
    for index in offer.after:
        if index in admission.unfit[0]:
            yield asked.prepared.draws[index].applied.quota.header.ref, "downgrade"


def _of_budgets(snapshot: Snapshot, plan: Plan, admission: Admission) -> Iterator[Rule]:
    """The limits that had no room, also where that was only pointed out; nobody asked those behind the model given."""
    for candidate, unfit in zip(plan.candidates, admission.unfit, strict=False):
        for index in unfit:
            draw = candidate.prepared.draws[index]
            yield draw.applied.quota.header.ref, _rule_of(snapshot, plan, draw)
    if admission.chosen is None:
        return
    given = plan.standing(admission.chosen, admission)
    for hold, draw in zip(given.holds, given.prepared.draws, strict=True):
        taken = admission.balances.get(hold.budget.digest, EMPTY).taken + hold.amount
        room = hold.terms.limit + admission.carried_into(hold)
        if draw.part is Part.WHOLE and hold.amount and taken > room:
            yield draw.applied.quota.header.ref, _rule_of(snapshot, plan, draw)


def _rule_of(snapshot: Snapshot, plan: Plan, draw: Draw) -> str:
    match draw.part:
        case Part.SHARE:
            return "max_share"
        case Part.PACE:
            return "pace"
        case Part.FUND_SHARE:
            return "overage"
    return limit_rule(draw.applied.quota, draw.budget.scope, snapshot.organization, plan.now)[0]


def _of_clamps(plan: Plan) -> Iterator[Rule]:
    """A clamp says no reason: the limits whose output bound was lowered to."""
    asked = plan.request.max_output_tokens
    for candidate in plan.candidates:
        if not candidate.context.clamped or asked is None:
            continue
        for limit in candidate.prepared.context_limits:
            if limit.max_output == candidate.context.max_output_tokens:
                yield limit.header.ref, "max_output"
            elif limit.max_total is not None and limit.max_output is None:
                yield limit.header.ref, "max_total"
