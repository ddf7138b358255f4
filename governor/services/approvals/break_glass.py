"""Break the glass: lift quotas at once without asking, for whom a rule lets, and be looked at afterwards."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from governor.core.approvals.groups import Home, members_of
from governor.core.approvals.opening import break_the_glass, ruling_of
from governor.core.approvals.request import Actor, ExceptionRequest
from governor.core.approvals.routes import route_for
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import ConflictError, ForbiddenError, InvalidRequestError
from governor.core.grants import GrantKind
from governor.core.money import decimal_text
from governor.core.policy.approval_rule import BreakGlass
from governor.core.wording.phrases import duration_words
from governor.services.approvals.counted import start_of
from governor.services.approvals.create import Draft, checked_draft, request_of
from governor.services.approvals.desk import Acted, Desk
from governor.services.approvals.repeated import sent_before
from governor.services.approvals.wishes import Wish
from governor.services.reasons import checked_reason
from governor.store.approval_records import lock_chain
from governor.store.approvals import count_broken_glass, reviews_missed


async def break_glass(desk: Desk, wish: Wish, actor: Actor, now: datetime) -> Acted:
    """Lift quotas at once. Somebody else reviews it; a missed review suspends the rule's break-glass.

    Args:
        desk: Where requests are kept.
        wish: Kind ``budget``; its justification is the reason, its amount is needed.
        actor: A member of the rule's group. They need not belong to the scope: whoever is on call helps others.
        now: The door's instant.

    Raises:
        ForbiddenError: If the rule does not let them, or they have done so too often.
        ConflictError: ``break_glass_suspended`` while a review is missed.
        InvalidRequestError: If it would lift anything but quotas, spend too much or last too long.
    """
    if wish.kind is not GrantKind.BUDGET:
        message = "break-glass lifts quotas only, never an allowlist, a limit or a block"
        raise InvalidRequestError(message, field="kind")
    if wish.amount_nano_usd is None:
        raise InvalidRequestError("say what it may spend in `amount_usd`", field="amount_usd")
    checked_reason(wish.justification)
    draft = await checked_draft(desk, wish, actor, now)
    right = _right(desk, draft, actor, now)
    _check_size(right, draft, now)

    def write(connection: Connection) -> Acted:
        lock_chain(connection)
        sent = sent_before(connection, draft.wish, draft.asked.scope, draft.lifts, terms=draft.terms, actor=actor)
        if sent is not None:
            return Acted(sent, ())
        since = start_of(desk.snapshots.current, right.every, now)
        _check_uses(connection, draft.rule.ref, right, actor.user, since=since, now=now)
        return desk.keep(connection, break_the_glass(_request(draft, actor, now), draft.rule, actor), now)

    return await desk.database.write(write)


def check_on_call(snapshot: Snapshot, user: str, now: datetime) -> None:
    """Refuse whoever no rule lets break the glass for anybody; which budget and for whom is looked at later.

    Raises:
        ForbiddenError: With the groups that may.
    """
    rights = [rule.break_glass for rule in snapshot.policies.approval_rules if rule.break_glass is not None]
    groups = sorted({right.group for right in rights})
    if not any(user in members_of(snapshot.organization, group, Home(), now) for group in groups):
        who = f"only members of {', '.join(groups)} break" if groups else "no rule lets anybody break"
        raise ForbiddenError(f"{who} the glass; ask for an urgent exception", needed=", ".join(groups))


def _right(desk: Desk, draft: Draft, actor: Actor, now: datetime) -> BreakGlass:
    right = draft.rule.break_glass
    if right is None:
        raise ForbiddenError(f"{draft.rule.ref} lets nobody break the glass; ask for an urgent exception")
    if actor.user not in members_of(desk.snapshots.current.organization, right.group, draft.asked.home, now):
        message = f"only members of {right.group} break the glass; ask for an urgent exception"
        raise ForbiddenError(message, needed=right.group)
    return right


def _check_size(right: BreakGlass, draft: Draft, now: datetime) -> None:
    if draft.terms.amount_nano_usd > right.up_to_nano_usd:
        message = f"breaking the glass gives at most {decimal_text(right.up_to_nano_usd)} USD; ask for less"
        raise InvalidRequestError(message, field="amount_usd")
    if draft.terms.ends_at > now + timedelta(seconds=right.for_s):
        message = f"breaking the glass lasts at most {duration_words(right.for_s)}; give an earlier end"
        raise InvalidRequestError(message, field="until", longest_s=right.for_s)


def _check_uses(
    connection: Connection, rule: str, right: BreakGlass, user: str, *, since: datetime, now: datetime
) -> None:
    missed = reviews_missed(connection, rule, now)
    if missed:
        message = f"break-glass of {rule} is suspended: the review of {missed[0].id} is overdue; have it reviewed"
        raise ConflictError(message, code="break_glass_suspended", review=missed[0].id)
    if count_broken_glass(connection, user, rule, since) >= right.uses_max:
        message = f"you have broken the glass {right.uses_max} times this {right.every}, which is as often as you may"
        raise ForbiddenError(message, limit=right.uses_max)


def _request(draft: Draft, actor: Actor, now: datetime) -> ExceptionRequest:
    """Return the request, with the route that its cost would have taken: whoever decides there reviews it."""
    asks_people = replace(draft.rule, routes=tuple(route for route in draft.rule.routes if not route.automatic))
    route = route_for(asks_people, draft.terms.amount_nano_usd, {}) or draft.rule.routes[-1]
    request = request_of(draft, ruling_of(draft.rule, route, urgent=True), 0, actor, now)
    return replace(request, break_glass=True)
