"""Use cases that are named somewhere should be in the inventory, and not be retired."""

from collections.abc import Iterator

from governor.compiler.build.policy_set import Built
from governor.compiler.check.selectors import place_of, rules_with_selectors
from governor.compiler.problems import Problem, Problems, did_you_mean
from governor.compiler.source import Document, Path
from governor.core.globs import is_glob, matches
from governor.core.policy.organization import Organization, Strictness
from governor.core.policy.use_case import Stage
from governor.core.scopes import NONE_VALUE, UNKNOWN_USER

_LISTED_MAX = 12
"""Use cases that a hint lists where no name is near."""


def check_use_cases(built: Built, problems: Problems) -> None:
    """Check the use cases of service accounts and rules against the inventory.

    Without an inventory gateways say which use cases there are, unless the Organization denies unregistered ones.
    """
    organization = built.policies.organization
    if not organization.use_cases and organization.unregistered_use_case is not Strictness.DENY:
        return
    for document, name, path in _named(built):
        problem = _problem(organization, document, name, path)
        if problem is not None:
            problems.add(problem)


def _named(built: Built) -> Iterator[tuple[Document, str, Path]]:
    """Yield every use case that is named, with its place."""
    document = built.documents[built.policies.organization.source]
    for index, account in enumerate(document.value.get("service_accounts", ())):
        if "use_case" in account:
            yield document, account["use_case"], ("service_accounts", index, "use_case")
    for header, selectors in rules_with_selectors(built):
        document = built.documents[header.source]
        for path, selector in selectors:
            for pattern in dict(selector.terms).get("use_case", ()):
                yield document, pattern, place_of(document, path, "use_case", pattern)


def _problem(organization: Organization, document: Document, name: str, path: Path) -> Problem | None:
    inventory = organization.use_cases
    denied = organization.unregistered_use_case is Strictness.DENY
    if is_glob(name):
        if not denied or any(matches(name, known) for known in inventory):
            return None
        message = f"no use case matches `{name[:60]}`"
        return document.problem("matches-nobody", message, path, hint="take it out, or correct it")
    if name in organization.former_use_cases:
        present = organization.use_case_name(name)
        message = f"the use case `{name}` is called `{present}` now"
        return document.problem("unknown-reference", message, path, hint=f"write {present}")
    if name not in inventory:
        if name in {NONE_VALUE, UNKNOWN_USER}:
            return None
        # Where unregistered use is let through, a rule or an account can name one: it is only likely to be a slip.
        code = "unknown-reference" if denied else "unregistered-use-case"
        return document.problem(code, f"there is no UseCase `{name[:60]}`", path, hint=_hint(organization, name))
    if inventory[name].stage is Stage.RETIRED:
        message = f"the use case `{name}` is retired"
        hint = f"take it out, or ask its owner {inventory[name].header.owner}"
        return document.problem("retired-use-case", message, path, hint=hint)
    return None


def _hint(organization: Organization, name: str) -> str:
    known = sorted(organization.use_cases)
    listed = f"there are {', '.join(known)}" if 0 < len(known) <= _LISTED_MAX else "register it"
    return did_you_mean(name, known) or listed
