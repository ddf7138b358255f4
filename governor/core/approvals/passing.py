"""What time brings about: reminders, escalation, expiry, the end of a grant, a review that was missed."""

from dataclasses import replace
from datetime import datetime

from governor.core.approvals.groups import places
from governor.core.approvals.request import (
    GOVERNOR,
    OVER_STATES,
    Act,
    Closing,
    ExceptionRequest,
    State,
    Step,
)
from governor.core.approvals.voting import Electorate
from governor.core.working_time import WorkingTime


def catch_up(request: ExceptionRequest, electorate: Electorate, working: WorkingTime, now: datetime) -> Step:
    """Note everything that time has brought about until an instant. Noting it again changes nothing.

    However late it is looked at, the same states follow; of several reminders that were due one is sent.

    Args:
        request: As it stands.
        electorate: Who may vote now: whether the quorum can still be reached.
        working: The organisation's working hours.
        now: Until when.
    """
    step = Step(request)
    match request.state:
        case State.PENDING:
            return _pending(step, electorate, working, now)
        case State.APPROVED | State.ACTIVE:
            step = _ended(activated(step, now), now)
        case _:
            pass
    return _reviewed(_outcome(step, now), electorate, now)


def activated(step: Step, now: datetime) -> Step:
    """Note that the grant of an approved request acts, once it does."""
    request = step.request
    if request.state is not State.APPROVED or not request.begins_by(now):
        return step
    return step.to(state=State.ACTIVE).then(Act.ACTIVATED, GOVERNOR, now, grant=request.id)


def _pending(step: Step, electorate: Electorate, working: WorkingTime, now: datetime) -> Step:
    request = step.request
    if request.expires_at is not None and request.expires_at <= now:
        at = request.expires_at
        late = request.extends and at == request.terms.starts_at
        reason = "nobody decided before what it prolongs ended" if late else "nobody decided in time"
        step = step.to(state=State.EXPIRED, closing=Closing(at, "", reason))
        return step.then(Act.EXPIRED, GOVERNOR, now, expired_at=at.isoformat(), reason=reason)
    step = _possible(step, electorate, now)
    request = step.request
    if request.escalate_at is not None and request.escalate_at <= now:
        step = _escalated(step, now, "nobody decided in time")
    if request.remind_at is not None and request.remind_at <= now:
        remind_after = request.ruling.remind_after
        following = remind_after.after(now, working) if remind_after is not None else None
        waiting = electorate.people - {vote.by for vote in request.votes}
        step = step.to(remind_at=following).then(Act.REMINDED, GOVERNOR, now, people=tuple(sorted(waiting)))
    return step


def _possible(step: Step, electorate: Electorate, now: datetime) -> Step:
    """Report a quorum that nobody can reach any more, once, and hand the request to those it escalates to."""
    request = step.request
    denied = {vote.member for vote in request.votes if not vote.approve}
    if request.impossible_at is not None or places(electorate.seats, electorate.seats.members - denied) is not None:
        return step
    missing = tuple(one.group for one in request.ruling.route.require)
    step = step.to(impossible_at=now).then(Act.QUORUM_IMPOSSIBLE, GOVERNOR, now, groups=missing)
    return _escalated(step, now, "its quorum cannot be reached any more")


def _escalated(step: Step, now: datetime, reason: str) -> Step:
    escalation = step.request.ruling.escalate
    if escalation is None or step.request.escalated_at is not None:
        return step
    step = step.to(escalated_at=now, escalate_at=None)
    return step.then(Act.ESCALATED, GOVERNOR, now, to=escalation.to, reason=reason)


def _ended(step: Step, now: datetime) -> Step:
    ends_at = step.request.terms.ends_at
    if ends_at > now:
        return step
    step = step.to(state=State.ENDED, closing=Closing(ends_at, ""))
    return step.then(Act.ENDED, GOVERNOR, now, ended_at=ends_at.isoformat())


def _outcome(step: Step, now: datetime) -> Step:
    """Ask what came of a grant that is over, once, unless somebody has told already."""
    outcome = step.request.outcome
    if step.request.state not in OVER_STATES or outcome.asked_at is not None or outcome.told_at is not None:
        return step
    people = tuple(sorted(step.request.requesters))
    return _asked(step, now).then(Act.OUTCOME_ASKED, GOVERNOR, now, people=people)


def _asked(step: Step, now: datetime) -> Step:
    outcome = step.request.outcome
    return step.to(outcome=type(outcome)(asked_at=now))


def _reviewed(step: Step, electorate: Electorate, now: datetime) -> Step:
    """Remind those who may review a broken glass, and note that nobody has in time."""
    review = step.request.review
    if review is None or not review.is_open or review.missed_at is not None:
        return step
    people = tuple(sorted(electorate.people))
    if review.due_at <= now:
        step = step.to(review=replace(review, missed_at=now, remind_at=None))
        return step.then(Act.REVIEW_MISSED, GOVERNOR, now, due_at=review.due_at.isoformat(), people=people)
    if review.remind_at is not None and review.remind_at <= now:
        return step.to(review=replace(review, remind_at=None)).then(Act.REMINDED, GOVERNOR, now, people=people)
    return step
