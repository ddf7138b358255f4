"""One recorded request under two versions of the policies: what is different for whoever made it."""

from enum import StrEnum

from governor.core.decisions.conclude import decisive_policy
from governor.core.decisions.pointed_out import budgets_pointed_out
from governor.services.replay_lane import Outcome


class Effect(StrEnum):
    """What the later version changes for a request."""

    REFUSED = "refused"
    ALLOWED = "allowed"
    DOWNGRADED = "downgraded"
    RESTORED = "restored"
    SHORTENED = "shortened"
    LENGTHENED = "lengthened"
    WARNED = "warned"
    UNWARNED = "unwarned"


EFFECT_WORDS = {
    Effect.REFUSED: "newly refused",
    Effect.ALLOWED: "newly allowed",
    Effect.DOWNGRADED: "given another model",
    Effect.RESTORED: "given the model asked for again",
    Effect.SHORTENED: "given a shorter answer",
    Effect.LENGTHENED: "given a longer answer",
    Effect.WARNED: "newly warned",
    Effect.UNWARNED: "no longer warned",
}
"""Effects in words, the gravest first."""

Warned = frozenset[str]
"""Policies that pointed something out."""

NO_WARNINGS: Warned = frozenset()


def warned(outcome: Outcome) -> Warned:
    """Return the policies that an allowed request was warned by, or ``NO_WARNINGS`` for one that was refused."""
    given = outcome.given
    if given is None:
        return NO_WARNINGS
    unfit = _unfit(outcome)
    if not unfit and not given.prepared.points_out and not given.warnings:
        return NO_WARNINGS
    draws = given.prepared.draws
    found = [draws[index].applied.quota.header.ref for index, _ in budgets_pointed_out(given, unfit, outcome.admission)]
    found += [reason.policy or str(reason.code) for reason in given.warnings]
    return frozenset(found) if found else NO_WARNINGS


def effects(before: Outcome, after: Outcome, warned_before: Warned, warned_after: Warned) -> list[tuple[Effect, str]]:
    """Return what differs between two outcomes of one request, each with the policy that it is due to."""
    was, is_now = before.given, after.given
    if was is None or is_now is None:
        if was is is_now:
            return []
        if is_now is None:
            return [(Effect.REFUSED, decisive_policy(after.plan, after.admission))]
        return [(Effect.ALLOWED, decisive_policy(before.plan, before.admission))]
    found: list[tuple[Effect, str]] = []
    if was.prepared.model.id != is_now.prepared.model.id:
        if is_now.prepared.model.id == after.asked.prepared.model.id:
            found.append((Effect.RESTORED, replaced_by(before)))
        else:
            found.append((Effect.DOWNGRADED, replaced_by(after)))
    elif was.context.max_output_tokens != is_now.context.max_output_tokens:
        shorter = is_now.context.max_output_tokens < was.context.max_output_tokens
        found.append((Effect.SHORTENED if shorter else Effect.LENGTHENED, "ContextLimit"))
    if warned_before is not warned_after:
        found += [(Effect.WARNED, policy) for policy in sorted(warned_after - warned_before)]
        found += [(Effect.UNWARNED, policy) for policy in sorted(warned_before - warned_after)]
    return found


def replaced_by(outcome: Outcome) -> str:
    """Name the policy because of which another model was given than the one asked for."""
    plan = outcome.plan
    if plan.routing is not None:
        return plan.routing.header.ref
    return decisive_policy(plan, outcome.admission)


def run_out(outcome: Outcome) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Return the budgets that had no room for what was asked: policy and scope."""
    unfit = outcome.admission.unfit
    if not unfit or not unfit[0]:
        return []
    asked = outcome.asked
    return [
        (draw.applied.quota.header.ref, draw.budget.scope)
        for draw in (asked.prepared.draws[index] for index in unfit[0])
        if not draw.terms.part
    ]


def _unfit(outcome: Outcome) -> tuple[int, ...]:
    chosen, unfit = outcome.admission.chosen, outcome.admission.unfit
    assert chosen is not None
    return unfit[chosen]
