"""What the Organization tells of a budget's scope: a user's team, a team's department, a use case's stage.

A budget's limit follows from these and nothing else, so that all who ask, and all who look, see one limit.
"""

from datetime import datetime

from governor.core.policy.organization import (
    SERVICE_ACCOUNT_KIND,
    Organization,
    Person,
    PersonKind,
    Placement,
    ServiceAccount,
    Team,
)
from governor.core.scopes import NONE_VALUE, UNKNOWN_USER, Scope


def scope_attributes(scope: Scope, organization: Organization, at: datetime) -> dict[str, str]:
    """Return the attributes of a scope at an instant, by ``applies_to`` key.

    What requests lacked (``(none)``) is absent. A user's scope has the home team and department, whatever team a
    request named; a scope that names a team beside its user has that team's department.
    """
    given = {key: value for key, value in scope if value != NONE_VALUE}
    known: dict[str, str] = {}
    use_case = organization.use_case_named(given.get("use_case", ""))
    user = given.get("user", "")
    if user in organization.people:
        known = person_attributes(organization.people[user], at)
    elif user in organization.service_accounts:
        known = account_attributes(organization.service_accounts[user], at)
    elif user == UNKNOWN_USER and organization.unknown_users is not None:
        known = unknown_attributes(organization.unknown_users)
    team = given.get("team", "")
    if team != known.get("team") and team in organization.teams:
        known |= team_attributes(organization.teams[team], at)
    if use_case is not None:
        known |= use_case.attributes
        given["use_case"] = use_case.name
    return {**known, **given}


def person_attributes(person: Person, at: datetime) -> dict[str, str]:
    """Return who a person is at an instant: ``user kind team department``, absent ones left out."""
    placement = person.placement(at)
    return _stated(user=person.user, kind=person.kind, team=placement.team, department=placement.department)


def account_attributes(account: ServiceAccount, at: datetime) -> dict[str, str]:
    """Return who a service account is at an instant."""
    placement = account.placement(at)
    return _stated(user=account.name, kind=SERVICE_ACCOUNT_KIND, team=placement.team, department=placement.department)


def team_attributes(team: Team, at: datetime) -> dict[str, str]:
    """Return what follows from a team at an instant: its own name and its department's."""
    return {"team": team.name, "department": team.placement(at).department}


def unknown_attributes(placement: Placement) -> dict[str, str]:
    """Return who everybody is whom the Organization does not list."""
    return _stated(user=UNKNOWN_USER, kind=PersonKind.GUEST, team=placement.team, department=placement.department)


def _stated(**values: str) -> dict[str, str]:
    return {key: str(value) for key, value in values.items() if value}
