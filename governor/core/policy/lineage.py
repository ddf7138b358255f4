"""Whose balance a quota continues: names change, the lineage stays.

A quota's balance is kept under its *root*, a name that never changes once it has been given. ``formerly`` ties a new
name to an older one, in any order and however often a quota is renamed, because every name that was ever published
is remembered with its root.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from governor.core.policy.header import Header
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
    roots = roots_of([quota.header for quota in listed], remembered, version)
    return Lineage(tuple(replace(quota, root=roots[quota.header.name]) for quota in listed), roots)


def roots_of(headers: Iterable[Header], remembered: Mapping[str, str], version: str) -> dict[str, str]:
    """Return the roots of all names of some policies of a kind, old and new; see ``trace``."""
    listed = list(headers)
    taken: set[str] = set()
    roots: dict[str, str] = {}
    pasts = {header.name: _past(header, remembered) for header in listed}
    # What is renamed comes first: something new under its old name must not take its balance. Then whatever has only
    # one past: what takes over the name of a renamed one brings its own along.
    for header in sorted(
        listed, key=lambda header: (_is_first_of_its_name(header, remembered), len(pasts[header.name]))
    ):
        free = (root for root in pasts[header.name] if root not in taken)
        root = next(free, f"{header.name}@{version}")
        taken.add(root)
        roots.update(dict.fromkeys((header.name, *header.formerly), root))
    return roots


def _is_first_of_its_name(header: Header, remembered: Mapping[str, str]) -> bool:
    return not header.formerly and remembered.get(header.name, header.name) == header.name


def _past(header: Header, remembered: Mapping[str, str]) -> tuple[str, ...]:
    """Return the roots of its names that are remembered, the present one's first; else the oldest name listed."""
    name, formerly = header.name, header.formerly
    known = dict.fromkeys(remembered[each] for each in (name, *formerly) if each in remembered)
    return tuple(known) or (formerly[0] if formerly else name,)
