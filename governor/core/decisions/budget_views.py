"""Budgets as answers and ``GET /budgets`` show them: one function, so that a deny's number is the budget's number."""

from dataclasses import replace

from governor.core.decisions.ceiling_words import ceiling_words
from governor.core.decisions.decision import BudgetView
from governor.core.decisions.draws import PART_FIELDS, Draw, Part
from governor.core.ledger.budget import EMPTY, Balance
from governor.core.ledger.ceilings import Lookup
from governor.core.policy.renewal import Renewal


def budget_view(draw: Draw, balance: Balance, ceiling: int | None, carried: int) -> BudgetView:
    """Return the view of a budget with the ceiling, and what it took over, that were worked out for it."""
    terms, renewed = draw.terms, _renewed(draw)
    is_whole = draw.applied.limit == draw.applied.whole_limit
    if terms.rule is None and terms.ceiling == terms.limit and is_whole and renewed is None:
        return BudgetView(draw.budget, terms.limit, ceiling, balance.used, balance.held)
    return BudgetView(
        draw.budget,
        shown_limit(draw, ceiling),
        ceiling,
        balance.used,
        balance.held,
        ceiling_words(draw, ceiling, carried),
        # A period that begins after the edit is whole.
        began_anew=renewed.words if renewed is not None and draw.budget.period_start_s < renewed.since_s else "",
    )


def _renewed(draw: Draw) -> Renewal | None:
    """Return the last edit that made a budget, or this part of it, begin."""
    quota = draw.applied.quota
    if not quota.renewed_parts or draw.part not in PART_FIELDS:
        return quota.renewed
    own = dict(quota.renewed_parts).get(PART_FIELDS[draw.part])
    found = [renewal for renewal in (quota.renewed, own) if renewal is not None]
    return max(found, key=lambda renewal: renewal.since_s, default=None)


def shown_limit(draw: Draw, ceiling: int | None) -> int:
    """Return the limit of a budget; a day has none but what its pace leaves it."""
    return ceiling if draw.part is Part.PACE and ceiling is not None else draw.terms.limit


def carried_now(draw: Draw, lookup: Lookup) -> int:
    """Work out what a budget takes over from the period before; a debt is below zero."""
    rule = draw.terms.rule
    return rule.carried(lookup) if rule is not None else 0


def view_now(draw: Draw, lookup: Lookup) -> BudgetView:
    """Return the view of a budget for a reader, with the ceiling and the carry that follow from balances."""
    rule, digest, carried = draw.terms.rule, draw.budget.digest, carried_now(draw, lookup)
    ceiling = draw.terms.ceiling if rule is None else rule.ceiling_with(carried, digest, lookup)
    return replace(budget_view(draw, lookup(digest) or EMPTY, ceiling, carried), carried=carried)
