"""Who is in a group, seen from a request: relative groups depend on whom it is for, and nobody approves their own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from governor.core.policy.approval_rule import DEPARTMENT_LEADS, TEAM_LEADS, Requirement
from governor.core.policy.organization import Organization


@dataclass(frozen=True, slots=True)
class Home:
    """The team and department whose leads a request concerns; ``""`` where there is none."""

    department: str = ""
    team: str = ""


def members_of(organization: Organization, group: str, home: Home, now: datetime) -> frozenset[str]:
    """Return the people of a group who are with us at an instant, by canonical user name; empty if nobody is."""
    return _active(organization, _listed(organization, group, home, now), now)


def _listed(organization: Organization, group: str, home: Home, now: datetime) -> Iterable[str]:
    if group == TEAM_LEADS:
        team = organization.teams.get(home.team)
        return team.placement(now).leads if team is not None else ()
    if group == DEPARTMENT_LEADS:
        department = organization.departments.get(home.department)
        return department.leads if department is not None else ()
    return organization.groups.get(group, ())


def _active(organization: Organization, users: Iterable[str], now: datetime) -> frozenset[str]:
    people = organization.people
    return frozenset(user for user in users if user in people and people[user].is_active(now))


@dataclass(frozen=True, slots=True)
class Delegation:
    """Somebody votes in another's place for a while.

    Attributes:
        id: UUID text.
        member: Whose vote it is.
        delegate: Who gives it meanwhile.
        until_at: First instant at which the delegate no longer may.
        ended_at: When it was taken back, or None.
    """

    id: str
    member: str
    delegate: str
    from_at: datetime
    until_at: datetime
    ended_at: datetime | None = None

    def acts_at(self, now: datetime) -> bool:
        """Tell whether the delegate may vote at an instant."""
        return self.ended_at is None and self.from_at <= now < self.until_at


@dataclass(frozen=True, slots=True)
class Seats:
    """Whose votes count for what: the groups of a request, without those who have an interest in it.

    Attributes:
        groups: For each requirement, in its order, the members whose vote counts for it.
        wanted: For each requirement, how many votes it needs.
        standing_in: Who may vote for any requirement: the group that the request was escalated to.
        replaced: For each requirement, whether ``instead`` decides.
    """

    groups: tuple[frozenset[str], ...]
    wanted: tuple[int, ...]
    standing_in: frozenset[str] = frozenset()
    replaced: tuple[bool, ...] = ()

    @property
    def members(self) -> frozenset[str]:
        """Everybody whose vote counts for something."""
        return frozenset().union(self.standing_in, *self.groups)

    def serves(self, member: str) -> tuple[int, ...]:
        """Return the requirements that a member's vote can count for, by their place."""
        if member in self.standing_in:
            return tuple(range(len(self.groups)))
        return tuple(index for index, group in enumerate(self.groups) if member in group)


def seats_of(
    organization: Organization,
    require: tuple[Requirement, ...],
    home: Home,
    *,
    excluded: frozenset[str],
    escalated_to: str = "",
    now: datetime,
) -> Seats:
    """Return whose votes count.

    Args:
        organization: Who is in which group.
        require: What the route requires.
        home: Whose leads the relative groups are.
        excluded: The requester, and whoever asks for them: they never count.
        escalated_to: The group that may decide as well by now, or ``""``.
        now: People who have left do not count.
    """
    groups: list[frozenset[str]] = []
    replaced: list[bool] = []
    for requirement in require:
        members = members_of(organization, requirement.group, home, now) - excluded
        replace = not members and requirement.instead != ""
        groups.append(members_of(organization, requirement.instead, home, now) - excluded if replace else members)
        replaced.append(replace)
    standing_in = members_of(organization, escalated_to, home, now) - excluded if escalated_to else frozenset[str]()
    wanted = tuple(requirement.at_least for requirement in require)
    return Seats(tuple(groups), wanted, standing_in, tuple(replaced))


def places(seats: Seats, members: Iterable[str]) -> Mapping[str, int] | None:
    """Give each vote to one group so that every requirement is met, if that is possible.

    A person of several groups counts in one: which one is chosen so that the quorum is reached if it can be. This is a
    matching of places to be filled with members, found by augmenting paths.

    Returns:
        Member to the requirement that the vote counts for, of as many as are needed; None if they are too few.
    """
    wanted = [index for index, count in enumerate(seats.wanted) for _ in range(count)]
    candidates = sorted(set(members))
    serves = {member: frozenset(seats.serves(member)) for member in candidates}
    filled: dict[str, int] = {}

    def fill(place: int, tried: set[str]) -> bool:
        for member in candidates:
            if wanted[place] in serves[member] and member not in tried:
                tried.add(member)
                if member not in filled or fill(filled[member], tried):
                    filled[member] = place
                    return True
        return False

    if not all(fill(place, set()) for place in range(len(wanted))):
        return None
    return {member: wanted[place] for member, place in filled.items()}


def reachable(seats: Seats) -> bool:
    """Tell whether everybody who may vote could together reach the quorum."""
    return places(seats, seats.members) is not None
