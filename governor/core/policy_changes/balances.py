"""Whether budgets go on with what was spent, when their quota is edited: what makes a budget the same budget."""

from dataclasses import replace

from governor.core.decisions.budget_keys import quota_identity
from governor.core.decisions.snapshot import PolicySet
from governor.core.policy.kinds import Quota


def pairs(before: PolicySet, after: PolicySet) -> tuple[dict[str, Quota], dict[str, Quota]]:
    """Return what each quota of a version was in the other: earlier ones by later name, later ones by earlier name.

    A quota continues the one of its own name, or else the first of its ``formerly`` that was there and that no quota
    of its own name continues.
    """
    earlier = {quota.header.name: quota for quota in before.quotas}
    later: dict[str, Quota] = {}
    continued: dict[str, Quota] = {}
    taken: set[str] = set()
    # A rename comes before a new quota under the old name: balances go with `formerly`.
    for quota in sorted(after.quotas, key=lambda quota: not quota.header.formerly):
        header = quota.header
        names = (*header.formerly, header.name) if header.name not in earlier else (header.name, *header.formerly)
        name = next((name for name in names if name in earlier and name not in taken), None)
        if name is not None:
            taken.add(name)
            continued[header.name] = earlier[name]
            later[name] = quota
    return continued, later


def starts_anew(before: Quota, after: Quota) -> bool:
    """Tell whether an edit makes other budgets: unit, counted tokens, ``per`` or period were changed."""
    return quota_identity(replace(before, root="x")) != quota_identity(replace(after, root="x"))


def changed_identity(before: Quota, after: Quota) -> tuple[str, ...]:
    """Return the fields whose edit makes other budgets."""
    same = {"unit": before.unit is after.unit, "per": before.per == after.per, "counts": before.counts is after.counts}
    changed = [name for name, is_same in same.items() if not is_same]
    cut = [quota.period.identity() if quota.period is not None else "" for quota in (before, after)]
    return (*changed, *(("period",) if cut[0] != cut[1] else ()))


def renamed_without_saying(before: PolicySet, after: PolicySet) -> dict[str, Quota]:
    """Return quotas that look like one that is gone, by the gone one's name: a rename that loses its balance."""
    continued, later = pairs(before, after)
    new = [quota for quota in after.quotas if quota.header.name not in continued]
    found: dict[str, Quota] = {}
    for quota in before.quotas:
        if quota.header.name in later:
            continue
        for candidate in new:
            same_budgets = not starts_anew(quota, candidate)
            if same_budgets and quota.header.applies_to == candidate.header.applies_to:
                found[quota.header.name] = candidate
                new.remove(candidate)
                break
    return found
