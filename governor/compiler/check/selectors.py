"""What rules select by must exist, and somebody must match them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problem, Problems, did_you_mean
from governor.compiler.source import Document, Path
from governor.core.decisions.request import Operation
from governor.core.globs import is_glob, matches
from governor.core.policy.header import Header, Selector
from governor.core.policy.organization import SERVICE_ACCOUNT_KIND, Organization, PersonKind
from governor.core.policy.use_case import Audience, Stage
from governor.core.scopes import NONE_VALUE, UNKNOWN_USER

_SUBJECT = ("department", "team", "user", "kind")
_WORDS = {
    "department": "department",
    "team": "team",
    "user": "person",
    "kind": "kind of user",
    "environment": "environment",
    "operation": "operation",
    "project": "project",
    "stage": "stage",
    "audience": "audience",
}


def check_selectors(built: Built, problems: Problems) -> None:
    """Refuse unknown names in ``applies_to``, ``except`` and ``limits``, and warn about rules that match nobody."""
    directory = Directory.of(built.policies.organization)
    for header, selectors in rules_with_selectors(built):
        for path, selector in selectors:
            unknown = list(_unknown(directory, selector))
            for attribute, pattern in unknown:
                problems.add(_refusal(built.documents[header.source], path, attribute, pattern, directory))
            if not unknown and not directory.matches_somebody(selector):
                message = f"nobody in the organisation matches `{path[0]}`"
                hint = "fields are ANDed: check that they go together"
                problems.add(built.documents[header.source].problem("matches-nobody", message, path, hint=hint))


def rules_with_selectors(built: Built) -> Iterator[tuple[Header, list[tuple[Path, Selector]]]]:
    """Yield every rule with its ``applies_to``, its ``except`` and its ``limits``, and where those stand."""
    policies = built.policies
    for allowlist in policies.allowlists:
        yield allowlist.header, _of_header(allowlist.header)
    for context_limit in policies.context_limits:
        yield context_limit.header, _of_header(context_limit.header)
    for routing in policies.routings:
        yield routing.header, _of_header(routing.header)
    for approval_rule in policies.approval_rules:
        yield approval_rule.header, _of_header(approval_rule.header)
    for forecast_rule in policies.forecast_rules:
        yield forecast_rule.header, _of_header(forecast_rule.header)
    for quota in policies.quotas:
        limits: list[tuple[Path, Selector]] = [
            (("limits", index), limit.selector) for index, limit in enumerate(quota.limits)
        ]
        yield quota.header, [*_of_header(quota.header), *limits]


def _of_header(header: Header) -> list[tuple[Path, Selector]]:
    selectors: list[tuple[Path, Selector]] = [(("applies_to",), header.applies_to)] if header.applies_to.terms else []
    if header.excluded is not None:
        selectors.append((("except",), header.excluded))
    return selectors


def _unknown(directory: "Directory", selector: Selector) -> Iterator[tuple[str, str]]:
    """Yield attribute and pattern of what no request can ever have."""
    for attribute, patterns in selector.terms:
        known = directory.values.get(attribute)
        if not known:
            # Nothing is declared for this attribute (or it is open, like tags): gateways say what there is.
            continue
        for pattern in patterns:
            if pattern not in known and not (is_glob(pattern) and directory.some(attribute, pattern)):
                yield attribute, pattern


def _refusal(document: Document, path: Path, attribute: str, pattern: str, directory: "Directory") -> Problem:
    place = place_of(document, path, attribute, pattern)
    if is_glob(pattern):
        message = f"no {_WORDS[attribute]} matches `{pattern[:60]}`"
        return document.problem("matches-nobody", message, place, hint="take it out, or correct it")
    hint = directory.hint(attribute, pattern)
    message = f"there is no {_WORDS[attribute]} `{pattern[:60]}`"
    return document.problem("unknown-reference", message, place, hint=hint)


def place_of(document: Document, path: Path, attribute: str, pattern: str) -> Path:
    """Return where a pattern of the selector at a path is written."""
    written = document.value
    for step in path:
        written = written[step]
    value = written[attribute]
    place: Path = (*path, attribute)
    if isinstance(value, list):
        index = next((number for number, item in enumerate(value) if item.lower() == pattern.lower()), 0)
        place = (*place, index)
    return place


@dataclass(slots=True)
class Directory:
    """Who and what there is, indexed by attribute and value.

    Attributes:
        values: Known values of the attributes that are closed.
        members: Numbers of people and service accounts by attribute and value.
        anybody: Numbers of subjects for whom an attribute is open: unknown users may be of any kind.
        aliases: Other names of people.
    """

    values: Mapping[str, frozenset[str]]
    members: Mapping[str, Mapping[str, set[int]]]
    anybody: Mapping[str, set[int]]
    aliases: Mapping[str, str]
    globs: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, organization: Organization) -> "Directory":
        """Index an organisation."""
        members: dict[str, defaultdict[str, set[int]]] = {name: defaultdict(set) for name in _SUBJECT}
        anybody: dict[str, set[int]] = {name: set() for name in _SUBJECT}
        for number, subject in enumerate(_subjects(organization)):
            for attribute in _SUBJECT:
                values = subject[attribute]
                if values is None:
                    anybody[attribute].add(number)
                for value in values or ():
                    members[attribute][value].add(number)
        return cls(_closed(organization), members, anybody, organization.person_ids)

    def some(self, attribute: str, pattern: str) -> frozenset[str]:
        """Return the known values that a glob matches."""
        key = (attribute, pattern)
        if key not in self.globs:
            self.globs[key] = frozenset(value for value in self.values[attribute] if matches(pattern, value))
        return self.globs[key]

    def matches_somebody(self, selector: Selector) -> bool:
        """Tell whether at least one person or service account matches the terms about who asks."""
        left: set[int] | None = None
        for attribute, patterns in selector.terms:
            if attribute not in self.members or not self.values.get(attribute):
                continue
            found = set(self.anybody[attribute])
            for pattern in patterns:
                values = self.some(attribute, pattern) if is_glob(pattern) else (pattern,)
                for value in values:
                    found |= self.members[attribute].get(value, set())
            left = found if left is None else left & found
            if not left:
                return False
        return True

    def hint(self, attribute: str, pattern: str) -> str:
        """Say what was probably meant."""
        if attribute == "user" and pattern in self.aliases:
            return f"write the user name `{self.aliases[pattern]}`"
        known = self.values[attribute]
        return did_you_mean(pattern, known) or (f"there are {', '.join(sorted(known))}" if len(known) < 12 else "")


def _closed(organization: Organization) -> dict[str, frozenset[str]]:
    departments, teams = set(organization.departments), set(organization.teams)
    if organization.unknown_users is not None:
        # Without declared departments they are open, and the unknown users' own would make them look closed.
        departments |= {organization.unknown_users.department} if departments else set()
        teams |= {organization.unknown_users.team} if teams else set()
    projects = {project for department in organization.departments.values() for project in department.projects}
    accounts = {account.project for account in organization.service_accounts.values() if account.project}
    users = set(organization.people)
    return {
        "department": _with_none(departments),
        "team": _with_none(teams),
        "user": frozenset({*users, *organization.service_accounts, UNKNOWN_USER, NONE_VALUE}) if users else frozenset(),
        "kind": frozenset((*PersonKind, SERVICE_ACCOUNT_KIND)),
        "environment": frozenset(organization.environments),
        "operation": frozenset(Operation),
        "project": _with_none(projects | accounts if projects else set()),
        "stage": _with_none(Stage),
        "audience": _with_none(Audience),
    }


def _with_none(values: Iterable[str]) -> frozenset[str]:
    found = frozenset(value for value in values if value)
    return found | {NONE_VALUE} if found else found


def _subjects(organization: Organization) -> Iterator[dict[str, set[str] | None]]:
    """Yield the attributes of everybody who can ask; None is an attribute that can be anything."""
    for person in organization.people.values():
        teams = [organization.teams[team] for team in person.teams if team in organization.teams]
        departments = {placement.department for placement in person.placements}
        departments |= {placement.department for team in teams for placement in team.placements}
        yield {
            "department": departments,
            "team": {*person.teams, *(placement.team for placement in person.placements)},
            "user": {person.user},
            "kind": {str(person.kind)},
        }
    for account in organization.service_accounts.values():
        yield {
            "department": {placement.department for placement in account.placements},
            "team": {placement.team or NONE_VALUE for placement in account.placements},
            "user": {account.name},
            "kind": {SERVICE_ACCOUNT_KIND},
        }
    if organization.unknown_users is not None:
        placed = organization.unknown_users
        yield {
            "department": {placed.department},
            "team": {placed.team or NONE_VALUE},
            "user": {UNKNOWN_USER},
            "kind": None,
        }
