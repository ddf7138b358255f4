"""One recorded request under two versions of the policies: what is different for whoever made it."""

from collections.abc import Sequence
from enum import StrEnum

from governor.core.decisions.conclude import decisive_policy
from governor.core.decisions.decision import Reason
from governor.core.decisions.pointed_out import budgets_pointed_out
from governor.core.scopes import Scope
from governor.services.replay_lane import Decided, Outcome


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
    if outcome.given is None:
        return NO_WARNINGS
    decided = outcome.decided
    if decided is None or decided.given is None:
        return _named(outcome.given.warnings, outcome.verdict.pointed_out)
    given = decided.given
    unfit = _unfit(decided)
    draws = given.prepared.draws
    found = [draws[index].applied.quota.header.ref for index, _ in budgets_pointed_out(given, unfit, decided.admission)]
    return _named(given.warnings, found)


def _named(warnings: Sequence[Reason], quotas: Sequence[str]) -> Warned:
    if not warnings and not quotas:
        return NO_WARNINGS
    return frozenset([*quotas, *[reason.policy or str(reason.code) for reason in warnings]])


def effects(before: Outcome, after: Outcome, warned_before: Warned, warned_after: Warned) -> list[tuple[Effect, str]]:
    """Return what differs between two outcomes of one request, each with the policy that it is due to."""
    was, is_now = before.given, after.given
    if was is None or is_now is None:
        if was is is_now:
            return []
        if is_now is None:
            return [(Effect.REFUSED, refused_by(after))]
        return [(Effect.ALLOWED, refused_by(before))]
    found: list[tuple[Effect, str]] = []
    if was.model.id != is_now.model.id:
        if is_now.model.id == after.asked.model.id:
            found.append((Effect.RESTORED, replaced_by(before)))
        else:
            found.append((Effect.DOWNGRADED, replaced_by(after)))
    elif before.max_output_tokens != after.max_output_tokens:
        shorter = after.max_output_tokens < before.max_output_tokens
        found.append((Effect.SHORTENED if shorter else Effect.LENGTHENED, "ContextLimit"))
    if warned_before is not warned_after:
        found += [(Effect.WARNED, policy) for policy in sorted(warned_after - warned_before)]
        found += [(Effect.UNWARNED, policy) for policy in sorted(warned_before - warned_after)]
    return found


def replaced_by(outcome: Outcome) -> str:
    """Name the policy because of which another model was given than the one asked for."""
    decided = outcome.decided
    if outcome.given is outcome.asked:
        # What was asked for was given, and is called something else than in the other version.
        return "ModelCatalog"
    offered = outcome.given is not None and outcome.given.offer.substitute
    if decided is not None and decided.plan.routing is not None and not offered:
        return decided.plan.routing.header.ref
    return refused_by(outcome)


def run_out(outcome: Outcome) -> Sequence[tuple[str, Scope]]:
    """Return the budgets that had no room for what was asked: policy and scope."""
    decided = outcome.decided
    if decided is None:
        return outcome.verdict.run_out
    if not decided.admission.unfit or not decided.admission.unfit[0]:
        return ()
    return [
        (draw.applied.quota.header.ref, draw.budget.scope)
        for draw in (outcome.asked.draws[index] for index in decided.admission.unfit[0])
        if not draw.terms.part
    ]


def refused_by(outcome: Outcome) -> str:
    """Name the policy that refused a request, or refused it the model that it asked for."""
    decided = outcome.decided
    return decisive_policy(decided.plan, decided.admission) if decided is not None else outcome.verdict.refused_by


def _unfit(decided: Decided) -> tuple[int, ...]:
    chosen, unfit = decided.admission.chosen, decided.admission.unfit
    assert chosen is not None
    return unfit[chosen]
