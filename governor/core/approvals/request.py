"""A request for an exception, as a value: what is asked, who decides, how they voted, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from governor.core.approvals.groups import Home
from governor.core.approvals.terms import Terms
from governor.core.grants import GrantKind
from governor.core.policy.approval_rule import Escalation, Route
from governor.core.scopes import Scope
from governor.core.working_time import Span


class State(StrEnum):
    """Where a request is in its life; see ``docs/exceptions.md`` for the picture."""

    REQUESTED = "requested"
    PENDING = "pending"
    APPROVED = "approved"
    ACTIVE = "active"
    USED_UP = "used_up"
    ENDED = "ended"
    REVOKED = "revoked"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset({State.REQUESTED, State.PENDING, State.APPROVED, State.ACTIVE})
"""States that something can still follow."""

GRANTED_STATES = frozenset({State.APPROVED, State.ACTIVE, State.USED_UP, State.ENDED, State.REVOKED})
"""States of requests that were given something."""

OVER_STATES = frozenset({State.USED_UP, State.ENDED, State.REVOKED})
"""States of requests whose grant is over."""


class Door(StrEnum):
    """By which way somebody acts; ``CLOCK`` is Governor itself, because time has passed."""

    SLACK = "slack"
    API = "api"
    CLI = "cli"
    WEB = "web"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        user: The canonical user name of a known person; ``""``: Governor itself.
        door: By which way.
        key: Name of the key, or the Slack id, that says so; for the audit.
        admin: Whether the person administers Governor, which decides nothing but who may end and review.
    """

    user: str
    door: Door
    key: str = ""
    admin: bool = False


GOVERNOR = Actor("", Door.CLOCK)
"""Governor itself: what happens because time has passed."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote, on the terms as they stand.

    Attributes:
        member: Whose vote it is.
        by: Who gave it: the member, or a delegate.
        approve: False: a denial.
        reason: In the voter's words, or ``""``.
    """

    member: str
    by: str
    approve: bool
    at: datetime
    door: Door
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """How a request is decided, as the rule said when it was made: a later edit of the rule changes nothing.

    Attributes:
        rule: The rule's name: ``ApprovalRule/departments``.
        source: Its file and line.
        route: The route that the cost took.
        delegation: Whether delegates may vote.
        remind_after: Between reminders; None: nobody is reminded.
        escalate: None: it is never escalated.
        channel: Slack channel of the card, or ``""``.
    """

    rule: str
    source: str
    route: Route
    deny_at: int = 1
    delegation: bool = False
    remind_after: Span | None = None
    escalate: Escalation | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """Why a request is over."""

    at: datetime
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """Of a grant that nobody approved beforehand: by when it must be looked at, and what was found.

    Attributes:
        justified: None until somebody has looked.
        missed_at: When it was noticed that nobody had, or None.
        remind_at: When those who may review it are reminded, or None: they were.
    """

    due_at: datetime
    by: str = ""
    at: datetime | None = None
    justified: bool | None = None
    note: str = ""
    missed_at: datetime | None = None
    remind_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has looked at it yet, in time or not."""
        return self.at is None

    @property
    def comes_due_at(self) -> datetime | None:
        """The next instant at which something happens by itself while nobody looks at it, or None."""
        instants = (self.remind_at, self.due_at if self.missed_at is None else None)
        return min((at for at in instants if at is not None), default=None) if self.is_open else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a grant, in the requester's words.

    Attributes:
        asked_at: When the requester was asked.
        count: How many results.
        worth_nano_usd: What they are worth together.
    """

    asked_at: datetime | None = None
    told_at: datetime | None = None
    told_by: str = ""
    count: int | None = None
    worth_nano_usd: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """What was sent under an id of its own and became part of a request that was there already.

    Attributes:
        by: Who sent it.
        request_id: Their own id of it.
        asked: What they asked for; kind, scope, lifts and models are the request's.
    """

    by: str
    request_id: str
    asked: Terms


@dataclass(frozen=True, slots=True)
class ExceptionRequest:
    """One request for an exception.

    Attributes:
        id: UUID text; its grant has the same one.
        scope: Whom it is for: exactly one user, team, project or use case.
        lifts: The policies that it lifts: ``Quota/x``, ``ModelAllowlist/y``, ``ContextLimit/z``.
        home: Whose leads relative groups are.
        asked_by: Who asked.
        asked_for: The person whom it is for, if it is for one; else ``""``.
        joined: Who asked for the same thing afterwards.
        asked: As it was asked.
        terms: As they stand: an approver may lower them.
        terms_by: Who lowered them last, or ``""``.
        outcome_expected: The business outcome, in words.
        expected_value_nano_usd: What it is expected to be worth, or None: nobody said.
        estimate_nano_usd: What Governor expects it to cost, or None: there is nothing to tell from.
        granted_before_nano_usd: What the same scope was granted, or asks for elsewhere, in the period.
        escalated_at: Since when the group of ``ruling.escalate`` may decide, or None.
        impossible_at: When it was noticed that the quorum cannot be reached, or None.
        approved_at: When it was approved.
        approved_by: Whose votes approved it; empty: automatically, or by breaking the glass.
        extends: Id of the request that this one prolongs, or ``""``.
        break_glass: Whether nobody was asked.
        request_id: The caller's own id, or ``""``: sent again under it, it is this request.
        sent_too: What else was sent for the same thing under an id, the oldest first.
        revision: Counts the steps: a reader sees whether something changed.
    """

    id: str
    kind: GrantKind
    scope: Scope
    lifts: tuple[str, ...]
    home: Home
    asked_by: str
    asked: Terms
    terms: Terms
    ruling: Ruling
    created_at: datetime
    asked_for: str = ""
    joined: tuple[str, ...] = ()
    terms_by: str = ""
    justification: str = ""
    outcome_expected: str = ""
    expected_value_nano_usd: int | None = None
    estimate_nano_usd: int | None = None
    granted_before_nano_usd: int = 0
    urgent: bool = False
    extends: str = ""
    break_glass: bool = False
    state: State = State.REQUESTED
    votes: tuple[Vote, ...] = ()
    remind_at: datetime | None = None
    escalate_at: datetime | None = None
    expires_at: datetime | None = None
    escalated_at: datetime | None = None
    impossible_at: datetime | None = None
    approved_at: datetime | None = None
    approved_by: tuple[str, ...] = ()
    closing: Closing | None = None
    review: Review | None = None
    outcome: Outcome = field(default_factory=Outcome)
    request_id: str = ""
    sent_too: tuple[Sending, ...] = ()
    revision: int = 0

    @property
    def requesters(self) -> frozenset[str]:
        """Everybody who has an interest in it: none of them decides."""
        return frozenset({self.asked_by, self.asked_for, *self.joined} - {""})

    @property
    def cost_nano_usd(self) -> int:
        """The cost that decides the route: what it may spend, and what the same scope was granted this period."""
        return self.asked.amount_nano_usd + self.granted_before_nano_usd

    @property
    def escalated_to(self) -> str:
        """The group that may decide as well by now, or ``""``."""
        escalation = self.ruling.escalate
        return escalation.to if escalation is not None and self.escalated_at is not None else ""

    @property
    def due_at(self) -> datetime | None:
        """The next instant at which something happens by itself, or None."""
        match self.state:
            case State.PENDING:
                instants = [self.remind_at, self.escalate_at, self.expires_at]
            case State.APPROVED:
                instants = [self.terms.starts_at, self.terms.ends_at, self._review_due_at]
            case State.ACTIVE:
                instants = [self.terms.ends_at, self._review_due_at]
            case _ if self.state in OVER_STATES:
                asked = self.outcome.asked_at is not None or self.outcome.told_at is not None
                over_at = self.closing.at if self.closing is not None else self.terms.ends_at
                instants = [None if asked else over_at, self._review_due_at]
            case _:
                instants = []
        return min((at for at in instants if at is not None), default=None)

    @property
    def _review_due_at(self) -> datetime | None:
        return self.review.comes_due_at if self.review is not None else None

    def state_at(self, now: datetime) -> State:
        """Return the state at an instant: what time brings about holds whether or not a job has noted it."""
        if self.state is State.PENDING and self.expires_at is not None and self.expires_at <= now:
            return State.EXPIRED
        if self.state in {State.APPROVED, State.ACTIVE} and self.terms.ends_at <= now:
            return State.ENDED
        if self.state is State.APPROVED and self.begins_by(now):
            return State.ACTIVE
        return self.state

    def begins_by(self, now: datetime) -> bool:
        """Tell whether what was approved acts by an instant: what prolongs a grant waits until that one ends."""
        return self.terms.starts_at is None or self.terms.starts_at <= now


class Act(StrEnum):
    """What a record is about."""

    REQUESTED = "requested"
    JOINED = "joined"
    SENT_AGAIN = "sent_again"
    SENT = "sent_for_approval"
    APPROVED_AUTOMATICALLY = "approved_automatically"
    BROKE_GLASS = "broke_glass"
    VOTED = "voted"
    WITHDREW = "withdrew_vote"
    CHANGED_TERMS = "changed_terms"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ACTIVATED = "activated"
    USED_UP = "used_up"
    ENDED = "ended"
    REVOKED = "revoked"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    QUORUM_IMPOSSIBLE = "quorum_impossible"
    ASKED = "asked"
    ANSWERED = "answered"
    REVIEWED = "reviewed"
    REVIEW_MISSED = "review_missed"
    OUTCOME_ASKED = "outcome_asked"
    OUTCOME_TOLD = "outcome_told"
    DELEGATED = "delegated"
    DELEGATION_ENDED = "delegation_ended"


Detail = str | int | bool | None | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transition:
    """One thing that happened: what the audit keeps, and what people are told.

    Attributes:
        state: The request's state after it.
        details: What else is known, by name.
    """

    act: Act
    at: datetime
    actor: Actor
    state: State
    details: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What an act makes of a request; without transitions nothing has changed."""

    request: ExceptionRequest
    transitions: tuple[Transition, ...] = ()

    def then(self, act: Act, actor: Actor, at: datetime, /, **details: Detail) -> "Step":
        """Return this step with one more transition, whose state is the request's."""
        transition = Transition(act, at, actor, self.request.state, details)
        request = replace(self.request, revision=self.request.revision + 1)
        return Step(request, (*self.transitions, transition))

    def to(self, **changes: object) -> "Step":
        """Return this step with fields of the request changed; a transition must say why."""
        return Step(replace(self.request, **changes), self.transitions)  # type: ignore[arg-type]  # names are checked by replace
