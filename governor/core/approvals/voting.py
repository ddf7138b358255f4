"""Votes: who may give one, what a quorum is, and what becomes of votes when the terms change."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from governor.core.approvals.groups import Delegation, Seats, places, seats_of
from governor.core.approvals.request import Act, Actor, Closing, Door, ExceptionRequest, State, Step, Vote
from governor.core.approvals.terms import Terms
from governor.core.errors import ConflictError, ForbiddenError, InvalidRequestError
from governor.core.policy.approval_rule import DecideIn
from governor.core.policy.organization import Organization


@dataclass(frozen=True, slots=True)
class Electorate:
    """Who may vote on a request at an instant."""

    seats: Seats
    delegations: tuple[Delegation, ...]
    excluded: frozenset[str]

    @classmethod
    def of(
        cls, request: ExceptionRequest, organization: Organization, delegations: Iterable[Delegation], now: datetime
    ) -> "Electorate":
        """Work out who may vote on a request now; delegations count only where its rule allows them."""
        seats = seats_of(
            organization,
            request.ruling.route.require,
            request.home,
            excluded=request.requesters,
            escalated_to=request.escalated_to,
            now=now,
        )
        people = organization.people
        acting = tuple(
            one
            for one in delegations
            if request.ruling.delegation
            and one.acts_at(now)
            and one.member in seats.members
            and one.delegate not in request.requesters
            and one.delegate in people
            and people[one.delegate].is_active(now)
        )
        return cls(seats, acting, request.requesters)

    @property
    def people(self) -> frozenset[str]:
        """Everybody who may vote, delegates included."""
        return self.seats.members | {one.delegate for one in self.delegations}

    def member_for(self, user: str, votes: Iterable[Vote]) -> str:
        """Return whose vote somebody gives: their own, or that of a member who has delegated it; ``""``: none.

        A vote that the member gave is not theirs to replace.
        """
        if user in self.seats.members:
            return user
        taken = {vote.member for vote in votes if vote.by != user}
        members = [one.member for one in self.delegations if one.delegate == user and one.member not in taken]
        return min(members, default="")


@dataclass(frozen=True, slots=True)
class Ballot:
    """What somebody says: yes or no, with a reason; a yes may lower the terms."""

    approve: bool
    reason: str = ""
    terms: Terms | None = None


def vote(request: ExceptionRequest, electorate: Electorate, actor: Actor, ballot: Ballot, now: datetime) -> Step:
    """Give a vote, and decide the request if that decides it. The same vote again changes nothing.

    Args:
        request: As it stands; time has been looked at.
        electorate: Who may vote.
        actor: Who votes.
        ballot: What they say.
        now: The door's instant.

    Raises:
        ConflictError: ``wrong_state`` if it is not pending; ``decide_on_page`` if Slack is not where it is decided.
        ForbiddenError: If they may not vote on it.
        InvalidRequestError: If the terms are not lower, or a denial has no reason.
    """
    check_pending(request, now)
    if request.ruling.route.decide_in is DecideIn.WEB and actor.door is Door.SLACK:
        raise ConflictError("this amount is decided on a page that shows the whole case", code="decide_on_page")
    if not ballot.approve and not ballot.reason.strip():
        raise InvalidRequestError("say why you deny it: the requester reads the reason", field="reason")
    member = _member(request, electorate, actor.user)
    terms = ballot.terms if ballot.approve and ballot.terms != request.terms else None
    if terms is None and any(
        (given.member, given.by, given.approve) == (member, actor.user, ballot.approve) for given in request.votes
    ):
        return Step(request)
    step = _lowered(request, actor, terms, now) if terms is not None else Step(request)
    kept = tuple(given for given in step.request.votes if member != given.member and actor.user != given.by)
    new = Vote(member, actor.user, ballot.approve, now, actor.door, ballot.reason.strip())
    step = step.to(votes=(*kept, new)).then(
        Act.VOTED,
        actor,
        now,
        approve=ballot.approve,
        reason=new.reason or None,
        member=member if member != actor.user else None,
    )
    return decide(step, electorate, actor, now)


def withdraw(request: ExceptionRequest, actor: Actor, now: datetime) -> Step:
    """Take a vote back, as long as the request is not decided.

    Raises:
        ConflictError: ``wrong_state`` if it is not pending.
        InvalidRequestError: If there is no vote of theirs.
    """
    check_pending(request, now)
    mine = [given for given in request.votes if actor.user in {given.by, given.member}]
    if not mine:
        raise InvalidRequestError("you have no vote on this request that could be withdrawn", field="vote")
    kept = tuple(given for given in request.votes if given not in mine)
    return Step(request).to(votes=kept).then(Act.WITHDREW, actor, now, approve=mine[0].approve)


def decide(step: Step, electorate: Electorate, actor: Actor, now: datetime) -> Step:
    """Approve or deny a request if its votes suffice; votes of people who may no longer vote do not count."""
    request, seats = step.request, electorate.seats
    counted = [given for given in request.votes if given.member in seats.members]
    denials = [given for given in counted if not given.approve]
    if len(denials) >= request.ruling.deny_at:
        closing = Closing(now, denials[-1].by, denials[-1].reason)
        step = step.to(state=State.DENIED, votes=tuple(counted), closing=closing)
        return step.then(Act.DENIED, actor, now, by=tuple(given.by for given in denials), reason=denials[-1].reason)
    placed = places(seats, [given.member for given in counted if given.approve])
    if placed is None:
        return step
    by = {given.member: given.by for given in counted}
    approved_by = tuple(by[member] for member in sorted(placed))
    step = step.to(state=State.APPROVED, approved_at=now, approved_by=approved_by)
    names = [requirement.group for requirement in request.ruling.route.require]
    counts = tuple(f"{by[member]} for {names[placed[member]]}" for member in sorted(placed))
    return step.then(Act.APPROVED, actor, now, by=approved_by, counts=counts)


def check_pending(request: ExceptionRequest, now: datetime) -> None:
    """Refuse to decide what is not open for decision.

    Raises:
        ConflictError: ``wrong_state``, with the state.
    """
    state = request.state_at(now)
    if state is not State.PENDING:
        message = f"the request is {str(state).replace('_', ' ')}; only a pending one is decided"
        raise ConflictError(message, code="wrong_state", state=str(state))


def _member(request: ExceptionRequest, electorate: Electorate, user: str) -> str:
    if user in request.requesters:
        raise ForbiddenError("nobody decides about what they asked for, or others asked for them", needed="approver")
    given = {vote.by: vote.member for vote in request.votes}
    member = given[user] if given.get(user) in electorate.seats.members else electorate.member_for(user, request.votes)
    if not member:
        groups = ", ".join(dict.fromkeys(one.group for one in request.ruling.route.require))
        raise ForbiddenError(f"`{user}` may not decide about this request; {groups} may", needed=groups)
    return member


def _lowered(request: ExceptionRequest, actor: Actor, terms: Terms, now: datetime) -> Step:
    """Lower the terms; votes were about the terms before, so they are gone."""
    if not terms.within(request.terms):
        raise InvalidRequestError("an approver may give less or shorter, never more than was asked", field="terms")
    if terms.ends_at <= now or terms.amount_nano_usd <= 0:
        raise InvalidRequestError(
            "that would give nothing; deny the request, or give an end still to come", field="terms"
        )
    step = Step(request).to(terms=replace(terms), terms_by=actor.user, votes=())
    return step.then(
        Act.CHANGED_TERMS,
        actor,
        now,
        amount_nano_usd=terms.amount_nano_usd,
        ends_at=terms.ends_at.isoformat(),
        votes_reset=len(request.votes),
    )
