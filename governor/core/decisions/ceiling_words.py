"""What made a ceiling another than the limit, in words."""

from governor.core.decisions.draws import Draw, Part
from governor.core.units import amount_words, rounded_words


def ceiling_words(draw: Draw, ceiling: int | None, carried: int) -> str:
    """Say why a ceiling is what it is; ``""`` where it is simply the limit.

    Args:
        draw: The budget.
        ceiling: How far it may go now, or None for no ceiling.
        carried: What it took over from the period before.
    """
    quota = draw.applied.quota
    match draw.part:
        case Part.SHARE if quota.max_share is not None:
            return f"{quota.max_share.percent}% of the budget is the most for one {quota.max_share.per}"
        case Part.PACE if quota.burst_percent is not None:
            return f"{quota.burst_percent / 100:g} times an even day's part of what is left"
        case Part.FUND_SHARE if quota.overage is not None:
            return f"the most that it may take from Quota/{quota.overage.fund} in a period"
    parts: list[str] = []
    if draw.applied.limit < draw.applied.whole_limit:
        parts.append(f"the first period's part of {amount_words(draw.applied.whole_limit, draw.budget.unit)}")
    rule = draw.terms.rule
    if rule is not None and rule.cap is not None and ceiling is not None and ceiling >= rule.cap:
        # A downgrade begins before what is carried counts.
        carried = 0
    if carried:
        kind = "carried over" if carried > 0 else "owed from the period before"
        parts.append(f"{rounded_words(abs(carried), draw.budget.unit)} {kind}")
    if quota.overage is not None and not quota.overage.fund and draw.part is Part.WHOLE:
        parts.append(f"{amount_words(quota.overage.up_to, draw.budget.unit)} overage")
    if quota.downgrade is not None and ceiling is not None and ceiling < draw.terms.limit and not carried:
        parts.append(f"from {quota.downgrade.from_percent}% of the limit on only other models are given")
    return ", ".join(parts)
