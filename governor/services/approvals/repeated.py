"""A request that is sent again under the same id, because its answer was lost, is the same request."""

from sqlalchemy import Connection

from governor.core.approvals.request import Actor, ExceptionRequest
from governor.core.approvals.terms import Terms
from governor.core.errors import ConflictError
from governor.core.scopes import Scope
from governor.services.approvals.wishes import Wish
from governor.store.approvals import RequestFilter, read_requests

LOOKED_AT = 1_000
"""Requests of one person among which it is looked for, the newest: nobody sends one again that long afterwards."""


def sent_before(
    connection: Connection, wish: Wish, scope: Scope, lifts: tuple[str, ...], *, terms: Terms, actor: Actor
) -> ExceptionRequest | None:
    """Return the request that the actor sent under the id of a wish, or None: it has none, or is the first.

    It may have joined one that was there already. Its end plays no part: a length of time begins anew each time it is
    sent.

    Raises:
        ConflictError: If the id was used for something else.
    """
    if not wish.request_id:
        return None
    sent = (wish.request_id, actor.user)
    for request in read_requests(connection, RequestFilter(requester=actor.user), LOOKED_AT):
        asked = {(one.request_id, one.by): one.asked for one in request.sent_too}
        asked[request.request_id, request.asked_by] = request.asked
        if sent in asked:
            _check_same(request, asked[sent], wish, scope, lifts, terms=terms)
            return request
    return None


def _check_same(
    request: ExceptionRequest, asked: Terms, wish: Wish, scope: Scope, lifts: tuple[str, ...], *, terms: Terms
) -> None:
    """Refuse a wish that is another one than what was asked for under its id."""
    estimated = wish.amount_nano_usd is None
    same = (request.kind, request.scope, set(request.lifts), request.extends) == (
        wish.kind,
        scope,
        set(lifts),
        wish.extends,
    ) and _without_time(asked, estimated=estimated) == _without_time(terms, estimated=estimated)
    if not same:
        message = f"the request_id `{wish.request_id[:80]}` was used for another request; use a new one"
        raise ConflictError(message, id=request.id)


def _without_time(terms: Terms, *, estimated: bool) -> tuple[object, ...]:
    """Return what is asked for but when; an estimate moves with what is used meanwhile."""
    sizes = (terms.input_tokens_max, terms.output_tokens_max, terms.total_tokens_max)
    return (0 if estimated else terms.amount_nano_usd, terms.amounts, terms.models, sizes)
