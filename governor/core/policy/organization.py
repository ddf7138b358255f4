"""Who people are: the Organization as a typed value, authoritative over what a gateway claims."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from governor.core.policy.header import Source
from governor.core.policy.use_case import UseCase
from governor.core.scopes import Scope
from governor.core.working_time import WorkingTime


class PersonKind(StrEnum):
    """What a user is."""

    EMPLOYEE = "employee"
    CONTRACTOR = "contractor"
    AGENT = "agent"
    GUEST = "guest"


SERVICE_ACCOUNT_KIND = str(PersonKind.AGENT)
"""The ``kind`` of service accounts, so that policies can include or except them."""


class ClientAsserted(StrEnum):
    """What the organisation does about a claim that nobody but the gateway's own client vouches for."""

    IGNORE = "ignore"
    DENY = "deny"
    ACCEPT = "accept"


class Strictness(StrEnum):
    """What the organisation does about something it does not like."""

    DENY = "deny"
    WARN = "warn"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where somebody is from an instant on (UTC; None: always): the home team and department.

    Who moves, or whose team does, has several, in ascending order.
    """

    department: str
    team: str
    from_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TeamPlacement:
    """Where a team is from an instant on (UTC; None: always), and who leads it there.

    Attributes:
        department: That it is a team of.
        leads: Canonical user names.
        cost_centre: Its own, or ``""``: the department's.
    """

    department: str
    leads: tuple[str, ...] = ()
    cost_centre: str = ""
    from_at: datetime | None = None


P = TypeVar("P", Placement, TeamPlacement)


def placement_at(placements: Sequence[P], at: datetime) -> P:
    """Return the last placement that has begun; a move acts from its date."""
    for placement in reversed(placements):
        if placement.from_at is None or placement.from_at <= at:
            return placement
    return placements[0]


@dataclass(frozen=True, slots=True)
class Person:
    """One user of the organisation.

    Attributes:
        user: The canonical user name.
        placements: At least one; the last with ``from_at <= now`` counts. The department is that of the home team, so
            that a move of the team is one of the person's.
        teams: All teams that the person may name without a mismatch; the first is home.
        ids: Other names that gateways and the identity provider use.
        from_at: First instant at which the person is one of us, or None.
        until_at: First instant at which the person no longer is, or None.
    """

    user: str
    placements: tuple[Placement, ...]
    kind: PersonKind = PersonKind.EMPLOYEE
    teams: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    sponsor: str = ""
    slack: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None

    def placement(self, at: datetime) -> Placement:
        """Return where the person is at an instant."""
        return placement_at(self.placements, at)

    def is_active(self, at: datetime) -> bool:
        """Tell whether the person is one of us at an instant."""
        return (self.from_at is None or self.from_at <= at) and (self.until_at is None or at < self.until_at)

    def overlaps(self, other: "Person") -> bool:
        """Tell whether both are with us at some instant; somebody who comes back may have another name."""
        before = self.until_at is not None and other.from_at is not None and self.until_at <= other.from_at
        after = other.until_at is not None and self.from_at is not None and other.until_at <= self.from_at
        return not before and not after


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A machine identity with an owner; ``until_at`` is the first instant at which it is no longer valid.

    It moves with its team: ``placements`` are as a person's.
    """

    name: str
    owner: str
    placements: tuple[Placement, ...]
    project: str = ""
    use_case: str = ""
    until_at: datetime | None = None

    def placement(self, at: datetime) -> Placement:
        """Return where the account is at an instant."""
        return placement_at(self.placements, at)


@dataclass(frozen=True, slots=True)
class Team:
    """A team, and where it is: at least one placement, in ascending order; the last with ``from_at <= now`` counts."""

    name: str
    placements: tuple[TeamPlacement, ...]

    def placement(self, at: datetime) -> TeamPlacement:
        """Return where the team is at an instant, and who leads it there."""
        return placement_at(self.placements, at)


@dataclass(frozen=True, slots=True)
class Department:
    """A department with its leads, its cost centre and its projects."""

    name: str
    leads: tuple[str, ...] = ()
    cost_centre: str = ""
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CanStop:
    """Who, beside admins, may block at once: the members of a group, for so many seconds at most."""

    group: str
    for_s: int


@dataclass(frozen=True, slots=True)
class Organization:
    """The organisation: calendar, people, and what happens to what it does not know.

    Attributes:
        name: The organisation's name.
        time_zone: IANA name of the organisation's own zone.
        fiscal_year_start: Month and day.
        week_starts: ISO weekday, 1 is Monday.
        default_environment: The environment of a request that names none.
        unknown_users: Placement of users who are not listed, or None: they are denied.
        client_asserted: What happens to what only the client of a gateway says of who asks.
        people: By canonical user name (lower case).
        person_ids: Every name a person is known by (user and ``ids``, lower case) to the canonical user name.
        service_accounts: By name.
        teams: By name.
        departments: By name.
        groups: Group name to member users.
        can_stop: Who may block, or None: admins alone.
        unregistered_use_case: What happens to a use case that is none of the inventory. A retired one is refused where
            this denies, else pointed out.
        use_cases: The inventory, by name.
        former_use_cases: The present name of a use case by every name that it had before.
        working_time: When people work.
    """

    name: str
    source: Source
    time_zone: str = "UTC"
    fiscal_year_start: tuple[int, int] = (1, 1)
    week_starts: int = 1
    environments: tuple[str, ...] = ("prod",)
    default_environment: str = "prod"
    unknown_users: Placement | None = None
    on_mismatch: Strictness = Strictness.DENY
    client_asserted: ClientAsserted = ClientAsserted.IGNORE
    unlisted: Strictness = Strictness.DENY
    unknown_model: Strictness = Strictness.DENY
    people: Mapping[str, Person] = field(default_factory=dict)
    person_ids: Mapping[str, str] = field(default_factory=dict)
    service_accounts: Mapping[str, ServiceAccount] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    departments: Mapping[str, Department] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    can_stop: CanStop | None = None
    unregistered_use_case: Strictness = Strictness.ALLOW
    use_cases: Mapping[str, UseCase] = field(default_factory=dict)
    former_use_cases: Mapping[str, str] = field(default_factory=dict)
    working_time: WorkingTime = field(default_factory=WorkingTime)

    def use_case_name(self, name: str) -> str:
        """Return what a use case is called now: records and gateways may still say a former name."""
        return self.former_use_cases.get(name, name)

    def named_now(self, attributes: Mapping[str, str]) -> Mapping[str, str]:
        """Return attributes of an earlier time with the use case's present name, as policies match it now."""
        name = attributes.get("use_case", "")
        return {**attributes, "use_case": self.former_use_cases[name]} if name in self.former_use_cases else attributes

    def scope_now(self, scope: Scope) -> Scope:
        """Return a scope of an earlier time with the use case's present name."""
        return tuple(self.named_now(dict(scope)).items())

    def use_case_named(self, name: str) -> UseCase | None:
        """Return the use case of a name, or of a former one; None: it is not registered."""
        return self.use_cases.get(self.use_case_name(name))

    def placements(self) -> Iterator[Placement]:
        """Yield where people and machines are, at any time."""
        for person in self.people.values():
            yield from person.placements
        for account in self.service_accounts.values():
            yield from account.placements

    def person_named(self, name: str, at: datetime) -> Person | None:
        """Return who is known by a name (user or one of their ``ids``) and with us at an instant, or None."""
        person = self.people.get(self.person_ids.get(name.lower(), ""))
        return person if person is not None and person.is_active(at) else None

    def person_in_slack(self, slack_id: str, at: datetime) -> Person | None:
        """Return who has a Slack id at an instant, or None: nobody of us has it then, or more than one has.

        Names and addresses can be changed by whoever has them; an id cannot. Two people with one id are a mistake in
        the Organization, and neither may act in the other's name. Somebody who came back may be there under two names.
        """
        found = [one for one in self.people.values() if slack_id and one.slack == slack_id and one.is_active(at)]
        return found[0] if len(found) == 1 else None
