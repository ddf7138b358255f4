"""People who are named somewhere must be people of the organisation."""

from collections.abc import Iterator

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problem, Problems, did_you_mean
from governor.compiler.source import Document, Path
from governor.core.policy.organization import Organization


def check_people(built: Built, problems: Problems) -> None:
    """Refuse leads, members, owners and sponsors whom the Organization does not list."""
    organization = built.policies.organization
    document = built.documents[organization.source]
    for what, user, path in _named(document):
        problem = _unknown(organization, document, what, user, path)
        if problem is not None:
            problems.add(problem)
    for person in organization.people.values():
        if person.sponsor and person.sponsor not in organization.people:
            message = f"the sponsor `{person.sponsor[:60]}` of `{person.user[:60]}` is not listed"
            hint = _hint(organization, person.sponsor)
            problems.add(document.problem("unknown-reference", message, ("people",), hint=hint))


def _named(document: Document) -> Iterator[tuple[str, str, Path]]:
    """Yield everybody whom the Organization names, with the place."""
    value = document.value
    for index, department in enumerate(value.get("departments", ())):
        path: Path = ("departments", index)
        for number, lead in enumerate(department.get("leads", ())):
            yield "lead", lead, (*path, "leads", number)
        for team_index, team in enumerate(department.get("teams", ())):
            for number, lead in enumerate(team.get("leads", ())):
                yield "lead", lead, (*path, "teams", team_index, "leads", number)
    for index, account in enumerate(value.get("service_accounts", ())):
        yield "owner", account["owner"], ("service_accounts", index, "owner")
    for index, group in enumerate(value.get("groups", ())):
        for number, member in enumerate(group["members"]):
            yield "member", member, ("groups", index, "members", number)


def _unknown(organization: Organization, document: Document, what: str, user: str, path: Path) -> Problem | None:
    if user.lower() in organization.people:
        return None
    message = f"the {what} `{user[:60]}` is not listed in `people`"
    return document.problem("unknown-reference", message, path, hint=_hint(organization, user))


def _hint(organization: Organization, user: str) -> str:
    canonical = organization.person_ids.get(user.lower())
    if canonical is not None:
        return f"write the user name `{canonical}`"
    return did_you_mean(user, organization.people) or "add the person, or name somebody who is listed"
