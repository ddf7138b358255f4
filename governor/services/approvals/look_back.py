"""Look back: was breaking the glass right, and what came of a grant."""

from datetime import datetime

from governor.core.approvals import closing
from governor.core.approvals.request import Actor
from governor.core.errors import InvalidRequestError
from governor.core.money import AMOUNT_MAX
from governor.services.approvals.desk import Acted, Desk
from governor.services.reasons import checked_reason


async def review(desk: Desk, request_id: str, actor: Actor, now: datetime, *, justified: bool, note: str) -> Acted:
    """Say whether breaking the glass was right.

    Raises:
        GovernorError: As ``closing.review``.
    """
    note = checked_reason(note)
    return await desk.act(
        request_id,
        lambda request, electorate: closing.review(request, electorate, actor, justified=justified, note=note, now=now),
        now,
    )


async def tell_outcome(
    desk: Desk,
    request_id: str,
    actor: Actor,
    now: datetime,
    *,
    count: int | None = None,
    worth_nano_usd: int | None = None,
    note: str = "",
) -> Acted:
    """Keep what came of a grant, as its requester says.

    Raises:
        GovernorError: As ``closing.tell_outcome``.
    """
    note = checked_reason(note) if note.strip() else ""
    for name, value in (("count", count), ("worth_usd", worth_nano_usd)):
        if value is not None and not 0 <= value <= AMOUNT_MAX:
            raise InvalidRequestError(f"`{name}` must not be negative", field=name)
    return await desk.act(
        request_id,
        lambda request, _: closing.tell_outcome(
            request, actor, count=count, worth_nano_usd=worth_nano_usd, note=note, now=now
        ),
        now,
    )
