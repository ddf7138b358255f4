"""Prolong a grant: what it may spend afterwards is asked for and decided like any other request."""

from dataclasses import replace
from datetime import datetime

from governor.core.approvals.request import Actor, ExceptionRequest
from governor.services.approvals.create import Created, create
from governor.services.approvals.desk import Desk
from governor.services.approvals.read import read_one
from governor.services.approvals.wishes import Wish


async def extend(
    desk: Desk,
    request_id: str,
    actor: Actor,
    now: datetime,
    *,
    until_at: datetime,
    amount_nano_usd: int | None = None,
    justification: str = "",
    wish_id: str = "",
) -> Created:
    """Ask for the same for longer. The new grant begins when the present one ends, with an amount of its own.

    Args:
        desk: Where requests are kept.
        request_id: The request whose grant acts.
        actor: Who asks.
        now: The door's instant.
        until_at: When the new one should end.
        amount_nano_usd: What it may spend; None: as much as the first one may.
        justification: Why; without one, the first one's.
        wish_id: The caller's own id: sent again, it is the same request. ``""``: none.

    Raises:
        ConflictError: ``wrong_state`` if no grant acts; ``conflict`` if it is prolonged already.
        GovernorError: As ``create``.
    """
    wish = _wish(await read_one(desk, request_id), until_at, amount_nano_usd, justification)
    return await create(desk, replace(wish, request_id=wish_id), actor, now)


def _wish(request: ExceptionRequest, until_at: datetime, amount_nano_usd: int | None, justification: str) -> Wish:
    terms = request.terms
    return Wish(
        kind=request.kind,
        lifts=request.lifts,
        until_at=until_at,
        starts_at=terms.ends_at,
        scope=request.scope,
        amount_nano_usd=amount_nano_usd if amount_nano_usd is not None else terms.amount_nano_usd,
        amounts={one.policy: one.amount for one in terms.amounts},
        models=terms.models,
        input_tokens_max=terms.input_tokens_max,
        output_tokens_max=terms.output_tokens_max,
        total_tokens_max=terms.total_tokens_max,
        justification=justification or request.justification,
        outcome=request.outcome_expected,
        expected_value_nano_usd=request.expected_value_nano_usd,
        extends=request.id,
    )
