"""Who decides about exceptions, by what they cost: the ApprovalRule as typed values."""

from dataclasses import dataclass
from enum import StrEnum

from governor.core.periods import Every
from governor.core.policy.header import Header
from governor.core.working_time import Clock, Span

TEAM_LEADS = "team-leads"
DEPARTMENT_LEADS = "department-leads"
RELATIVE_GROUPS = frozenset({TEAM_LEADS, DEPARTMENT_LEADS})
"""Groups that depend on whom a request is for."""


class MayRequest(StrEnum):
    """Who may ask: everybody whom the exception would serve, or their leads alone."""

    MEMBERS = "members"
    LEADS = "leads"


class DecideIn(StrEnum):
    """Where a decision may be made: everywhere, or on a page that shows the whole case."""

    SLACK = "slack"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Requirement:
    """So many members of a group must approve.

    Attributes:
        group: A group of the Organization, or a relative one.
        at_least: How many of them.
        instead: The group that decides when nobody of the group is left but the requester, or ``""``.
    """

    group: str
    at_least: int = 1
    instead: str = ""


@dataclass(frozen=True, slots=True)
class AutomaticCap:
    """How much is approved automatically in a calendar period for each value of an attribute.

    Attributes:
        every: ``DAY``, ``WEEK``, ``MONTH``, ``QUARTER`` or ``YEAR``.
        per: ``department``, ``team``, ``user``, ``project`` or ``use_case``; ``""``: for all together.
    """

    amount_nano_usd: int
    every: Every
    per: str


@dataclass(frozen=True, slots=True)
class Route:
    """Who decides about requests of a range of costs.

    Attributes:
        up_to_nano_usd: The range's upper end, included; None: it has none.
        require: All of these; empty: the request is approved automatically.
        cap: For an automatic route: what is beyond it takes the next route.
    """

    up_to_nano_usd: int | None
    require: tuple[Requirement, ...] = ()
    cap: AutomaticCap | None = None
    decide_in: DecideIn = DecideIn.SLACK

    @property
    def automatic(self) -> bool:
        """Whether nobody is asked."""
        return not self.require


@dataclass(frozen=True, slots=True)
class Escalation:
    """After a while without a decision, the members of a group may decide in place of those who were asked."""

    after: Span
    to: str


@dataclass(frozen=True, slots=True)
class Urgent:
    """Other lengths of time for requests that are marked urgent; None: as for others."""

    remind_after: Span | None = None
    escalate: Span | None = None


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Who may lift a quota at once, without asking, and what for.

    Attributes:
        group: Whose members may.
        for_s: How long such a grant lasts, in seconds.
        uses_max: How often a person may in each ``every``.
        every: ``DAY``, ``WEEK`` or ``MONTH``.
        review_within_s: By when somebody else must have looked at it; a missed review suspends break-glass.
    """

    group: str
    up_to_nano_usd: int
    for_s: int
    uses_max: int
    every: Every
    review_within_s: int


EXPIRE_AFTER = Span(3, Clock.WORKING_DAYS)
"""How long a request waits for a decision, unless its rule says otherwise."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """How requests for exceptions are decided, for those whom the header selects.

    Attributes:
        header: Whom it concerns; ``model`` is that of an exception about models.
        routes: In ascending order of cost, without gaps.
        deny_at: How many denials deny a request.
        max_duration_s: The longest grant.
        justification_min: Characters that a justification must have.
        expected_value_required: Whether a request must say what it is expected to be worth.
        delegation: Whether somebody else may vote in an approver's place for a while.
        channel: Slack channel of the cards, with its ``#``, or ``""``.
    """

    header: Header
    routes: tuple[Route, ...]
    may_request: MayRequest = MayRequest.MEMBERS
    deny_at: int = 1
    max_duration_s: int = 30 * 86_400
    justification_min: int = 0
    expected_value_required: bool = False
    remind_after: Span | None = None
    escalate: Escalation | None = None
    expire_after: Span = EXPIRE_AFTER
    urgent: Urgent | None = None
    delegation: bool = False
    channel: str = ""
    break_glass: BreakGlass | None = None

    @property
    def ref(self) -> str:
        """Its name as audit records give it: ``ApprovalRule/departments``."""
        return self.header.ref

    @property
    def groups(self) -> frozenset[str]:
        """Every group that it names."""
        named = {name for route in self.routes for one in route.require for name in (one.group, one.instead)}
        named |= {self.escalate.to} if self.escalate is not None else set()
        named |= {self.break_glass.group} if self.break_glass is not None else set()
        return frozenset(named - {""})
