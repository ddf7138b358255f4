"""Whether a quota's budgets began anew with an edit, as far as the versions tell that decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from governor.core.decisions.budget_keys import Identity, identity_fields
from governor.core.policy.kinds import Quota
from governor.core.policy.renewal import Renewal
from governor.core.policy_changes.balances import changed_fields
from governor.core.wording.phrases import begin_words, listed


@dataclass(frozen=True, slots=True)
class Reign:
    """That the budgets of a lineage had one identity, from an instant until the next reign begins."""

    at: datetime
    identity: Identity


def reigns_begun(quotas: Iterable[Quota], reigns: Mapping[str, Sequence[Reign]], now: datetime) -> dict[str, Reign]:
    """Return the reigns that begin when a version decides.

    Args:
        quotas: Of the version, with their roots.
        reigns: Those of every lineage by its root, the oldest first.
        now: When it decides.
    """
    begun: dict[str, Reign] = {}
    for quota in quotas:
        known, identity = reigns.get(quota.root, ()), identity_fields(quota)
        if not known or known[-1].identity != identity:
            begun[quota.root] = Reign(now, identity)
    return begun


def renewed(quotas: Iterable[Quota], reigns: Mapping[str, Sequence[Reign]]) -> tuple[Quota, ...]:
    """Return quotas with what their budgets say of an edit; the last reign of each lineage is the present one."""
    found = ((quota, _renewal(quota, reigns[quota.root])) for quota in quotas)
    return tuple(quota if renewal is None else replace(quota, renewed=renewal) for quota, renewal in found)


def _renewal(quota: Quota, reigns: Sequence[Reign]) -> Renewal | None:
    if len(reigns) < 2 or quota.period is None:
        # What runs at the same time is over within a day, and nothing was used up.
        return None
    *past, present = reigns
    zone = quota.period.time_zone
    edit = f"on {begin_words(present.at, zone)}, when an edit changed {listed(_changed(past[-1], present))}"
    ours = [number for number, reign in enumerate(past) if reign.identity == present.identity]
    if quota.count_existing:
        says = "it begins with what its requests had used before"
    elif ours:
        says = f"what was used from {begin_words(past[ours[-1] + 1].at, zone)} until then does not count"
    else:
        says = "what was used before does not count"
    return Renewal(present.at.timestamp(), f"{edit}: {says}")


def _changed(before: Reign, after: Reign) -> tuple[str, ...]:
    return changed_fields(before.identity, after.identity)
