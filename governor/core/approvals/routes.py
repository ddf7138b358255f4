"""Which rule decides about a request, and which of its routes the cost takes."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from governor.core.globs import is_glob
from governor.core.policy.approval_rule import ApprovalRule, Route
from governor.core.policy.header import Selector
from governor.core.policy.match import concerns


def rule_for(rules: Iterable[ApprovalRule], attributes: Mapping[str, str], now: datetime) -> ApprovalRule | None:
    """Return the one rule that decides about a request, or None.

    Of several that concern it the most specific one decides: the one that selects by more attributes, then the one with
    fewer wildcards, then the first by name.
    """
    found = [rule for rule in rules if rule.header.in_force(now) and concerns(rule.header, attributes)]
    return min(found, key=lambda rule: (specificity(rule.header.applies_to), rule.header.name), default=None)


def specificity(selector: Selector) -> tuple[int, int]:
    """Return what orders selectors, the more specific first."""
    wild = sum(any(is_glob(pattern) for pattern in patterns) for _, patterns in selector.terms)
    return -len(selector.terms), wild


def route_for(rule: ApprovalRule, cost_nano_usd: int, automatic_nano_usd: Mapping[int, int]) -> Route | None:
    """Return the route that a cost takes, or None: it is beyond all of them.

    Args:
        rule: With routes in ascending order.
        cost_nano_usd: What the grant may spend, and what the same scope was granted this period.
        automatic_nano_usd: For automatic routes with a cap, by their place: what would have been approved automatically
            this period, this request included. Beyond the cap people decide: the next route does.
    """
    for index, route in enumerate(rule.routes):
        if route.up_to_nano_usd is not None and cost_nano_usd > route.up_to_nano_usd:
            continue
        if route.cap is not None and automatic_nano_usd.get(index, 0) > route.cap.amount_nano_usd:
            continue
        return route
    return None
