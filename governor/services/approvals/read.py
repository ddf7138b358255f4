"""Read requests: one, a page of them, what waits for somebody, and what happened to one."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from governor.core.approvals.request import ExceptionRequest, State
from governor.core.approvals.voting import Electorate
from governor.core.decisions.ids import id_bytes
from governor.core.errors import InvalidRequestError
from governor.services.approvals.desk import Desk, not_found
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.store.approval_records import Record, read_records
from governor.store.approvals import RequestFilter, read_request, read_requests


@dataclass(frozen=True, slots=True)
class RequestQuery:
    """Which requests are asked for; ``""`` is any.

    Attributes:
        state: Those in this state now.
        requester: Those that this person asked for, or joined.
        waits_for: Those that this person may decide about now and has not voted on, and broken glasses to review.
        department: Those of this department.
        cursor: Where the page begins.
        limit: Requests on a page.
    """

    state: str = ""
    requester: str = ""
    waits_for: str = ""
    department: str = ""
    cursor: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Case:
    """A request with what is known around it.

    Attributes:
        electorate: Who may vote on it now.
        records: What happened, in order.
    """

    request: ExceptionRequest
    electorate: Electorate
    records: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Some requests, newest first, and the cursor of the next page or None."""

    requests: tuple[ExceptionRequest, ...]
    next: str | None


async def read_one(desk: Desk, request_id: str) -> ExceptionRequest:
    """Return a request.

    Raises:
        NotFoundError: If there is none with this id.
    """
    return await desk.database.read(lambda connection: _one(connection, request_id))


async def read_case(desk: Desk, request_id: str, now: datetime) -> Case:
    """Return a request with who may vote on it, and everything that happened to it.

    Raises:
        NotFoundError: If there is none with this id.
    """

    def read(connection: Connection) -> Case:
        request = _one(connection, request_id)
        records = read_records(connection, subject_id=id_bytes(request.id))
        return Case(request, desk.electorate(connection, request, now), tuple(records))

    return await desk.database.read(read)


async def list_requests(desk: Desk, query: RequestQuery, now: datetime) -> RequestPage:
    """Return one page of requests, newest first. States are those of this instant, whatever a job has noted.

    Raises:
        InvalidRequestError: If the cursor is not one of this list, or there is no such state.
    """
    before = id_bytes(decode_cursor(query.cursor, 1)[0]) if query.cursor else None
    if query.cursor and before is None:
        raise wrong_cursor()
    waiting = bool(query.waits_for) and not query.state
    wanted = RequestFilter(_stored(query), query.requester, (), query.department, before, waiting=waiting)

    def read(connection: Connection) -> list[ExceptionRequest]:
        found: list[ExceptionRequest] = []
        place = wanted
        # Whoever asks for a rare state would get empty pages if each page was filtered by itself.
        while len(found) <= query.limit:
            batch = read_requests(connection, place, query.limit + 1)
            found += [one for one in batch if _matches(connection, desk, one, query, now)]
            if len(batch) <= query.limit:
                break
            place = _after(wanted, batch[-1])
        return found

    requests = await desk.database.read(read)
    following = encode_cursor(requests[query.limit - 1].id) if len(requests) > query.limit else None
    return RequestPage(tuple(requests[: query.limit]), following)


async def records_since(desk: Desk, after_seq: int, limit: int = 500) -> list[Record]:
    """Return what happened after a record: what a projection, such as the cards in Slack, has not shown yet."""
    return await desk.database.read(lambda connection: read_records(connection, after_seq=after_seq, limit=limit))


def _one(connection: Connection, request_id: str) -> ExceptionRequest:
    key = id_bytes(request_id)
    request = read_request(connection, key) if key is not None else None
    if request is None:
        raise not_found(request_id)
    return request


def _stored(query: RequestQuery) -> tuple[State, ...]:
    """Return the states that rows may have: time may have ended or expired what a row says is open."""
    if not query.state:
        return ()
    try:
        state = State(query.state)
    except ValueError:
        names = ", ".join(State)
        raise InvalidRequestError(f"`{query.state[:40]}` is not a state; write one of {names}", field="state") from None
    also = {
        State.EXPIRED: (State.PENDING,),
        State.ACTIVE: (State.APPROVED,),
        State.ENDED: (State.APPROVED, State.ACTIVE),
    }
    return (state, *also.get(state, ()))


def _matches(connection: Connection, desk: Desk, request: ExceptionRequest, query: RequestQuery, now: datetime) -> bool:
    if query.state and request.state_at(now) != query.state:
        return False
    if not query.waits_for:
        return True
    voted = any(query.waits_for in {vote.by, vote.member} for vote in request.votes)
    undecided = request.state_at(now) is State.PENDING and not voted
    unreviewed = request.review is not None and request.review.is_open
    return (undecided or unreviewed) and query.waits_for in desk.electorate(connection, request, now).people


def _after(wanted: RequestFilter, last: ExceptionRequest) -> RequestFilter:
    return replace(wanted, before=id_bytes(last.id))
