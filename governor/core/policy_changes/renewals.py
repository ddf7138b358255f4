"""Whether a quota's budgets began anew with an edit, as far as the versions tell that decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from governor.core.decisions.budget_keys import Identity, identity_fields
from governor.core.decisions.draws import PART_FIELDS, Part
from governor.core.periods import period_at
from governor.core.policy.kinds import Quota
from governor.core.policy.renewal import Renewal
from governor.core.policy_changes.balances import changed_fields
from governor.core.policy_changes.parts import kept_by
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
    traced = (quota if renewal is None else replace(quota, renewed=renewal) for quota, renewal in found)
    return tuple(_with_parts(quota) if quota.past else quota for quota in traced)


def _renewal(quota: Quota, reigns: Sequence[Reign]) -> Renewal | None:
    if len(reigns) < 2 or quota.period is None:
        # What runs at the same time is over within a day, and nothing was used up.
        return None
    *past, present = reigns
    ours = [reign.identity == present.identity for reign in past]
    if not any(ours):
        return _said(quota, present.at, _changed(past[-1], present))
    begun_at = period_at(quota.period, present.at).start_at
    gaps = [gap for gap in _gaps([reign.at for reign in reigns], [*ours, True]) if gap[1] > begun_at]
    return _said(quota, present.at, _changed(past[-1], present), gaps) if gaps else None


def _gaps(began: Sequence[datetime], ours: Sequence[bool]) -> list[tuple[datetime, datetime]]:
    """Return the stretches between the first and the last of our reigns in which others stood in their place."""
    gaps: list[tuple[datetime, datetime]] = []
    since: datetime | None = None
    for at, is_ours in list(zip(began, ours, strict=True))[ours.index(True) :]:
        if is_ours and since is not None and since < at:
            gaps.append((since, at))
        since = None if is_ours else since or at
    return gaps


def _said(quota: Quota, at: datetime, fields: Sequence[str], gaps: Sequence[tuple[datetime, datetime]] = ()) -> Renewal:
    """Say of an edit what does not count.

    Args:
        quota: Whose budgets, or parts of them, began with it.
        at: When.
        fields: What was edited.
        gaps: When they had not counted in their period, where they had before; nothing: they are new.
    """
    zone = quota.period.time_zone if quota.period is not None else "UTC"
    if quota.count_existing:
        says = "it begins with what its requests had used before"
    elif gaps:
        stretches = [
            f"from {begin_words(since, zone)} until {'then' if until == at else begin_words(until, zone)}"
            for since, until in gaps
        ]
        says = f"what was used {listed(stretches)} does not count"
    else:
        says = "what was used before does not count"
    return Renewal(at.timestamp(), f"on {begin_words(at, zone)}, when an edit changed {listed(fields)}: {says}")


def _with_parts(quota: Quota) -> Quota:
    """Return a quota with what its shares and days say of the edit that made them, while its budgets went on."""
    found = ((field, _part_renewal(quota, part, field)) for part, field in PART_FIELDS.items())
    parts = tuple((field, renewal) for field, renewal in found if renewal is not None)
    return replace(quota, renewed_parts=parts) if parts else quota


def _part_renewal(quota: Quota, part: Part, field: str) -> Renewal | None:
    now = kept_by(quota, part)
    kept = [kept_by(former.quota, part) for former in quota.past]
    others = [number for number, was in enumerate(kept) if was != now]
    if not now or not others:
        return None
    ours = [number for number, was in enumerate(kept[: others[-1]]) if was == now]
    at = quota.past[others[-1]].until
    return _said(quota, at, [field], [(quota.past[ours[-1]].until, at)] if ours else ())


def _changed(before: Reign, after: Reign) -> tuple[str, ...]:
    return changed_fields(before.identity, after.identity)
