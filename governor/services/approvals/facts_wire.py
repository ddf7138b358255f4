"""What is known about a request as JSON: the same numbers over HTTP, on the page and on the command line."""

from typing import Any

from governor.core.approvals.facts import BudgetNow, CaseFacts
from governor.core.forecasts.forecast import Forecast
from governor.core.money import usd_text
from governor.core.units import Unit
from governor.services.answers import budget_wire
from governor.services.forecast.wire import band_wire


def facts_wire(facts: CaseFacts) -> dict[str, Any]:
    """Return what whoever decides should know; instants are left to the encoder."""
    cheaper = facts.cheaper
    return {
        "as_of": facts.now,
        "budgets": [_budget(one) for one in facts.budgets],
        "granted": {
            "granted_usd": usd_text(facts.granted.granted_nano_usd),
            "asked_for_elsewhere_usd": usd_text(facts.granted.asked_nano_usd),
        },
        "acting": [
            {"id": grant.id, "amount_usd": usd_text(grant.amount_nano_usd), "until": grant.ends_at}
            for grant in facts.acting
        ],
        "requester": {
            "asked": facts.past.asked,
            "granted": facts.past.granted,
            "refused": facts.past.refused,
            "granted_usd": usd_text(facts.past.granted_nano_usd),
        },
        "if_denied": {"people": facts.people, "requests_refused": facts.refused},
        "cheaper": {"model": cheaper.model, "than": cheaper.than, "percent": cheaper.percent} if cheaper else None,
    }


def _budget(one: BudgetNow) -> dict[str, Any]:
    return {**budget_wire(one.view), "forecast": _forecast(one.forecast, one.view.budget.unit)}


def _forecast(forecast: Forecast | None, unit: Unit) -> dict[str, Any] | None:
    """Return where a budget will end, or None while there is too little history to say so."""
    if forecast is None or forecast.insufficient_data:
        return None
    return {
        **band_wire(forecast.total, unit),
        "interval_percent": forecast.interval_percent,
        "runs_out_at": forecast.runs_out_at,
        "made_at": forecast.made_at,
    }
