"""The beginning of a request: asked, sent to those who decide or approved at once, joined, or the glass broken."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from governor.core.approvals.request import (
    OPEN_STATES,
    Act,
    Actor,
    ExceptionRequest,
    Review,
    Ruling,
    Sending,
    State,
    Step,
)
from governor.core.errors import ConflictError
from governor.core.policy.approval_rule import ApprovalRule, Route
from governor.core.working_time import WorkingTime

SENDINGS_MAX = 100
"""Sendings that a request remembers, the newest: nobody sends one again after a hundred others."""


def ruling_of(rule: ApprovalRule, route: Route, *, urgent: bool) -> Ruling:
    """Return how a request is decided, from the rule as it is now."""
    hurry = rule.urgent if urgent else None
    remind_after = hurry.remind_after if hurry is not None and hurry.remind_after is not None else rule.remind_after
    escalate = rule.escalate
    if escalate is not None and hurry is not None and hurry.escalate is not None:
        escalate = replace(escalate, after=hurry.escalate)
    return Ruling(
        rule=rule.ref,
        source=str(rule.header.source),
        route=route,
        deny_at=rule.deny_at,
        delegation=rule.delegation,
        remind_after=remind_after,
        escalate=escalate,
        channel=rule.channel,
    )


def open_request(request: ExceptionRequest, rule: ApprovalRule, working: WorkingTime, actor: Actor) -> Step:
    """Put a request on its way: to those who decide, or approved at once where its route asks nobody.

    Args:
        request: As it was asked, in state ``REQUESTED``, with its ruling.
        rule: For how long people may take.
        working: The organisation's working hours.
        actor: Who asks.
    """
    at = request.created_at
    step = _requested(request, actor)
    ruling = request.ruling
    if ruling.route.automatic:
        step = step.to(state=State.APPROVED, approved_at=at)
        return step.then(Act.APPROVED_AUTOMATICALLY, actor, at, rule=ruling.rule)
    escalate = ruling.escalate
    step = step.to(
        state=State.PENDING,
        remind_at=ruling.remind_after.after(at, working) if ruling.remind_after is not None else None,
        escalate_at=escalate.after.after(at, working) if escalate is not None else None,
        # What would have ended before it is approved is not worth waiting for; what is over cannot be prolonged.
        expires_at=min(rule.expire_after.after(at, working), request.terms.starts_at or request.terms.ends_at),
    )
    asked = tuple(f"{one.at_least} of {one.group}" for one in ruling.route.require)
    return step.then(Act.SENT, actor, at, rule=ruling.rule, requires=asked, urgent=request.urgent)


def break_the_glass(request: ExceptionRequest, rule: ApprovalRule, actor: Actor) -> Step:
    """Approve a request because it cannot wait; somebody else reviews it afterwards."""
    assert rule.break_glass is not None, "the caller looks whether the rule lets anybody break the glass"
    at = request.created_at
    within = timedelta(seconds=rule.break_glass.review_within_s)
    due_at = at + within
    step = _requested(request, actor)
    # Who could have approved it is reminded at half of the time: what is missed suspends the right of all.
    step = step.to(state=State.APPROVED, approved_at=at, review=Review(due_at, remind_at=at + within / 2))
    return step.then(Act.BROKE_GLASS, actor, at, rule=rule.ref, review_due_at=due_at.isoformat())


def check_extends(parent: ExceptionRequest, longer: Iterable[ExceptionRequest], now: datetime) -> None:
    """Refuse to prolong what does not act, what nobody approved, and what is prolonged already.

    Args:
        parent: The request whose grant would be prolonged.
        longer: Every request that would prolong it.
        now: The door's instant.

    Raises:
        ConflictError: ``wrong_state``, or ``conflict`` with the ``id`` of the request that prolongs it.
    """
    state = parent.state_at(now)
    if state not in {State.APPROVED, State.ACTIVE} or parent.break_glass:
        what = "was given by breaking the glass" if parent.break_glass else f"is {str(state).replace('_', ' ')}"
        raise ConflictError(f"the request {what}; ask for a new one", code="wrong_state", state=str(state))
    granted = next((one for one in longer if one.state_at(now) in OPEN_STATES - {State.PENDING}), None)
    if granted is not None:
        raise ConflictError(f"it is prolonged by {granted.id} already; ask for that one to last longer", id=granted.id)


def _requested(request: ExceptionRequest, actor: Actor) -> Step:
    return Step(request).then(
        Act.REQUESTED,
        actor,
        request.created_at,
        kind=str(request.kind),
        scope=tuple(f"{key}={value}" for key, value in request.scope),
        lifts=request.lifts,
        amount_nano_usd=request.asked.amount_nano_usd,
        ends_at=request.asked.ends_at.isoformat(),
        justification=request.justification,
        extends=request.extends or None,
    )


def join(request: ExceptionRequest, actor: Actor, note: str, now: datetime, *, sending: Sending | None = None) -> Step:
    """Let somebody ask for the same thing: they hear of it as the requester does, and do not decide about it.

    Args:
        request: The one that is asked for already.
        actor: Who asks for it too; of a requester only what they sent is kept.
        note: Why, in their words.
        now: The door's instant.
        sending: What they sent, if it has an id of its own: sent once more, it is this request.

    Raises:
        ConflictError: If they have voted: nobody is on both sides.
    """
    step, request_id = Step(request), None
    if sending is not None:
        request_id = sending.request_id
        step = step.to(sent_too=(*request.sent_too, sending)[-SENDINGS_MAX:])
    if actor.user in request.requesters:
        return step.then(Act.SENT_AGAIN, actor, now, request_id=request_id) if sending is not None else step
    if any(actor.user in {vote.by, vote.member} for vote in request.votes):
        message = "you have voted on this request; withdraw the vote before you ask for the same"
        raise ConflictError(message, code="wrong_state", state=str(request.state))
    step = step.to(joined=(*request.joined, actor.user))
    return step.then(Act.JOINED, actor, now, note=note or None, request_id=request_id)
