"""Who may ask for an exception for whom, and whose leads such a request concerns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from governor.core.approvals.groups import Home
from governor.core.errors import ForbiddenError, InvalidRequestError
from governor.core.policy.approval_rule import MayRequest
from governor.core.policy.organization import SERVICE_ACCOUNT_KIND, Organization, Person
from governor.core.scopes import Scope


@dataclass(frozen=True, slots=True)
class Asking:
    """A request as rules see it.

    Attributes:
        scope: Whom it is for, by canonical name.
        asked_for: The person whom it is for, or ``""``.
        home: Whose leads relative groups are.
        attributes: What rules select by.
        member: Whether the asker is one of those whom it would serve.
        lead: Whether the asker leads their team or department.
    """

    scope: Scope
    asked_for: str
    home: Home
    attributes: Mapping[str, str]
    member: bool
    lead: bool


def asking(organization: Organization, scope: Scope, asker: str, now: datetime) -> Asking:
    """Work out what a request for a scope is.

    Args:
        organization: Who is who.
        scope: One pair of ``user``, ``team``, ``project`` or ``use_case`` and its name.
        asker: Canonical user name of a person who is with us.
        now: People move.

    Raises:
        InvalidRequestError: If the Organization knows nobody of this name.
    """
    [(key, name)] = scope
    person = organization.people[asker]
    placement = person.placement(now)
    match key:
        case "user":
            return _for_user(organization, name, person, now)
        case "team":
            team = organization.teams.get(name)
            if team is None:
                raise _unknown("team", name)
            home = Home(team.placement(now).department, name)
            member = name in {placement.team, *person.teams}
        case "project":
            found = [one for one in organization.departments.values() if name in one.projects]
            if not found:
                raise _unknown("project", name)
            department = found[0].name
            home = Home(department, placement.team if placement.department == department else "")
            member = department in _departments(organization, person, now)
        case "use_case":
            use_case = organization.use_case_named(name)
            if use_case is None:
                raise _unknown("use case", name)
            name, scope = use_case.name, ((key, use_case.name),)
            # A use case belongs to nobody: whoever asks is asked about by their own leads.
            home, member = Home(placement.department, placement.team), True
        case _:
            message = f"an exception is for a user, team, project or use_case, not for `{key}`"
            raise InvalidRequestError(message, field="scope")
    attributes = _attributes(home, person.user, str(person.kind))
    attributes[key] = name
    if key == "use_case":
        attributes |= organization.use_cases[name].attributes
    return Asking(scope, "", home, attributes, member, _leads(organization, asker, home, now))


def check_may_ask(asked: Asking, asker: str, may_request: MayRequest) -> None:
    """Refuse somebody who may not ask for this.

    Raises:
        ForbiddenError: With who may.
    """
    [(key, name)] = asked.scope
    if not asked.member and not asked.lead:
        raise ForbiddenError(f"`{asker}` does not belong to the {key.replace('_', ' ')} {name}, and does not lead it")
    if may_request is MayRequest.LEADS and not asked.lead:
        raise ForbiddenError("only leads ask for exceptions here; ask yours to", needed="leads")


def _for_user(organization: Organization, name: str, asker: Person, now: datetime) -> Asking:
    account = organization.service_accounts.get(name)
    if account is not None:
        placement = account.placement(now)
        home = Home(placement.department, placement.team)
        attributes = _attributes(home, name, SERVICE_ACCOUNT_KIND)
        member = account.owner == asker.user
        return Asking((("user", name),), "", home, attributes, member, _leads(organization, asker.user, home, now))
    person = organization.person_named(name, now)
    if person is None:
        raise _unknown("person", name)
    placement = person.placement(now)
    home = Home(placement.department, placement.team)
    member = asker.user in {person.user, person.sponsor}
    return Asking(
        scope=(("user", person.user),),
        asked_for=person.user,
        home=home,
        attributes=_attributes(home, person.user, str(person.kind)),
        member=member,
        lead=_leads(organization, asker.user, home, now),
    )


def _attributes(home: Home, user: str, kind: str) -> dict[str, str]:
    known = {"department": home.department, "team": home.team, "user": user, "kind": kind}
    return {key: value for key, value in known.items() if value}


def _departments(organization: Organization, person: Person, now: datetime) -> set[str]:
    teams = [organization.teams[team] for team in person.teams if team in organization.teams]
    return {person.placement(now).department, *(team.placement(now).department for team in teams)}


def _leads(organization: Organization, user: str, home: Home, now: datetime) -> bool:
    team, department = organization.teams.get(home.team), organization.departments.get(home.department)
    if team is not None and user in team.placement(now).leads:
        return True
    return department is not None and user in department.leads


def _unknown(what: str, name: str) -> InvalidRequestError:
    return InvalidRequestError(f"there is no {what} `{name[:80]}`; name one of the Organization's", field="scope")
