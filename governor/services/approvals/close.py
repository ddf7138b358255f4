"""End a request or its grant: who asked takes it back, who decides revokes it."""

from datetime import datetime

from governor.core.approvals import closing
from governor.core.approvals.request import Actor
from governor.services.approvals.desk import Acted, Desk
from governor.services.reasons import checked_reason


async def cancel(desk: Desk, request_id: str, actor: Actor, now: datetime, *, reason: str = "") -> Acted:
    """Take a request back before it is decided.

    Raises:
        GovernorError: As ``closing.cancel``.
    """
    reason = checked_reason(reason) if reason.strip() else ""
    return await desk.act(request_id, lambda request, _: closing.cancel(request, actor, reason, now), now)


async def revoke(desk: Desk, request_id: str, actor: Actor, now: datetime, *, reason: str) -> Acted:
    """End a grant before its end; no worker obeys it a second later.

    Raises:
        GovernorError: As ``closing.revoke``.
    """
    reason = checked_reason(reason)
    return await desk.act(
        request_id, lambda request, electorate: closing.revoke(request, electorate, actor, reason, now), now
    )
