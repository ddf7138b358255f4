"""The life of a request under whatever people do in whatever order, and whatever time brings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from governor.core.approvals.closing import cancel, review, revoke, tell_outcome, use_up
from governor.core.approvals.groups import Delegation, Home
from governor.core.approvals.opening import break_the_glass, join, open_request, ruling_of
from governor.core.approvals.passing import activated, catch_up
from governor.core.approvals.request import Act, Actor, Door, ExceptionRequest, State, Step
from governor.core.approvals.routes import route_for
from governor.core.approvals.terms import Terms
from governor.core.approvals.voting import Ballot, Electorate, vote, withdraw
from governor.core.errors import GovernorError
from governor.core.grants import GrantKind
from governor.core.periods import Every
from governor.core.policy.approval_rule import ApprovalRule, BreakGlass, DecideIn, Escalation, Requirement, Route
from governor.core.policy.header import Header, Source
from governor.core.policy.organization import Department, Organization, Person, Placement
from governor.core.working_time import Clock, Span, WorkingTime

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
PEOPLE = ("ann", "ben", "cem", "dea", "eli", "fay")
WORKING = WorkingTime("Europe/Berlin")
SOURCE = Source("company.yaml", 1)

FOLLOWS = {
    State.REQUESTED: {State.PENDING, State.APPROVED},
    State.PENDING: {State.APPROVED, State.DENIED, State.EXPIRED, State.CANCELLED},
    State.APPROVED: {State.ACTIVE, State.ENDED, State.REVOKED},
    State.ACTIVE: {State.USED_UP, State.ENDED, State.REVOKED},
}
"""Every step that there is; the states that are missing are ends."""

PERSON = st.sampled_from(PEOPLE)
LENGTH = st.integers(60, 5 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


def organization() -> Organization:
    """Return six people: two lead, three are in finance, two on the board, one is in both."""
    return Organization(
        name="acme",
        source=SOURCE,
        people={name: Person(name, (Placement("sales", ""),)) for name in PEOPLE},
        person_ids={name: name for name in PEOPLE},
        departments={"sales": Department("sales", leads=("ann", "ben"))},
        groups={"finance": ("ben", "cem", "dea"), "board": ("dea", "eli")},
    )


def approval_rule(deny_at: int, *, in_web: bool) -> ApprovalRule:
    """Return a rule with every kind of route."""
    return ApprovalRule(
        header=Header("ApprovalRule", "all", SOURCE),
        routes=(
            Route(100),
            Route(1_000, (Requirement("department-leads", 1, "finance"),)),
            Route(
                None,
                (Requirement("finance"), Requirement("board")),
                decide_in=DecideIn.WEB if in_web else DecideIn.SLACK,
            ),
        ),
        deny_at=deny_at,
        remind_after=Span(4 * 3600, Clock.WORKING),
        escalate=Escalation(Span(1, Clock.WORKING_DAYS), "board"),
        delegation=True,
        break_glass=BreakGlass("board", 50, 7200, 2, Every.WEEK, 86_400),
    )


class Life(RuleBasedStateMachine):
    """A request, and the people around it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.organization = organization()
        self.delegations: list[Delegation] = []
        self.seen: list[State] = [State.REQUESTED]
        self.acts: list[Act] = []

    @initialize(
        amount=st.sampled_from([50, 500, 5_000]),
        asker=PERSON,
        asked_for=st.sampled_from(["", *PEOPLE]),
        deny_at=st.integers(1, 2),
        in_web=st.booleans(),
        glass=st.booleans(),
    )
    def ask(self, amount: int, asker: str, asked_for: str, deny_at: int, *, in_web: bool, glass: bool) -> None:
        """Begin."""
        rule_ = approval_rule(deny_at, in_web=in_web)
        route = route_for(rule_, amount, {})
        assert route is not None
        self.rule_ = rule_
        terms = Terms(amount, START + timedelta(days=10))
        self.request = ExceptionRequest(
            id="01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e",
            kind=GrantKind.BUDGET,
            scope=(("user", asked_for or asker),),
            lifts=("Quota/q",),
            home=Home("sales", ""),
            asked_by=asker,
            asked_for=asked_for,
            asked=terms,
            terms=terms,
            ruling=ruling_of(rule_, route, urgent=False),
            created_at=self.now,
            break_glass=glass,
        )
        actor = self.actor(asker)
        self.take(
            break_the_glass(self.request, rule_, actor) if glass else open_request(self.request, rule_, WORKING, actor)
        )

    def actor(self, name: str, door: Door = Door.WEB) -> Actor:
        """Return somebody who acts."""
        return Actor(name, door)

    @property
    def electorate(self) -> Electorate:
        """Who may vote now."""
        return Electorate.of(self.request, self.organization, self.delegations, self.now)

    def take(self, step: Step) -> None:
        """Keep a step; every change is on record, and every record is a change."""
        assert (step.request == self.request) == (not step.transitions)
        assert self.request.revision + len(step.transitions) == step.request.revision
        for transition in step.transitions:
            self.acts.append(transition.act)
        if step.request.state is not self.seen[-1]:
            assert step.request.state in FOLLOWS.get(self.seen[-1], set()), (self.seen[-1], step.request.state)
            self.seen.append(step.request.state)
        self.request = step.request

    def attempt(self, act: Any) -> None:
        """Do something that may be refused; then nothing has changed."""
        passed = catch_up(self.request, self.electorate, WORKING, self.now)
        self.take(passed)
        before = self.request
        try:
            step = act()
        except GovernorError:
            assert before == self.request
            return
        self.take(step)
        if Act.APPROVED in [one.act for one in step.transitions]:
            self.check_quorum()
        if self.request.state is State.APPROVED:
            self.take(activated(Step(self.request), self.now))

    def check_quorum(self) -> None:
        """Prove anew, by trying every way, that those who approved could."""
        electorate = self.electorate
        wanted = [index for index, count in enumerate(electorate.seats.wanted) for _ in range(count)]
        votes = [one for one in self.request.votes if one.approve]
        members = [one.member for one in votes]
        voters = [one.by for one in votes]
        assert (len(set(members)), len(set(voters))) == (len(members), len(voters)), "a place, and a person, votes once"
        assert any(
            all(place in electorate.seats.serves(member) for place, member in zip(wanted, chosen, strict=True))
            for chosen in permutations(members, len(wanted))
        )
        assert not self.request.requesters & {*voters, *members}

    @rule(who=PERSON, approve=st.booleans(), door=st.sampled_from([Door.SLACK, Door.WEB]))
    def say(self, who: str, door: Door, *, approve: bool) -> None:
        """Vote."""
        ballot = Ballot(approve, "because")
        self.attempt(lambda: vote(self.request, self.electorate, self.actor(who, door), ballot, self.now))
        if door is Door.SLACK and self.request.ruling.route.decide_in is DecideIn.WEB:
            assert all(one.door is not Door.SLACK for one in self.request.votes)

    @rule(who=PERSON, amount=st.integers(0, 6_000), length=LENGTH)
    def lower(self, who: str, amount: int, length: timedelta) -> None:
        """Approve something else."""
        terms = replace(self.request.terms, amount_nano_usd=amount, ends_at=START + length)
        before = self.request
        ballot = Ballot(True, "", terms)
        self.attempt(lambda: vote(self.request, self.electorate, self.actor(who), ballot, self.now))
        if self.request.terms != before.terms:
            assert [who] == [one.by for one in self.request.votes], "votes were about other terms"

    @rule(who=PERSON)
    def take_back(self, who: str) -> None:
        """Withdraw a vote."""
        self.attempt(lambda: withdraw(self.request, self.actor(who), self.now))

    @rule(who=PERSON)
    def me_too(self, who: str) -> None:
        """Ask for the same."""
        if self.request.state_at(self.now) is State.PENDING:
            self.attempt(lambda: join(self.request, self.actor(who), "", self.now))

    @rule(who=PERSON)
    def call_off(self, who: str) -> None:
        """Cancel."""
        self.attempt(lambda: cancel(self.request, self.actor(who), "", self.now))

    @rule(who=PERSON)
    def end(self, who: str) -> None:
        """Revoke."""
        self.attempt(lambda: revoke(self.request, self.electorate, self.actor(who), "enough", self.now))

    @rule()
    def spend(self) -> None:
        """Use the amount up."""
        self.attempt(lambda: use_up(self.request, self.now))

    @rule(who=PERSON, justified=st.booleans())
    def look_at(self, who: str, *, justified: bool) -> None:
        """Review."""
        self.attempt(
            lambda: review(
                self.request, self.electorate, self.actor(who), justified=justified, note="looked", now=self.now
            )
        )

    @rule(who=PERSON)
    def tell(self, who: str) -> None:
        """Say what came of it."""
        self.attempt(
            lambda: tell_outcome(self.request, self.actor(who), count=1, worth_nano_usd=None, note="", now=self.now)
        )

    @rule(member=PERSON, delegate=PERSON, length=LENGTH)
    def delegate(self, member: str, delegate: str, length: timedelta) -> None:
        """Let somebody else vote."""
        if member != delegate:
            name = f"{len(self.delegations)}"
            self.delegations.append(Delegation(name, member, delegate, self.now, self.now + length))

    @rule(who=PERSON)
    @precondition(lambda self: len(self.organization.people) > 2)
    def leave(self, who: str) -> None:
        """Leave the organisation."""
        people = dict(self.organization.people)
        people[who] = replace(people[who], until_at=self.now)
        self.organization = replace(self.organization, people=people)

    @rule(length=LENGTH)
    def pass_time(self, length: timedelta) -> None:
        """Let time pass; looking at it twice is looking at it once."""
        self.now += length
        step = catch_up(self.request, self.electorate, WORKING, self.now)
        self.take(step)
        assert () == catch_up(self.request, self.electorate, WORKING, self.now).transitions

    @invariant()
    def nothing_more_than_was_asked(self) -> None:
        """Terms only shrink; no requester has a vote; what is over asks once; nobody is reminded of what is over."""
        request = getattr(self, "request", None)
        if request is None:
            return
        assert request.terms.within(request.asked)
        assert not request.requesters & {one.by for one in request.votes}
        assert all(self.acts.count(act) <= 1 for act in (Act.APPROVED, Act.ESCALATED, Act.OUTCOME_ASKED, Act.EXPIRED))


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestLife.__doc__ = (
    "Whatever happens, no step is taken that the picture does not have, and nobody decides about their own."
)
