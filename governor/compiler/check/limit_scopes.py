"""Whether the limits of a quota are about its budgets: a budget has one limit at a time."""

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems
from governor.core.policy.kinds import Quota

_KNOWN_OF = {
    "user": frozenset({"kind", "team", "department"}),
    "team": frozenset({"department"}),
    "use_case": frozenset({"stage", "audience"}),
}
"""What the Organization tells of a scope: a person's team and department, a team's department, a use case's stage."""


def check_limit_scopes(built: Built, problems: Problems) -> None:
    """Refuse ``limits`` by what is not the same for all requests on a budget.

    Two requests would see two limits of one budget, and ``GET /budgets`` could show neither.
    """
    for quota in built.policies.quotas:
        known = _known(quota)
        for index, limit in enumerate(quota.limits):
            for key, _ in limit.selector.terms:
                if key not in known:
                    document = built.documents[quota.header.source]
                    message = f"this quota keeps no budget for each `{key}`, so no budget has a limit by it"
                    hint = f"add `{key}` to `per`, or write a quota of its own with `applies_to`"
                    path = ("limits", index, key)
                    problems.add(document.problem("limit-outside-scope", message, path, hint=hint))


def _known(quota: Quota) -> set[str]:
    """Return the attributes that follow from a budget's scope."""
    known = set(quota.per)
    for key in quota.per:
        known |= _KNOWN_OF.get(key, frozenset())
    return known
