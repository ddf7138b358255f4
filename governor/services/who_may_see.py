"""Who may look at somebody's requests: themselves, who answers for a machine, and who leads a team or a department."""

from collections.abc import Mapping
from datetime import datetime

from governor.core.policy.organization import Organization, Person


def may_see(organization: Organization, person: Person, attributes: Mapping[str, str], now: datetime) -> bool:
    """Tell whether a decision is a person's business.

    Args:
        organization: Who leads what, and who owns which service account.
        person: Who asks.
        attributes: Whose request it was, as policies saw it.
        now: Who leads a team may change when it moves.
    """
    user = attributes.get("user", "")
    if user == person.user:
        return True
    account = organization.service_accounts.get(user)
    if account is not None and account.owner.lower() == person.user:
        return True
    team = organization.teams.get(attributes.get("team", ""))
    department = organization.departments.get(attributes.get("department", ""))
    leads = (*(team.placement(now).leads if team else ()), *(department.leads if department else ()))
    return person.user in {lead.lower() for lead in leads}


def machines_of(organization: Organization, person: Person) -> list[str]:
    """Return the service accounts that a person answers for."""
    return [name for name, account in organization.service_accounts.items() if account.owner.lower() == person.user]
