"""The end of a request, and what is said afterwards: cancelled, revoked, used up, reviewed, and what came of it."""

from dataclasses import replace
from datetime import datetime

from governor.core.approvals.request import (
    GOVERNOR,
    OVER_STATES,
    Act,
    Actor,
    Closing,
    ExceptionRequest,
    State,
    Step,
)
from governor.core.approvals.voting import Electorate, check_pending
from governor.core.errors import ConflictError, ForbiddenError, InvalidRequestError


def use_up(request: ExceptionRequest, now: datetime) -> Step:
    """Note that the grant has spent its amount."""
    if request.state is not State.ACTIVE:
        return Step(request)
    closing = Closing(now, "", "its amount is spent")
    return Step(request).to(state=State.USED_UP, closing=closing).then(Act.USED_UP, GOVERNOR, now)


def follow(request: ExceptionRequest, parent: ExceptionRequest, actor: Actor, now: datetime) -> Step:
    """Close what would prolong a grant that is over before its time: nobody decides about it any more.

    What was approved already begins when the first grant would have ended, unless that was taken away.

    Args:
        request: Would prolong the grant, or was approved to.
        parent: The request whose grant was revoked, or has spent its amount.
        actor: Who ended it.
        now: When.
    """
    revoked = parent.state is State.REVOKED
    why = parent.closing.reason if parent.closing is not None else ""
    reason = (
        f"what it prolongs was revoked: {why}" if revoked else f"what it prolongs is over: {why}; ask for a new one"
    )
    match request.state_at(now):
        case State.PENDING:
            step = Step(request).to(state=State.CANCELLED, closing=Closing(now, actor.user, reason))
            return step.then(Act.CANCELLED, actor, now, reason=reason)
        case State.APPROVED if revoked:
            step = Step(request).to(state=State.REVOKED, closing=Closing(now, actor.user, reason))
            return step.then(Act.REVOKED, actor, now, reason=reason)
        case _:
            return Step(request)


def cancel(request: ExceptionRequest, actor: Actor, reason: str, now: datetime) -> Step:
    """Take a request back before it is decided; those who joined lose it too.

    Raises:
        ForbiddenError: If somebody else asked.
        ConflictError: ``wrong_state`` if it is not pending.
    """
    if actor.user not in {request.asked_by, request.asked_for} and not actor.admin:
        raise ForbiddenError("only who asked, or an admin, cancels a request", needed="requester, admin")
    check_pending(request, now)
    step = Step(request).to(state=State.CANCELLED, closing=Closing(now, actor.user, reason))
    return step.then(Act.CANCELLED, actor, now, reason=reason or None)


def revoke(request: ExceptionRequest, electorate: Electorate, actor: Actor, reason: str, now: datetime) -> Step:
    """End a grant before its end.

    Raises:
        ForbiddenError: For anybody but those who may decide about it, who asked, and admins.
        ConflictError: ``wrong_state`` if no grant acts.
        InvalidRequestError: Without a reason.
    """
    if actor.user not in electorate.people | request.requesters and not actor.admin:
        raise ForbiddenError("those who decide about it, who asked, and admins end a grant", needed="approver, admin")
    state = request.state_at(now)
    if state not in {State.APPROVED, State.ACTIVE}:
        message = f"the request is {str(state).replace('_', ' ')}; only what was approved can be revoked"
        raise ConflictError(message, code="wrong_state", state=str(state))
    if not reason.strip():
        raise InvalidRequestError("say why it is revoked: the requester reads the reason", field="reason")
    step = Step(request).to(state=State.REVOKED, closing=Closing(now, actor.user, reason.strip()))
    return step.then(Act.REVOKED, actor, now, reason=reason.strip())


def review(
    request: ExceptionRequest, electorate: Electorate, actor: Actor, *, justified: bool, note: str, now: datetime
) -> Step:
    """Say whether breaking the glass was right. A missed review can be made up for, which lifts the suspension.

    Raises:
        ForbiddenError: For who broke the glass, and anybody who could not have approved it.
        ConflictError: ``wrong_state`` if there is nothing to review.
        InvalidRequestError: If nothing is said about why.
    """
    if request.review is None or request.review.at is not None:
        message = "there is nothing to review: nobody was passed over, or it has been reviewed"
        raise ConflictError(message, code="wrong_state", state=str(request.state))
    if actor.user in request.requesters:
        raise ForbiddenError("nobody reviews what they did themselves", needed="approver, admin")
    if actor.user not in electorate.people and not actor.admin:
        raise ForbiddenError("those who would have decided about it, and admins, review it", needed="approver, admin")
    if not note.strip():
        raise InvalidRequestError("say what the review found", field="note")
    done = replace(request.review, by=actor.user, at=now, justified=justified, note=note.strip())
    return Step(request).to(review=done).then(Act.REVIEWED, actor, now, justified=justified, note=note.strip())


def ask(request: ExceptionRequest, electorate: Electorate, actor: Actor, text: str, now: datetime) -> Step:
    """Ask the requester something, or answer: words that stay with the request, and change nothing else.

    Raises:
        ForbiddenError: For anybody who neither decides nor asked.
        ConflictError: ``wrong_state`` if it is not pending.
        InvalidRequestError: Without words.
    """
    check_pending(request, now)
    if not text.strip():
        raise InvalidRequestError("write the question", field="text")
    if actor.user in request.requesters:
        return Step(request).then(Act.ANSWERED, actor, now, text=text.strip())
    if actor.user not in electorate.people and not actor.admin:
        raise ForbiddenError("those who decide ask, and who asked for it answers", needed="approver")
    return Step(request).then(Act.ASKED, actor, now, text=text.strip())


def tell_outcome(
    request: ExceptionRequest, actor: Actor, *, count: int | None, worth_nano_usd: int | None, note: str, now: datetime
) -> Step:
    """Keep what came of a grant; told again, the latest counts.

    Raises:
        ForbiddenError: If somebody else asked for it.
        ConflictError: ``wrong_state`` if there is no grant to speak of.
        InvalidRequestError: If nothing is said.
    """
    if actor.user not in request.requesters and not actor.admin:
        raise ForbiddenError("only who asked says what came of it", needed="requester")
    if request.state not in OVER_STATES | {State.ACTIVE}:
        message = f"the request is {str(request.state).replace('_', ' ')}; nothing has come of it yet"
        raise ConflictError(message, code="wrong_state", state=str(request.state))
    if count is None and worth_nano_usd is None and not note.strip():
        raise InvalidRequestError(
            "say how many results there were, what they are worth, or what else came of it", field="note"
        )
    told = replace(
        request.outcome,
        told_at=now,
        told_by=actor.user,
        count=count,
        worth_nano_usd=worth_nano_usd,
        note=note.strip(),
    )
    details = {"count": count, "worth_nano_usd": worth_nano_usd, "note": note.strip() or None}
    return Step(request).to(outcome=told).then(Act.OUTCOME_TOLD, actor, now, **details)
