"""Whose budgets a quota makes, as far as the Organization tells: also those that nobody has drawn on yet."""

from collections.abc import Iterator
from datetime import datetime

from governor.core.globs import matches_any
from governor.core.policy.header import Header, Selector
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Organization
from governor.core.policy.scope_attributes import (
    account_attributes,
    person_attributes,
    team_attributes,
    unknown_attributes,
)
from governor.core.policy.use_case import Stage
from governor.core.scopes import Scope

_USE_CASES = frozenset({"use_case", "stage", "audience"})
_PEOPLE = frozenset({"user", "kind"})

LISTABLE = _USE_CASES | _PEOPLE | {"team", "department", "project", "environment"}
"""Attributes whose values the Organization lists; scopes of others appear once they were used."""


def known_scopes(quota: Quota, organization: Organization, at: datetime) -> Iterator[Scope]:
    """Yield the scopes of a quota that the Organization knows at an instant; some may come twice."""
    if not LISTABLE.issuperset(quota.per) or (_USE_CASES.intersection(quota.per) and _PEOPLE.intersection(quota.per)):
        # Few people serve many use cases: each with each would be a long list of nothing.
        return
    for attributes in _combinations(quota, organization, at):
        if may_concern(quota.header, attributes) and all(key in attributes for key in quota.per):
            yield tuple((key, attributes[key]) for key in quota.per)


def may_concern(header: Header, attributes: dict[str, str]) -> bool:
    """Tell whether a policy can concern requests with these attributes; what is not known may be anything."""
    for key, patterns in header.applies_to.terms:
        value = attributes.get(key)
        if value is not None and not matches_any(patterns, value):
            return False
    return header.excluded is None or not _surely_selects(header.excluded, attributes)


def _surely_selects(selector: Selector, attributes: dict[str, str]) -> bool:
    for key, patterns in selector.terms:
        value = attributes.get(key)
        if value is None or not matches_any(patterns, value):
            return False
    return True


def _combinations(quota: Quota, organization: Organization, at: datetime) -> Iterator[dict[str, str]]:
    environments = organization.environments if "environment" in quota.per else ("",)
    for who in _who(quota, organization, at):
        projects = _projects(organization, who.get("department")) if "project" in quota.per else ("",)
        for project in projects:
            for environment in environments:
                for use_case in _use_cases(quota, organization):
                    yield who | use_case | _attributes(project=project, environment=environment)


def _who(quota: Quota, organization: Organization, at: datetime) -> Iterator[dict[str, str]]:
    """Yield the people, teams or departments whose budgets these are: the finest that ``per`` names."""
    per = quota.per
    if "user" in per or "kind" in per:
        for person in organization.people.values():
            yield person_attributes(person, at)
        for account in organization.service_accounts.values():
            yield account_attributes(account, at)
        if organization.unknown_users is not None:
            yield unknown_attributes(organization.unknown_users)
    elif "team" in per:
        for team in organization.teams.values():
            yield team_attributes(team, at)
    elif "department" in per:
        for name in organization.departments:
            yield {"department": name}
    else:
        yield {}


def _projects(organization: Organization, department: str | None) -> tuple[str, ...]:
    if department is not None and department in organization.departments:
        return organization.departments[department].projects
    return tuple(project for listed in organization.departments.values() for project in listed.projects)


def _use_cases(quota: Quota, organization: Organization) -> Iterator[dict[str, str]]:
    if not _USE_CASES.intersection(quota.per):
        yield {}
        return
    for use_case in organization.use_cases.values():
        if use_case.stage is not Stage.RETIRED:
            yield use_case.attributes


def _attributes(**values: str) -> dict[str, str]:
    return {key: str(value) for key, value in values.items() if value}
