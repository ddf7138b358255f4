"""Whose balance a quota continues: names change, the lineage stays.

A quota's balance is kept under its *root*, a name that never changes once it has been given. ``formerly`` ties a new
name to an older one, in any order and however often a quota is renamed, because every name that was ever published
is remembered with its root.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from governor.core.policy.kinds import Quota


@dataclass(frozen=True, slots=True)
class Lineage:
    """Quotas with their roots, and what must be remembered of their names."""

    quotas: tuple[Quota, ...]
    roots: Mapping[str, str]


def trace(quotas: Iterable[Quota], remembered: Mapping[str, str], version: str) -> Lineage:
    """Give each quota its root.

    Args:
        quotas: Of one policy version; a name that another quota claims by ``formerly`` is not among their names.
        remembered: Every name that was ever published, with its root.
        version: Makes the root of a quota that reuses the name of one that was renamed.

    Returns:
        The quotas with their roots, and the roots of all of their names, old and new.
    """
    listed = list(quotas)
    taken: dict[str, str] = {}
    roots: dict[str, str] = {}
    # A renamed quota comes first: a new one under its old name must not take its balance.
    for quota in sorted(listed, key=lambda quota: _is_first_of_its_name(quota, remembered)):
        header = quota.header
        root = _root(header.name, header.formerly, remembered)
        if taken.get(root, header.name) != header.name:
            root = f"{header.name}@{version}"
        taken[root] = header.name
        roots.update(dict.fromkeys((header.name, *header.formerly), root))
    return Lineage(tuple(replace(quota, root=roots[quota.header.name]) for quota in listed), roots)


def _is_first_of_its_name(quota: Quota, remembered: Mapping[str, str]) -> bool:
    header = quota.header
    return not header.formerly and remembered.get(header.name, header.name) == header.name


def _root(name: str, formerly: tuple[str, ...], remembered: Mapping[str, str]) -> str:
    """Return the root of the first name that is remembered: the present one, or one that it had."""
    for known in (name, *formerly):
        if known in remembered:
            return remembered[known]
    return formerly[0] if formerly else name
