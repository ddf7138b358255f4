"""The Organization document to its core value."""

from collections.abc import Iterable, Mapping

from msgspec import UnsetType

from governor.compiler.build.departments import build_departments, elsewhere, placements_in, users
from governor.compiler.build.people import Listed, build_people
from governor.compiler.build.reader import Reader, given
from governor.compiler.build.working_time import build_working_time
from governor.compiler.problems import did_you_mean
from governor.compiler.quantities import parse_duration, parse_month_day, parse_time_zone
from governor.compiler.shapes.organization import OrganizationShape, ServiceAccountShape, UnknownUsersShape
from governor.compiler.source import Path
from governor.core.policy.organization import (
    CanStop,
    ClientAsserted,
    Department,
    Organization,
    Placement,
    ServiceAccount,
    Strictness,
    Team,
)
from governor.core.policy.use_case import UseCase

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def time_zone_of(shape: OrganizationShape, reader: Reader) -> str:
    """Return the zone that dates of the whole folder are in; UTC after a problem."""
    return reader.read(parse_time_zone, shape.time_zone, ("time_zone",), "UTC")


def build_organization(
    shape: OrganizationShape, reader: Reader, listed: Iterable[Listed], use_cases: Mapping[str, UseCase]
) -> Organization:
    """Build the Organization.

    Args:
        shape: As written.
        reader: With the Organization's own zone.
        listed: The people, from the document or from CSV.
        use_cases: The inventory, from documents of its own.
    """
    departments, teams = build_departments(shape, reader)
    environments = tuple(shape.environments)
    default = given(shape.default_environment, environments[0])
    if default not in environments:
        hint = did_you_mean(default, environments) or f"write one of {', '.join(environments)}"
        reader.add("unknown-reference", f"`{default}` is not an environment", ("default_environment",), hint=hint)
    people, person_ids = build_people(listed, reader, teams, departments)
    return Organization(
        name=shape.name,
        source=reader.source(),
        time_zone=reader.time_zone,
        fiscal_year_start=reader.read(parse_month_day, shape.fiscal_year_start, ("fiscal_year_start",), (1, 1)),
        week_starts=WEEKDAYS.index(shape.week_starts) + 1,
        environments=environments,
        default_environment=default,
        unknown_users=_unknown_users(shape, reader, teams),
        on_mismatch=Strictness(shape.on_mismatch),
        client_asserted=ClientAsserted(shape.client_asserted),
        unlisted=Strictness(shape.unlisted),
        unknown_model=Strictness(shape.unknown_model),
        people=people,
        person_ids=person_ids,
        service_accounts=_service_accounts(shape, reader, teams, departments, person_ids),
        teams=teams,
        departments=departments,
        groups=_groups(shape, reader),
        can_stop=_can_stop(shape, reader),
        unregistered_use_case=Strictness(shape.unregistered_use_case),
        use_cases=use_cases,
        former_use_cases={
            former: use_case.name
            for use_case in use_cases.values()
            for former in use_case.header.formerly
            if former not in use_cases
        },
        working_time=build_working_time(shape, reader),
    )


def _unknown_users(shape: OrganizationShape, reader: Reader, teams: Mapping[str, Team]) -> Placement | None:
    placed = shape.unknown_users
    if not isinstance(placed, UnknownUsersShape):
        return None
    team = teams.get(given(placed.team, ""))
    if team is not None and {place.department for place in team.placements} != {placed.department}:
        message = f"the team `{team.name}` is not of `{placed.department}`, or not always"
        hint = "place unknown users in a team that stays in their department"
        reader.add("wrong-value", message, ("unknown_users", "team"), hint=hint)
    return Placement(placed.department, given(placed.team, ""))


def _groups(shape: OrganizationShape, reader: Reader) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for index, group in enumerate(shape.groups):
        if group.name in groups:
            reader.twice("group", group.name, ("groups", index, "name"))
        groups[group.name] = users(group.members)
    return groups


def _can_stop(shape: OrganizationShape, reader: Reader) -> CanStop | None:
    stated = shape.can_stop
    if isinstance(stated, UnsetType):
        return None
    names = [group.name for group in shape.groups]
    if stated.group not in names:
        hint = did_you_mean(stated.group, names) or "list the group in `groups`"
        reader.add("unknown-reference", f"there is no group `{stated.group}`", ("can_stop", "group"), hint=hint)
    return CanStop(stated.group, reader.read(parse_duration, stated.for_, ("can_stop", "for"), 0))


def _service_accounts(
    shape: OrganizationShape,
    reader: Reader,
    teams: dict[str, Team],
    departments: dict[str, Department],
    person_ids: dict[str, str],
) -> dict[str, ServiceAccount]:
    accounts: dict[str, ServiceAccount] = {}
    for index, item in enumerate(shape.service_accounts):
        path: Path = ("service_accounts", index)
        if item.name in accounts:
            reader.twice("service account", item.name, (*path, "name"))
        if item.name in person_ids:
            message = f"`{item.name}` is also a name of the person `{person_ids[item.name]}`"
            reader.add("duplicate-name", message, (*path, "name"), hint="give the account another name")
        accounts[item.name] = ServiceAccount(
            name=item.name,
            owner=item.owner.lower(),
            placements=_account_placements(item, reader, path, teams, departments),
            project=given(item.project, ""),
            use_case=given(item.use_case, ""),
            until_at=reader.end_of(item.until, (*path, "until")),
        )
    return accounts


def _account_placements(
    item: ServiceAccountShape, reader: Reader, path: Path, teams: dict[str, Team], departments: dict[str, Department]
) -> tuple[Placement, ...]:
    stated = given(item.department, "")
    if not isinstance(item.team, UnsetType):
        team = teams.get(item.team)
        if team is None:
            hint = did_you_mean(item.team, teams)
            reader.add("unknown-reference", f"no department has a team `{item.team}`", (*path, "team"), hint=hint)
            return (Placement(stated, item.team),)
        placements = placements_in(team, None, None)
        wrong = elsewhere(team, stated, placements)
        if wrong:
            reader.add("wrong-value", wrong, (*path, "department"), hint="leave the department out")
        return placements
    if not stated:
        hint = "write its team or its department"
        reader.add("missing-field", f"the service account `{item.name}` belongs to nobody", path, hint=hint)
    elif departments and stated not in departments:
        hint = did_you_mean(stated, departments)
        reader.add("unknown-reference", f"there is no department `{stated}`", (*path, "department"), hint=hint)
    return (Placement(stated, ""),)
