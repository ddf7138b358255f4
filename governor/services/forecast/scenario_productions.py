"""Whose budgets a use case draws on that goes live: those that policies would choose for its requests."""

from collections.abc import Mapping
from datetime import datetime

from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.models import ResolvedModel
from governor.core.policy.kinds import Quota
from governor.core.policy.match import concerns
from governor.core.policy.organization import Organization
from governor.core.policy.scope_attributes import team_attributes
from governor.core.policy.use_case import Stage
from governor.core.scopes import Scope
from governor.services.forecast.scenario import Production


def production_attributes(snapshot: Snapshot, production: Production, now: datetime) -> dict[str, str]:
    """Return what is known of a production's requests, by ``applies_to`` key; what nobody said is absent.

    Raises:
        InvalidRequestError: If the Organization has no such department or team, or the team is of another department.
    """
    organization = snapshot.organization
    use_case = organization.use_case_named(production.use_case)
    model = snapshot.model(production.model, "")
    return {
        **_whose(organization, production.attributes, now),
        **(use_case.attributes if use_case is not None else {"use_case": production.use_case}),
        "stage": str(Stage.PRODUCTION),
        "environment": organization.default_environment,
        "model": model.id,
        "provider": provider_of(model),
    }


def provider_of(model: ResolvedModel) -> str:
    """Return who serves a model: whoever its name says (``bedrock/...``), else who makes it."""
    return model.provider or model.id.partition("/")[0]


def draws_on(attributes: Mapping[str, str], quota: Quota, scope: Scope) -> bool:
    """Tell whether requests surely draw on a quota's budget of a scope."""
    return all(attributes.get(key) == value for key, value in scope) and concerns(quota.header, attributes)


def _whose(organization: Organization, given: Mapping[str, str], now: datetime) -> dict[str, str]:
    department, team = given.get("department", ""), given.get("team", "")
    if department and organization.departments and department not in organization.departments:
        raise InvalidRequestError(f"there is no department `{department[:60]}`", field="productions.department")
    if not team or not organization.teams:
        return dict(given)
    if team not in organization.teams:
        raise InvalidRequestError(f"there is no team `{team[:60]}`", field="productions.team")
    known = team_attributes(organization.teams[team], now)
    if department and known["department"] != department:
        message = f"the team `{team[:60]}` is of {known['department'] or 'no department'}, not of `{department[:60]}`"
        raise InvalidRequestError(message, field="productions.department")
    return {key: value for key, value in known.items() if value}
