"""Budgets of use cases that were renamed: they go on under the root of the names, and on the terms of their time.

The names of use cases are remembered with their roots among those of quotas; see ``core.policy.lineage``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from governor.core.globs import matches_any
from governor.core.policy.header import Selector
from governor.core.policy.kinds import Former, Quota
from governor.core.policy.lineage import roots_of
from governor.core.policy.use_case import UseCase

_KIND = "UseCase/"


def use_case_ref(name: str) -> str:
    """Return how the name of a use case is remembered: a quota may have the same one."""
    return f"{_KIND}{name}"


def trace_use_cases(use_cases: Iterable[UseCase], remembered: Mapping[str, str], version: str) -> dict[str, str]:
    """Return the roots of all names of the use cases of one policy version, old and new, as they are remembered.

    Args:
        use_cases: The inventory.
        remembered: Every name that was ever published, with its root.
        version: As for ``trace``.
    """
    headers = [use_case.header for use_case in use_cases]
    roots = roots_of(headers, _of_use_cases(remembered), version)
    return {use_case_ref(name): use_case_ref(root) for name, root in roots.items()}


def former_names(use_cases: Mapping[str, UseCase], roots: Mapping[str, str]) -> dict[str, str]:
    """Return the present name of a use case by every name that it had before, also where ``formerly`` says it no more.

    Args:
        use_cases: The inventory, by name.
        roots: What is remembered of all names, theirs among them. A name that was given to another use case has the
            root of that one, also after that one is gone.
    """
    names = _of_use_cases(roots)
    present = {names[name]: name for name in use_cases}
    # What is its own root is not read, so the roots are added; one that was made of a version is nobody's name.
    names = {**{root: root for root in present if "@" not in root}, **names}
    return {name: present[root] for name, root in names.items() if root in present and name not in use_cases}


def with_use_cases(
    quotas: Iterable[Quota], roots: Mapping[str, str], former_use_cases: Mapping[str, str]
) -> tuple[Quota, ...]:
    """Return quotas that keep the budgets of a use case through its renames.

    Args:
        quotas: With what they said before.
        roots: What is remembered of all names.
        former_use_cases: The present name by every former one: what was said of that one was said of this.
    """
    kept = {name: root for name, root in _of_use_cases(roots).items() if name != root}
    return tuple(
        replace(quota, use_case_roots=kept, past=_past(quota, former_use_cases))
        if kept and _is_by_use_case(quota)
        else quota
        for quota in quotas
    )


def _is_by_use_case(quota: Quota) -> bool:
    return "use_case" in quota.per or (quota.max_share is not None and quota.max_share.per == "use_case")


def _of_use_cases(roots: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(_KIND): root.removeprefix(_KIND) for name, root in roots.items() if name.startswith(_KIND)
    }


def _past(quota: Quota, former_use_cases: Mapping[str, str]) -> tuple[Former, ...]:
    return tuple(replace(former, quota=_renamed(former.quota, former_use_cases)) for former in quota.past)


def _renamed(then: Quota, former_use_cases: Mapping[str, str]) -> Quota:
    """Return what a quota said, with the limits of renamed use cases under their present names as well."""
    limits = tuple(replace(each, selector=_also_now(each.selector, former_use_cases)) for each in then.limits)
    return replace(then, limits=limits)


def _also_now(selector: Selector, former_use_cases: Mapping[str, str]) -> Selector:
    def patterns_of(key: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
        if key != "use_case":
            return patterns
        return (*patterns, *(now for former, now in former_use_cases.items() if matches_any(patterns, former)))

    return Selector(tuple((key, patterns_of(key, patterns)) for key, patterns in selector.terms))
