"""Who asks: what the gateway claims, corrected by what the Organization knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from governor.core.decisions.caller import Caller
from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.inventory import look_up_use_case, use_case_is_refused
from governor.core.decisions.request import AssertedBy, Subject
from governor.core.policy.organization import (
    SERVICE_ACCOUNT_KIND,
    ClientAsserted,
    Organization,
    Placement,
    ServiceAccount,
    Strictness,
)
from governor.core.scopes import UNKNOWN_USER

_NOTHING_ASSERTED = Subject(asserted_by=AssertedBy.CLIENT)


@dataclass(frozen=True, slots=True)
class ResolvedSubject:
    """The attributes that policies match and budgets are kept by, with what was wrong with the claim.

    Attributes:
        attributes: ``department team user kind project environment use_case stage audience task``; absent ones are left
            out.
        reasons: Why the subject is refused.
        warnings: What is only pointed out.
    """

    attributes: dict[str, str]
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()


def resolve_subject(
    organization: Organization, subject: Subject, caller: Caller, use_case: str, now: datetime
) -> ResolvedSubject:
    """Resolve a claimed subject.

    A key's own subject beats every claim, and what the Organization says of a person or a service account beats what
    is claimed of them. What only a client asserts is ignored, refused or accepted, as the Organization says; where it
    does not count, its user is unknown, the rest absent.

    Args:
        organization: Authoritative for people, service accounts, teams, environments and use cases.
        subject: The claim.
        caller: The key that it came with.
        use_case: The use case claimed, by its name or a former one, or ``""``; a service account that has one of its
            own keeps it.
        now: The door's instant, which decides placements and validity.
    """
    is_vouched = subject.asserted_by is AssertedBy.GATEWAY
    claim = subject if is_vouched or organization.client_asserted is ClientAsserted.ACCEPT else Subject()
    use_case = organization.use_case_name(use_case)
    service_account = caller.service_account or (claim.service_account if not caller.user else "")
    if service_account:
        resolved = _service_account(organization, service_account, claim, use_case, now)
    else:
        resolved = _user(organization, caller.user or claim.user, claim, now)
        if use_case:
            resolved.attributes["use_case"] = use_case
    resolved = _for_use_case(organization, _in_environment(organization, resolved, claim))
    if is_vouched or organization.client_asserted is not ClientAsserted.DENY or subject == _NOTHING_ASSERTED:
        return resolved
    message = f"only the gateway's client says who asks, and {organization.name} denies that; let the gateway assert it"
    reason = _refusal(organization, ReasonCode.CLIENT_ASSERTED, message)
    return ResolvedSubject(resolved.attributes, (reason, *resolved.reasons), resolved.warnings)


def _for_use_case(organization: Organization, resolved: ResolvedSubject) -> ResolvedSubject:
    found = look_up_use_case(organization, resolved.attributes)
    if not found:
        return resolved
    if use_case_is_refused(organization):
        return ResolvedSubject(resolved.attributes, (*resolved.reasons, *found), resolved.warnings)
    return ResolvedSubject(resolved.attributes, resolved.reasons, (*resolved.warnings, *found))


def _in_environment(organization: Organization, resolved: ResolvedSubject, claim: Subject) -> ResolvedSubject:
    attributes = resolved.attributes
    attributes["environment"] = claim.environment or organization.default_environment
    if claim.task:
        attributes["task"] = claim.task
    if claim.project and "project" not in attributes:
        attributes["project"] = _project(organization, claim.project)
    if attributes["environment"] in organization.environments:
        return resolved
    # Usage that nobody asked for is booked all the same, and invented names must mint no budgets.
    attributes["environment"] = UNKNOWN_USER
    known = ", ".join(organization.environments)
    reason = _refusal(
        organization,
        ReasonCode.UNKNOWN_ENVIRONMENT,
        f"`{claim.environment}` is not an environment of {organization.name}; use one of {known}",
    )
    return ResolvedSubject(attributes, (*resolved.reasons, reason), resolved.warnings)


def _project(organization: Organization, project: str) -> str:
    """Return the project, or one shared name for all that the Organization does not list, if it lists any."""
    listed = [department.projects for department in organization.departments.values() if department.projects]
    if not listed or any(project in projects for projects in listed):
        return project
    return UNKNOWN_USER


def _user(organization: Organization, user: str, claim: Subject, now: datetime) -> ResolvedSubject:
    canonical = organization.person_ids.get(user.strip().lower())
    if canonical is None:
        return _unknown_user(organization, user, claim)
    person = organization.people[canonical]
    placement = person.placement(now)
    reasons: list[Reason] = []
    warnings: list[Reason] = []
    if not person.is_active(now):
        reasons.append(
            _refusal(
                organization,
                ReasonCode.SUBJECT_NOT_ACTIVE,
                f"{person.user} is not with {organization.name} at this time; ask the owner of the Organization policy",
            )
        )
    team, department = placement.team, placement.department
    if claim.team and claim.team != team and claim.team in person.teams:
        team = claim.team
        if team in organization.teams:
            department = organization.teams[team].placement(now).department
    mismatch = _mismatch(claim, team, department)
    if mismatch:
        said = f"{person.user} belongs to {team or 'no team'} in {department}, not to {mismatch}"
        reason = _refusal(organization, ReasonCode.SUBJECT_MISMATCH, f"{said}; send the user's own, or none")
        (reasons if organization.on_mismatch is Strictness.DENY else warnings).append(reason)
    attributes = {"user": person.user, "kind": str(person.kind)}
    _place(attributes, department, team)
    return ResolvedSubject(attributes, tuple(reasons), tuple(warnings))


def _unknown_user(organization: Organization, user: str, claim: Subject) -> ResolvedSubject:
    """Place everybody who is not listed in one shared scope, or refuse.

    An Organization that lists nobody takes the gateway's word for department and team.
    """
    attributes = {"user": UNKNOWN_USER, "kind": "guest"}
    placement = organization.unknown_users
    if placement is None and not organization.people:
        placement = Placement(claim.department, claim.team)
    if placement is not None:
        _place(attributes, placement.department, placement.team)
        return ResolvedSubject(attributes)
    name = organization.name
    message = f"`{user}` is not a person of {name}; list them in the Organization policy, or set unknown_users"
    if not user:
        message = f"nobody vouches for the user, and {name} denies unknown ones; let the gateway assert them"
    reason = _refusal(organization, ReasonCode.UNKNOWN_USER, message)
    return ResolvedSubject(attributes, (reason,))


def _service_account(
    organization: Organization, name: str, claim: Subject, use_case: str, now: datetime
) -> ResolvedSubject:
    account = organization.service_accounts.get(name)
    if account is None:
        reason = _refusal(
            organization,
            ReasonCode.UNKNOWN_SERVICE_ACCOUNT,
            f"`{name}` is not a service account of {organization.name}; list it in the Organization policy",
        )
        attributes = {"user": UNKNOWN_USER, "kind": SERVICE_ACCOUNT_KIND}
        if organization.unknown_users is not None:
            _place(attributes, organization.unknown_users.department, organization.unknown_users.team)
        return ResolvedSubject(attributes, (reason,))
    placement = account.placement(now)
    reasons: list[Reason] = []
    if account.until_at is not None and now >= account.until_at:
        message = f"the service account {name} ended; its owner {account.owner} can prolong it in the Organization"
        reasons.append(_refusal(organization, ReasonCode.SUBJECT_NOT_ACTIVE, message))
    mismatches = tuple(
        _refusal(organization, ReasonCode.SUBJECT_MISMATCH, f"{said}; send its own, or none")
        for said in _account_mismatches(account, claim, use_case, placement)
    )
    attributes = _account_attributes(account, use_case, placement)
    if organization.on_mismatch is Strictness.DENY:
        return ResolvedSubject(attributes, (*reasons, *mismatches))
    return ResolvedSubject(attributes, tuple(reasons), mismatches)


def _account_mismatches(account: ServiceAccount, claim: Subject, use_case: str, placement: Placement) -> Iterator[str]:
    """Say what a gateway claims of a service account against the Organization."""
    mismatch = _mismatch(claim, placement.team, placement.department)
    if mismatch:
        yield f"{account.name} belongs to {placement.team or 'no team'} in {placement.department}, not to {mismatch}"
    if account.project and claim.project not in {"", account.project}:
        yield f"{account.name} works for the project {account.project}, not for {claim.project}"
    if account.use_case and use_case not in {"", account.use_case}:
        yield f"{account.name} serves the use case {account.use_case}, not {use_case}"


def _account_attributes(account: ServiceAccount, use_case: str, placement: Placement) -> dict[str, str]:
    attributes = {"user": account.name, "kind": SERVICE_ACCOUNT_KIND}
    _place(attributes, placement.department, placement.team)
    if account.project:
        attributes["project"] = account.project
    if account.use_case or use_case:
        attributes["use_case"] = account.use_case or use_case
    return attributes


def _mismatch(claim: Subject, team: str, department: str) -> str:
    if claim.team and claim.team != team:
        return claim.team
    if claim.department and claim.department != department:
        return claim.department
    return ""


def _place(attributes: dict[str, str], department: str, team: str) -> None:
    if department:
        attributes["department"] = department
    if team:
        attributes["team"] = team


def _refusal(organization: Organization, code: ReasonCode, message: str) -> Reason:
    return Reason(code, message, f"Organization/{organization.name}", str(organization.source))
