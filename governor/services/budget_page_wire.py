"""A page of budgets as JSON: ``GET /budgets`` and ``governor budgets --output json`` answer alike."""

from collections.abc import Iterable, Sequence
from typing import Any

from governor.core.decisions.decision import BudgetView
from governor.core.grants import GrantedRest
from governor.services.answers import budget_wire
from governor.services.budgets import BudgetPage
from governor.services.grant_wire import grant_wire
from governor.services.granted_rests import rest_wire


def budget_page_wire(page: BudgetPage) -> dict[str, Any]:
    """Return a page; instants are left to the encoder."""
    return {
        "budgets": budgets_wire(page.views, page.rests),
        "grants": [grant_wire(view) for view in page.grants],
        "next": page.next,
    }


def budgets_wire(views: Iterable[BudgetView], rests: Iterable[Sequence[GrantedRest]]) -> list[dict[str, Any]]:
    """Return budgets, each as in a decision, and with what grants would pay beside what is free, where one would."""
    return [
        {**budget_wire(view), **({"grants": [rest_wire(rest) for rest in paying]} if paying else {})}
        for view, paying in zip(views, rests, strict=True)
    ]
