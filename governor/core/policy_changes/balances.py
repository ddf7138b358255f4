"""Whether budgets go on with what was spent, when their quota is edited: what makes a budget the same budget."""

from governor.core.decisions.budget_keys import Identity, identity_fields
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
    return identity_fields(before) != identity_fields(after)


def changed_identity(before: Quota, after: Quota) -> tuple[str, ...]:
    """Return the fields by whose edit one quota makes other budgets than another."""
    return changed_fields(identity_fields(before), identity_fields(after))


def changed_fields(before: Identity, after: Identity) -> tuple[str, ...]:
    """Return the fields in which two identities differ; that tokens are counted somehow follows from the unit."""
    pairs = zip(Identity._fields, before, after, strict=True)
    changed = [name for name, was, is_now in pairs if was != is_now]
    return tuple(name for name in changed if name != "counts" or "unit" not in changed)


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
