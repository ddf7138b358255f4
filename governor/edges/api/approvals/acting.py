"""Everything that is done to one request: a table, a row for each act, and one way in which they are done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic

from fastapi import APIRouter

from governor.edges.api.approvals.answers import ExceptionAnswer
from governor.edges.api.approvals.office import ExceptionId, TheOffice
from governor.edges.api.approvals.wire import (
    APPROVE,
    CAME_OF_IT,
    MAYBE_REASON,
    NOTHING,
    QUESTION,
    REASON,
    REVIEW,
)
from governor.edges.api.decoding import BodyDecoder, T
from governor.services.approvals.ask import ask
from governor.services.approvals.close import cancel, revoke
from governor.services.approvals.desk import Acted, OnRequest
from governor.services.approvals.look_back import review, tell_outcome
from governor.services.approvals.vote import approve, deny, withdraw

acting_routes = APIRouter(tags=["exceptions"])


@dataclass(frozen=True, slots=True)
class ActRoute(Generic[T]):
    """One act.

    Attributes:
        verb: The last part of the path, below the request's.
        title: Of the route in the document.
        says: What it does, in the document.
        body: What is sent.
        act: Does it.
    """

    verb: str
    title: str
    says: str
    body: BodyDecoder[T]
    act: Callable[[OnRequest, T], Awaitable[Acted]]


ACTS: tuple[ActRoute[Any], ...] = (
    ActRoute(
        "approve",
        "Approve",
        "Vote for a request, as it stands or for less or shorter, which resets the votes before.",
        APPROVE,
        lambda on, body: approve(*on, reason=body.reason, instead=body.to_core()),
    ),
    ActRoute(
        "deny",
        "Deny",
        "Vote against a request, with a reason that its requester reads.",
        REASON,
        lambda on, body: deny(*on, reason=body.reason),
    ),
    ActRoute(
        "withdraw",
        "Take a vote back",
        "Take one's vote back, as long as the request is not decided.",
        NOTHING,
        lambda on, _: withdraw(*on),
    ),
    ActRoute(
        "cancel",
        "Cancel",
        "Take one's request back before it is decided.",
        MAYBE_REASON,
        lambda on, body: cancel(*on, reason=body.reason),
    ),
    ActRoute(
        "revoke",
        "End a grant",
        "End a grant before its end, on every worker within a second.",
        REASON,
        lambda on, body: revoke(*on, reason=body.reason),
    ),
    ActRoute(
        "ask",
        "Ask or answer",
        "Ask the requester something before deciding; from the requester it is the answer.",
        QUESTION,
        lambda on, body: ask(*on, text=body.text),
    ),
    ActRoute(
        "review",
        "Review",
        "Say whether breaking the glass was right.",
        REVIEW,
        lambda on, body: review(*on, justified=body.justified, note=body.note),
    ),
    ActRoute(
        "outcome",
        "What came of it",
        "Say what came of a grant: results, and what they are worth.",
        CAME_OF_IT,
        lambda on, body: tell_outcome(*on, count=body.count, worth_nano_usd=body.worth(), note=body.note),
    ),
)


def _endpoint(route: ActRoute[T]) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def endpoint(exception_id: ExceptionId, office: TheOffice) -> dict[str, Any]:
        body = await office.body(route.body)
        return await office.done(await route.act(OnRequest(office.desk, exception_id, office.actor, office.now), body))

    endpoint.__name__ = route.verb
    return endpoint


for row in ACTS:
    acting_routes.post(
        f"/exceptions/{{exception_id}}/{row.verb}",
        summary=row.title,
        description=row.says,
        response_model=ExceptionAnswer,
    )(_endpoint(row))
