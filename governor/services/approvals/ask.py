"""Ask the requester something before deciding, and answer: words that stay with the request."""

from datetime import datetime

from governor.core.approvals import closing
from governor.core.approvals.request import Actor
from governor.services.approvals.desk import Acted, Desk
from governor.services.reasons import checked_reason


async def ask(desk: Desk, request_id: str, actor: Actor, now: datetime, *, text: str) -> Acted:
    """Ask, or answer if one has asked for it.

    Raises:
        GovernorError: As ``closing.ask``.
    """
    text = checked_reason(" ".join(text.split()))
    return await desk.act(
        request_id, lambda request, electorate: closing.ask(request, electorate, actor, text, now), now
    )
