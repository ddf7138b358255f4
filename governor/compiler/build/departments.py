"""Departments and their teams, and the teams that move from one to another on a date."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import UnsetType

from governor.compiler.build.reader import EPOCH, Reader, given
from governor.compiler.shapes.organization import OrganizationShape, TeamShape
from governor.compiler.source import Path
from governor.core.policy.organization import Department, Placement, Team, TeamPlacement, placement_at


@dataclass(frozen=True, slots=True)
class _Listed:
    """A team as one department lists it, where that stands, and from when on it counts."""

    shape: TeamShape
    department: str
    path: Path
    from_at: datetime | None


def build_departments(shape: OrganizationShape, reader: Reader) -> tuple[dict[str, Department], dict[str, Team]]:
    """Build the departments, and the teams with all their moves."""
    departments: dict[str, Department] = {}
    teams: dict[str, list[_Listed]] = {}
    for index, item in enumerate(shape.departments):
        path: Path = ("departments", index)
        if item.name in departments:
            reader.twice("department", item.name, (*path, "name"))
        projects = tuple(project.name for project in item.projects)
        departments[item.name] = Department(item.name, users(item.leads), given(item.cost_centre, ""), projects)
        for number, team in enumerate(item.teams):
            place = (*path, "teams", number)
            from_at = reader.first_instant(team.from_, (*place, "from"))
            teams.setdefault(team.name, []).append(_Listed(team, item.name, place, from_at))
    return departments, {name: _team(name, listed, reader) for name, listed in teams.items()}


def users(names: Iterable[str]) -> tuple[str, ...]:
    """Return canonical user names, each once."""
    return tuple(dict.fromkeys(name.lower() for name in names))


def _team(name: str, listed: Sequence[_Listed], reader: Reader) -> Team:
    """Build a team from all departments that list it; these stand in no order of time."""
    always = [one for one in listed if isinstance(one.shape.from_, UnsetType)]
    moves = sorted((one for one in listed if one not in always), key=lambda one: one.from_at or EPOCH)
    for again in always[1:]:
        hint = "keep one of them, or give a move its date in `from`"
        reader.twice("team", name, (*again.path, "name"), hint=hint)
    if not always and moves[0].from_at is not None:
        message = f"no department has the team `{name}` before this date"
        hint = "leave `from` out, or list the team also where it is until then"
        reader.add("wrong-date", message, (*moves[0].path, "from"), hint=hint)
    placements: list[TeamPlacement] = []
    for one in [*always[:1], *moves]:
        before = placements[-1] if placements else TeamPlacement("")
        if before.from_at is not None and before.from_at == one.from_at:
            message = f"the team `{name}` moves to `{before.department}` on the same day"
            reader.add("wrong-date", message, (*one.path, "from"), hint="a team is in one department at a time")
        elif before.department == one.department:
            message = f"the team `{name}` is in `{one.department}` already"
            reader.add("wrong-value", message, (*one.path, "name"), hint="list it in the department that it moves to")
        leads = users(given(one.shape.leads, before.leads))
        cost_centre = given(one.shape.cost_centre, before.cost_centre)
        placements.append(TeamPlacement(one.department, leads, cost_centre, one.from_at))
    return Team(name, tuple(placements))


def placements_in(team: Team, from_at: datetime | None, until_at: datetime | None) -> tuple[Placement, ...]:
    """Return where a team's people are from one instant to another (None: always), the moves of the team included."""
    first = team.placements[0] if from_at is None else placement_at(team.placements, from_at)
    later = [
        place
        for place in team.placements
        if place.from_at is not None
        and (from_at is None or place.from_at > from_at)
        and (until_at is None or place.from_at < until_at)
    ]
    moves = (Placement(place.department, team.name, place.from_at) for place in later)
    return (Placement(first.department, team.name, from_at), *moves)


def elsewhere(team: Team, stated: str, placements: Sequence[Placement]) -> str:
    """Say what is wrong with a department that is stated beside a team; ``""`` if the team is ever in it.

    An export of today's departments stays right when the team moves: the date is the team's own.
    """
    departments = dict.fromkeys(place.department for place in placements)
    if not stated or stated in departments:
        return ""
    return f"the team `{team.name}` belongs to {' and '.join(f'`{name}`' for name in departments)}, not to `{stated}`"
