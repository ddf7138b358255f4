"""Differences as sentences."""

from governor.core.policy_changes.change import ChangeKind, Difference, PolicyChange, Touched
from governor.core.wording.phrases import capitalised, counted

_SHORT = 120
"""Letters of two values that can be read in one line."""


def difference_words(difference: Difference, *, whole: bool = False) -> str:
    """Say what differs: ``"Marketing's monthly limit: 20,000 USD to 25,000 USD; 14 people"``.

    Args:
        difference: What differs.
        whole: Whether the whole policy is new or gone: then its title says so, for all of it.
    """
    before, after = difference.before, difference.after
    match difference.kind:
        case ChangeKind.ADDED:
            said = after if whole else f"{after} (new)"
        case ChangeKind.REMOVED:
            said = before if whole else f"no longer {before}"
        case ChangeKind.CHANGED:
            said = f"{before} to {after}"
            if len(said) > _SHORT:
                said = f"now {after}; before {before}"
    touched = touched_words(difference.touched) if not whole else ""
    return f"{capitalised(difference.subject)}: {said}" + (f"; {touched}" if touched else "")


def title_words(change: PolicyChange) -> str:
    """Name a policy that differs: ``"Quota/b (formerly Quota/a)"``, ``"Quota/c is new"``."""
    match change.kind:
        case ChangeKind.ADDED:
            return f"{change.policy} is new"
        case ChangeKind.REMOVED:
            return f"{change.policy} is gone"
        case ChangeKind.CHANGED:
            return f"{change.policy} (formerly {change.formerly})" if change.formerly else change.policy


def touched_words(touched: Touched | None) -> str:
    """Count whom a change concerns: ``"14 people"``, ``"up to 101 people and 5 service accounts"``."""
    if touched is None:
        return ""
    if not touched.people and not touched.service_accounts:
        # It may concern everybody who is not: the guests of `unknown_users`.
        return "nobody who is listed"
    parts = [counted(touched.people, "person", "people")] if touched.people else []
    if touched.service_accounts:
        parts.append(counted(touched.service_accounts, "service account"))
    return ("up to " if touched.at_most else "") + " and ".join(parts)
