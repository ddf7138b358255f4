"""A request that is sent again under the same id, because its answer was lost, is the same request."""

from sqlalchemy import Connection

from governor.core.approvals.request import Act, Actor, ExceptionRequest
from governor.core.approvals.terms import Terms
from governor.core.decisions.ids import id_bytes
from governor.core.errors import ConflictError
from governor.core.scopes import Scope
from governor.services.approvals.wishes import Wish
from governor.store.approval_records import read_records
from governor.store.approvals import RequestFilter, read_requests

LOOKED_AT = 1_000
"""Requests of one person among which it is looked for, the newest: nobody sends one again that long afterwards."""


def sent_before(
    connection: Connection, wish: Wish, scope: Scope, lifts: tuple[str, ...], *, terms: Terms, actor: Actor
) -> ExceptionRequest | None:
    """Return the request that the actor sent under the id of a wish, or None: it has none, or is the first.

    Its end plays no part: a length of time begins anew each time it is sent.

    Raises:
        ConflictError: If the id was used for something else.
    """
    if not wish.request_id:
        return None
    own = read_requests(connection, RequestFilter(requester=actor.user), LOOKED_AT)
    sent = next((one for one in own if (one.asked_by, one.request_id) == (actor.user, wish.request_id)), None)
    if sent is None:
        return next((one for one in own if _was_joined(connection, one, wish, actor)), None)
    estimated = wish.amount_nano_usd is None
    same = (sent.kind, sent.scope, sent.lifts) == (wish.kind, scope, lifts) and (
        _without_time(sent.asked, estimated=estimated) == _without_time(terms, estimated=estimated)
    )
    if not same:
        message = f"the request_id `{wish.request_id[:80]}` was used for another request; use a new one"
        raise ConflictError(message, id=sent.id)
    return sent


def _was_joined(connection: Connection, request: ExceptionRequest, wish: Wish, actor: Actor) -> bool:
    """Tell whether what was sent under an id joined a request, whatever has become of that."""
    if actor.user not in request.joined:
        return False
    steps = (one.transition for one in read_records(connection, subject_id=id_bytes(request.id)))
    return any(
        (step.act, step.actor.user, step.details.get("request_id")) == (Act.JOINED, actor.user, wish.request_id)
        for step in steps
    )


def _without_time(terms: Terms, *, estimated: bool) -> tuple[object, ...]:
    """Return what is asked for but when; an estimate moves with what is used meanwhile."""
    sizes = (terms.input_tokens_max, terms.output_tokens_max, terms.total_tokens_max)
    return (0 if estimated else terms.amount_nano_usd, terms.amounts, terms.models, sizes)
