"""Approval rules: groups exist, every quorum can be reached without the requester, and one rule decides."""

from collections.abc import Iterator
from datetime import datetime
from itertools import combinations

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problem, Problems, did_you_mean
from governor.compiler.source import Document, Path
from governor.core.approvals.groups import Home, members_of, reachable, seats_of
from governor.core.approvals.routes import specificity
from governor.core.globs import matches
from governor.core.policy.approval_rule import RELATIVE_GROUPS, ApprovalRule, Requirement, Route
from governor.core.policy.header import Selector
from governor.core.policy.match import concerns
from governor.core.policy.organization import Organization, Person

_ATTRIBUTES = frozenset({"department", "team", "user", "kind", "project", "use_case", "stage", "audience", "model"})
"""What is known of a request for an exception: it is no model request, so it has no task, provider or tags."""


def check_approvals(built: Built, now: datetime, problems: Problems) -> None:
    """Check what approval rules say about people; the order of their routes is checked where they are built."""
    organization = built.policies.organization
    for rule in built.policies.approval_rules:
        document = built.documents[rule.header.source]
        found = [*_attributes(rule, document), *_groups(rule, organization, document)]
        if not found:
            found = [*_quorums(rule, organization, document, now)]
        problems.extend(found)
    problems.extend(_reserved(built))
    problems.extend(_ambiguous(built))


def _attributes(rule: ApprovalRule, document: Document) -> Iterator[Problem]:
    for path, selector in (("applies_to", rule.header.applies_to), ("except", rule.header.excluded or Selector())):
        for attribute, _ in selector.terms:
            if attribute not in _ATTRIBUTES:
                message = f"a request for an exception has no `{attribute}`"
                hint = f"select by {', '.join(sorted(_ATTRIBUTES))}"
                yield document.problem("wrong-value", message, (path, attribute), hint=hint)


def _groups(rule: ApprovalRule, organization: Organization, document: Document) -> Iterator[Problem]:
    for group, path in _named(rule):
        relative = group in RELATIVE_GROUPS and path[0] != "break_glass"
        if not relative and group not in organization.groups:
            known = {*organization.groups, *RELATIVE_GROUPS}
            hint = did_you_mean(group, known) or "list the group in the Organization's `groups`"
            yield document.problem("unknown-reference", f"there is no group `{group[:60]}`", path, hint=hint)


def _named(rule: ApprovalRule) -> Iterator[tuple[str, Path]]:
    for index, route in enumerate(rule.routes):
        for number, requirement in enumerate(route.require):
            path: Path = ("routes", index, "require", number)
            yield requirement.group, (*path, "group")
            if requirement.instead:
                yield requirement.instead, (*path, "instead")
    if rule.escalate is not None:
        yield rule.escalate.to, ("escalate", "to")
    if rule.break_glass is not None:
        yield rule.break_glass.group, ("break_glass", "group")


def _reserved(built: Built) -> Iterator[Problem]:
    organization = built.policies.organization
    document = built.documents[organization.source]
    for index, group in enumerate(document.value.get("groups", ())):
        if group["name"] in RELATIVE_GROUPS:
            message = f"`{group['name']}` is the built-in group of a requester's own leads"
            hint = "give the group another name"
            yield document.problem("duplicate-name", message, ("groups", index, "name"), hint=hint)


def _quorums(rule: ApprovalRule, organization: Organization, document: Document, now: datetime) -> Iterator[Problem]:
    requesters = list(_requesters(rule, organization, now))
    for index, route in enumerate(rule.routes):
        path: Path = ("routes", index, "require")
        too_large = list(_too_large(route, organization, document, path, now))
        yield from too_large
        if route.require and not too_large:
            yield from _unreachable(route, organization, requesters, now, document, path=path)


def _too_large(
    route: Route, organization: Organization, document: Document, path: Path, now: datetime
) -> Iterator[Problem]:
    for number, requirement in enumerate(route.require):
        if requirement.group in RELATIVE_GROUPS:
            continue
        members = members_of(organization, requirement.group, Home(), now)
        if requirement.at_least > len(members) and not (not members and requirement.instead):
            message = f"{requirement.at_least} of {requirement.group} are needed, and it has {len(members)} members now"
            hint = "lower `at_least`, or add members to the group"
            yield document.problem("quorum-too-large", message, (*path, number, "at_least"), hint=hint)


def _unreachable(
    route: Route,
    organization: Organization,
    requesters: list[tuple[Person, Home]],
    now: datetime,
    document: Document,
    *,
    path: Path,
) -> Iterator[Problem]:
    """Yield the first requester without whom the quorum cannot be reached, if there is one.

    People outside all groups of the route, with the same leads, are alike: one of them is looked at.
    """
    seen: set[tuple[frozenset[str], Home]] = set()
    for person, home in requesters:
        interested = frozenset({person.user}) & _everybody(organization, route.require, home, now)
        if (interested, home) in seen:
            continue
        seen.add((interested, home))
        seats = seats_of(organization, route.require, home, excluded=frozenset({person.user}), now=now)
        if not reachable(seats):
            place = f"for {home.team or home.department}" if home.team or home.department else "for nobody's department"
            groups = " and ".join(f"{one.at_least} of {one.group}" for one in route.require)
            message = (
                f"a request of {person.user} {place} can never get the votes of {groups}: a requester does not count"
            )
            hint = "add members, lower `at_least`, or name a group in `instead`"
            yield document.problem("unreachable-quorum", message, path, hint=hint)
            return


def _everybody(
    organization: Organization, require: tuple[Requirement, ...], home: Home, now: datetime
) -> frozenset[str]:
    names = {name for one in require for name in (one.group, one.instead) if name}
    return frozenset[str]().union(*(members_of(organization, name, home, now) for name in names))


def _requesters(rule: ApprovalRule, organization: Organization, now: datetime) -> Iterator[tuple[Person, Home]]:
    """Yield everybody who may ask under a rule, with each place whose leads could be asked."""
    for person in organization.people.values():
        if not person.is_active(now):
            continue
        placement = person.placement(now)
        homes = {Home(placement.department, placement.team)}
        homes |= {
            Home(organization.teams[team].placement(now).department, team)
            for team in person.teams
            if team in organization.teams
        }
        homes |= {Home(placement.department)}
        for home in sorted(homes, key=lambda home: (home.department, home.team)):
            if _may_concern(rule, person, home):
                yield person, home


def _may_concern(rule: ApprovalRule, person: Person, home: Home) -> bool:
    """Tell whether a rule could concern a request of a person; what only the request says is taken to fit."""
    attributes = {"department": home.department, "team": home.team, "user": person.user, "kind": str(person.kind)}
    known = {key: value for key, value in attributes.items() if value}
    for key in ("project", "use_case", "stage", "audience", "model"):
        patterns = dict(rule.header.applies_to.terms).get(key)
        if patterns:
            known[key] = patterns[0].replace("*", "x")
    if "team" in dict(rule.header.applies_to.terms) and not home.team:
        return False
    return concerns(rule.header, known)


def _ambiguous(built: Built) -> Iterator[Problem]:
    for one, other in combinations(built.policies.approval_rules, 2):
        first, second = one.header, other.header
        if specificity(first.applies_to) != specificity(second.applies_to):
            continue
        if _overlap(dict(first.applies_to.terms), dict(second.applies_to.terms)):
            winner, loser = sorted((first, second), key=lambda header: header.name)
            message = (
                f"`{winner.name}` is as specific and may concern the same requests: it decides about them, by its name"
            )
            hint = "select by one more attribute in the rule that should decide"
            yield built.documents[loser.source].problem("ambiguous-approval-rule", message, ("name",), hint=hint)


def _overlap(one: dict[str, tuple[str, ...]], other: dict[str, tuple[str, ...]]) -> bool:
    """Tell whether two selectors can match the same request, as far as literals tell."""
    return all(
        any(matches(pattern, text) or matches(text, pattern) for pattern in one[key] for text in other[key])
        for key in one.keys() & other.keys()
    )
