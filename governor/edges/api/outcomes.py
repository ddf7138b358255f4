"""``POST /outcomes``: what came of the work, one report or a list."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from governor.core.errors import GovernorError
from governor.core.ledger.results import EventStatus
from governor.core.money import usd_text
from governor.core.outcomes import Outcome, OutcomeResult
from governor.edges.api.access import TheCaller, TheGovernor
from governor.edges.api.bodies import require_json
from governor.edges.api.event_lists import id_in, is_list, raw_items
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.wire_outcomes import OUTCOME, outcome_of

_EXAMPLE: dict[str, Any] = {
    "outcomes": [
        {
            "event_id": "ticket-4711",
            "status": "recorded",
            "reason": None,
            "worth_usd": "4.500000000",
        }
    ]
}

Report = tuple[Outcome, bytes]


class OutcomeResultWire(BaseModel):
    """How one report was taken; `worth_usd` is what its results are worth together, null if nobody said."""

    event_id: str
    status: EventStatus
    reason: str | None
    worth_usd: str | None


class OutcomesAnswer(BaseModel):
    """One result for each report, in their order."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    outcomes: list[OutcomeResultWire]


def outcomes_route(metrics: HttpMetrics) -> APIRouter:
    """Make the route; it counts reports in an application's metrics."""
    router = APIRouter(tags=["decide"])

    @router.post("/outcomes", summary="Report what came of it", response_model=OutcomesAnswer)
    async def report(request: Request, governor: TheGovernor, caller: TheCaller) -> OutcomesAnswer:
        """Record results of a use case, to set them against its cost. One that is rejected refuses no other."""
        now = governor.clock.now()
        require_json(request.scope)
        slots = _read(await request.body(), caller.name)
        reports = [slot for slot in slots if not isinstance(slot, OutcomeResult)]
        recorded = iter(await governor.outcomes.record(reports, now))
        results = [slot if isinstance(slot, OutcomeResult) else next(recorded) for slot in slots]
        for result in results:
            metrics.outcome(result.status)
        return OutcomesAnswer(outcomes=[_answer(result) for result in results])

    return router


def _read(body: bytes, client: str) -> list[Report | OutcomeResult]:
    """Return each report, or its rejection in its slot; a single bad one is an error of its own."""
    if is_list(body):
        return [_slot(item, client) for item in raw_items(body)]
    return [_report(body, client)]


def _slot(item: msgspec.Raw, client: str) -> Report | OutcomeResult:
    try:
        return _report(bytes(item), client)
    except GovernorError as error:
        return OutcomeResult(id_in(item), EventStatus.REJECTED, f"{error.code}: {error.message}")


def _report(body: bytes, client: str) -> Report:
    wire = OUTCOME.decode(body)
    # The digest is of what was said, not of how it was written: alone or in a list, it is the same report.
    return outcome_of(wire, client), msgspec.json.encode(wire, order="deterministic")


def _answer(result: OutcomeResult) -> OutcomeResultWire:
    worth = usd_text(result.worth_nano_usd) if result.worth_nano_usd is not None else None
    return OutcomeResultWire(event_id=result.event_id, status=result.status, reason=result.reason, worth_usd=worth)
