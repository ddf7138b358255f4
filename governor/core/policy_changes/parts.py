"""The counters beside a quota's budgets, which an edit can make begin while the budgets go on: shares, and days."""

from governor.core.decisions.draws import PART_FIELDS, Part
from governor.core.policy.kinds import Quota


def kept_by(quota: Quota, part: Part) -> str:
    """Return what makes the counters of a part the same counters beside the budget's identity; ``""``: there are none.

    Percentages may be edited freely.
    """
    match part:
        case Part.SHARE:
            return quota.max_share.per if quota.max_share is not None else ""
        case Part.PACE:
            return "day" if quota.burst_percent is not None and quota.period is not None else ""
    return ""


def begun_parts(before: Quota, after: Quota) -> tuple[str, ...]:
    """Return the fields whose counters begin with an edit that keeps the budgets."""
    kept = ((field, kept_by(before, part), kept_by(after, part)) for part, field in PART_FIELDS.items())
    return tuple(field for field, was, is_now in kept if is_now and is_now != was)
