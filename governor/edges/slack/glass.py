"""Breaking the glass from Slack, for whoever is on call."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from governor.clients.slack_blocks import asking
from governor.clients.slack_blocks.glass import BREAKING, HOURS, glass_form
from governor.clients.slack_blocks.limits import OPTION_VALUE
from governor.core.errors import InvalidRequestError
from governor.core.grants import GrantKind
from governor.core.scopes import Scope
from governor.core.units import Unit
from governor.edges.slack.deciding import actor_of, usd, whole
from governor.edges.slack.desk import Asked
from governor.edges.slack.submitting import CLOSE, Reply, filled
from governor.edges.slack.words import one_of, scope_words
from governor.services.approvals.break_glass import break_glass, check_on_call
from governor.services.approvals.wishes import Wish

HOURS_MAX = 744


async def glass_asked(asked: Asked) -> None:
    """Show the modal to whoever is on call.

    Raises:
        ForbiddenError: To anybody else, with who is.
    """
    snapshot = asked.desk.snapshot
    check_on_call(snapshot, asked.person.user, asked.now)
    await asked.show(glass_form(_quotas(asked)))


async def breaking(asked: Asked) -> Reply:
    """Lift the budget; who has no answer sends the very same modal again, which is the same request."""
    desk = asked.desk
    wish = _wish(asked, filled(asked))
    acted = await break_glass(desk.approvals, wish, actor_of(asked), asked.now)
    await desk.shown(acted.request.id, asked.now)
    return CLOSE


def _wish(asked: Asked, held: Mapping[str, Any]) -> Wish:
    hours = whole(held.get(HOURS), HOURS)
    if not hours or hours > HOURS_MAX:
        raise InvalidRequestError("say for how many hours, like 1", field=HOURS)
    quota = one_of(str(held.get(asking.QUOTA, "")), _quotas(asked), kind="Quota/", field=asking.QUOTA)
    known = asked.desk.snapshot.quota(quota.removeprefix("Quota/"))
    units = whole(held.get(asking.UNITS), asking.UNITS)
    return Wish(
        kind=GrantKind.BUDGET,
        lifts=(quota,),
        until_at=asked.now + timedelta(hours=hours),
        scope=_scope(asked, str(held.get(asking.WHOM, ""))),
        amount_nano_usd=usd(held.get(asking.AMOUNT), asking.AMOUNT),
        amounts={quota: units} if units is not None and known is not None and known.unit is not Unit.USD else {},
        justification=" ".join(str(held.get(asking.JUSTIFICATION, "")).split()),
        request_id=f"slack {asked.body['view']['id']}",
    )


def _quotas(asked: Asked) -> list[str]:
    """Return the budgets that may be lifted: all of them, because whoever is on call helps others."""
    headers = [quota.header for quota in asked.desk.snapshot.policies.quotas]
    allowed = (one.ref for one in headers if one.exceptions_allowed and one.in_force(asked.now))
    return sorted(ref for ref in allowed if len(ref) <= OPTION_VALUE)


def _scope(asked: Asked, text: str) -> Scope:
    return scope_words(text, lambda slack_id: asked.desk.person(slack_id, asked.now))


SUBMISSIONS = {BREAKING: breaking}
"""What sending the modal does."""
