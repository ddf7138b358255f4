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
    taken: set[str] = set()
    roots: dict[str, str] = {}
    pasts = {quota.header.name: _past(quota, remembered) for quota in listed}
    # A renamed quota comes first: a new one under its old name must not take its balance. Then whoever has only one
    # past: a quota that takes over the name of a renamed one brings its own along.
    for quota in sorted(
        listed,
        key=lambda quota: (_is_first_of_its_name(quota, remembered), len(pasts[quota.header.name])),
    ):
        header = quota.header
        free = (root for root in pasts[header.name] if root not in taken)
        root = next(free, f"{header.name}@{version}")
        taken.add(root)
        roots.update(dict.fromkeys((header.name, *header.formerly), root))
    return Lineage(tuple(replace(quota, root=roots[quota.header.name]) for quota in listed), roots)


def _is_first_of_its_name(quota: Quota, remembered: Mapping[str, str]) -> bool:
    header = quota.header
    return not header.formerly and remembered.get(header.name, header.name) == header.name


def _past(quota: Quota, remembered: Mapping[str, str]) -> tuple[str, ...]:
    """Return the roots of its names that are remembered, the present one's first; else the oldest name listed."""
    name, formerly = quota.header.name, quota.header.formerly
    known = dict.fromkeys(remembered[each] for each in (name, *formerly) if each in remembered)
    return tuple(known) or (formerly[0] if formerly else name,)
