"""The organisation in words: its calendar, its departments and people, and what it does about what it does not know."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from governor.core.decisions.messages import MONTHS
from governor.core.policy.organization import (
    ClientAsserted,
    Organization,
    Person,
    Placement,
    ServiceAccount,
    Strictness,
    Team,
)
from governor.core.wording.phrases import begin_words, date_words, duration_words, last_day_words, listed
from governor.core.wording.statements import Statement
from governor.core.working_time import WorkingTime

_STRICT = {Strictness.DENY: "refused", Strictness.WARN: "pointed out", Strictness.ALLOW: "let pass"}
_CLAIMED = {
    ClientAsserted.IGNORE: "nobody known",
    ClientAsserted.DENY: "refused",
    ClientAsserted.ACCEPT: "believed",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def organization_statements(organization: Organization) -> Iterator[Statement]:
    """Yield everything that the Organization says."""
    yield from _calendar(organization)
    yield from _strictness(organization)
    yield from _departments(organization)
    zone = organization.time_zone
    for person in organization.people.values():
        words, own = (_person_words(person, zone, own=own) for own in (False, True))
        yield Statement(f"people.{person.user}", person.user, words, people=(person.user,), own=own)
    for account in organization.service_accounts.values():
        words, own = (_account_words(account, zone, own=own) for own in (False, True))
        yield Statement(f"service_accounts.{account.name}", f"service account {account.name}", words, own=own)
    for name, members in organization.groups.items():
        yield Statement(f"groups.{name}", f"group {name}", listed(members) if members else "nobody", people=members)
    if organization.can_stop is not None:
        stops = organization.can_stop
        words = f"the group {stops.group}, for {duration_words(stops.for_s)} at most"
        yield Statement("can_stop", "who may stop people and models at once", words)


def _calendar(organization: Organization) -> Iterator[Statement]:
    month, day = organization.fiscal_year_start
    yield Statement("name", "name", organization.name)
    yield Statement("time_zone", "time zone", organization.time_zone)
    yield Statement("fiscal_year_start", "fiscal year begins on", f"{day} {MONTHS[month - 1]}")
    yield Statement("week_starts", "week begins on", _WEEKDAYS[organization.week_starts - 1])
    yield from _working(organization.working_time)
    yield Statement("environments", "environments", listed(organization.environments))
    yield Statement("default_environment", "environment of whoever names none", organization.default_environment)


def _working(working: WorkingTime) -> Iterator[Statement]:
    days = listed(_WEEKDAYS[day - 1] for day in sorted(working.days))
    words = f"{days}, {_clock(working.from_minute)} to {_clock(working.until_minute)}, {working.time_zone}"
    yield Statement("working_hours", "working hours", words)
    for day in sorted(working.holidays):
        yield Statement(f"holidays.{day.isoformat()}", f"holiday on {date_words(day)}", "nobody works")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _strictness(organization: Organization) -> Iterator[Statement]:
    unknown = organization.unknown_users
    words = (
        "refused" if unknown is None else f"in department {unknown.department or 'none'}, team {unknown.team or 'none'}"
    )
    yield Statement("unknown_users", "people who are not listed are", words)
    for key, subject in (
        ("on_mismatch", "a wrong team or department is"),
        ("unlisted", "a request that no allowlist concerns is"),
        ("unknown_model", "a model that nothing knows is"),
        ("unregistered_use_case", "a use case that is not registered is"),
    ):
        yield Statement(key, subject, _STRICT[getattr(organization, key)])
    yield Statement(
        "client_asserted", "who asks by the word of a gateway's client is", _CLAIMED[organization.client_asserted]
    )


def _departments(organization: Organization) -> Iterator[Statement]:
    for department in organization.departments.values():
        parts = _led(department.leads, department.cost_centre)
        if department.projects:
            parts.append(f"projects {listed(department.projects)}")
        words = "; ".join(parts) or "without leads"
        yield Statement(f"departments.{department.name}", f"department {department.name}", words)
    for team in organization.teams.values():
        first = team.placements[0]
        parts = [f"of {first.department}", *_led(first.leads, first.cost_centre)]
        yield Statement(f"teams.{team.name}", f"team {team.name}", "; ".join(parts), team=team.name)
        yield from team_moves(team, organization.time_zone)


def team_moves(team: Team, time_zone: str) -> list[Statement]:
    """Return the moves of a team, in the order of their dates."""
    moves = []
    for number, (before, after) in enumerate(pairwise(team.placements)):
        assert after.from_at is not None, "only the first placement has no beginning"
        parts = [f"on {begin_words(after.from_at, time_zone)}"]
        if (after.leads, after.cost_centre) != (before.leads, before.cost_centre):
            parts += _led(after.leads, after.cost_centre) or ["without leads"]
        subject = f"team {team.name} moves from {before.department} to {after.department}"
        key = f"teams.{team.name}.moves.{number}.{before.department}.{after.department}"
        moves.append(Statement(key, subject, "; ".join(parts), team=team.name))
    return moves


def _led(leads: tuple[str, ...], cost_centre: str) -> list[str]:
    parts = [f"led by {listed(leads)}"] if leads else []
    return [*parts, f"cost centre {cost_centre}"] if cost_centre else parts


def _person_words(person: Person, time_zone: str, *, own: bool) -> str:
    parts = [str(person.kind), *_places(person.placements, time_zone, own=own)]
    if len(person.teams) > 1:
        parts.append(f"also in team {listed(person.teams[1:])}")
    if person.sponsor:
        parts.append(f"sponsored by {person.sponsor}")
    if person.from_at is not None:
        parts.append(f"with us from {begin_words(person.from_at, time_zone)} on")
    if person.until_at is not None:
        parts.append(f"until {last_day_words(person.until_at, time_zone)}")
    if person.ids:
        parts.append(f"also known as {listed(person.ids)}")
    if person.slack:
        parts.append(f"in Slack {person.slack}")
    return ", ".join(parts)


def _places(placements: Sequence[Placement], time_zone: str, *, own: bool) -> Iterator[str]:
    """Yield where somebody is; of a team's department and its moves nothing where only their own is asked for."""
    team = ""
    for placement in placements:
        if own and placement.team and placement.team == team:
            continue
        team = placement.team
        department = "" if own and team else placement.department
        where = listed([part for part in (_in("team", team), _in("department", department)) if part])
        begins = f" from {begin_words(placement.from_at, time_zone)} on" if placement.from_at is not None else ""
        yield f"{where}{begins}"


def _in(what: str, name: str) -> str:
    return f"{what} {name}" if name else ""


def _account_words(account: ServiceAccount, time_zone: str, *, own: bool) -> str:
    serves = (_in("project", account.project), _in("use case", account.use_case))
    places = _places(account.placements, time_zone, own=own)
    parts = [f"owned by {account.owner}", *places, *[part for part in serves if part]]
    if account.until_at is not None:
        parts.append(f"until {last_day_words(account.until_at, time_zone)}")
    return ", ".join(parts)
