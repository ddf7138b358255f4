"""Requests for exceptions as rows: the document is the whole, the columns are what is searched and counted by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Select, cast, func, insert, or_, select, update

from governor.core.approvals.facts import Granted
from governor.core.approvals.request import GRANTED_STATES, ExceptionRequest, State, Step
from governor.core.decisions.ids import id_bytes
from governor.core.money import NANO_PER_USD
from governor.core.scopes import Scope
from governor.store.approval_records import append_records, canonical
from governor.store.instants import to_ms
from governor.store.tables import EXCEPTIONS

AUTOMATIC, VOTES, GLASS = "automatic", "votes", "glass"
"""Ways in which a request is decided."""

_DECODER = msgspec.json.Decoder(ExceptionRequest)
_GRANTED = tuple(sorted(str(state) for state in GRANTED_STATES))


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests are listed; ``""`` and None are any.

    Attributes:
        states: Those in one of these states, as the rows say: what time has brought about may not be noted yet.
        requester: Those that this user asked for, or joined.
        scope: Those for exactly this scope.
        department: Those of this department.
        before: Only ids below this one: where a page begins.
        waiting: Only those that wait for somebody: for a decision, or for the review of a broken glass.
        created_from: Those made at or after this instant.
        created_until: Those made before this instant.
    """

    states: tuple[State, ...] = ()
    requester: str = ""
    scope: Scope = ()
    department: str = ""
    before: bytes | None = None
    waiting: bool = False
    created_from: datetime | None = None
    created_until: datetime | None = None


def read_request(connection: Connection, request_id: bytes) -> ExceptionRequest | None:
    """Return a request, or None if there is none with this id."""
    row = connection.execute(select(EXCEPTIONS.c.document).where(EXCEPTIONS.c.id == request_id)).one_or_none()
    return _DECODER.decode(bytes(row.document)) if row is not None else None


def read_requests(connection: Connection, wanted: RequestFilter, limit: int | None = None) -> list[ExceptionRequest]:
    """Return the requests that match, the newest first."""
    columns = EXCEPTIONS.c
    query = select(columns.document).order_by(columns.id.desc()).limit(limit)
    if wanted.states:
        query = query.where(columns.state.in_([str(state) for state in wanted.states]))
    if wanted.waiting:
        query = query.where(or_(columns.state == str(State.PENDING), columns.review_due_ms.is_not(None)))
    if wanted.requester:
        query = query.where(columns.requesters.contains(f" {wanted.requester} ", autoescape=True))
    if wanted.scope:
        query = query.where(columns.scope == _scope_text(wanted.scope))
    if wanted.department:
        query = query.where(columns.department == wanted.department)
    if wanted.before is not None:
        query = query.where(columns.id < wanted.before)
    if wanted.created_from is not None:
        query = query.where(columns.created_at_ms >= to_ms(wanted.created_from))
    if wanted.created_until is not None:
        query = query.where(columns.created_at_ms < to_ms(wanted.created_until))
    return _read(connection, query)


def read_due(connection: Connection, now: datetime, limit: int) -> list[ExceptionRequest]:
    """Return requests that something has come due for, the longest overdue first."""
    columns = EXCEPTIONS.c
    query = select(columns.document).where(columns.due_at_ms <= to_ms(now)).order_by(columns.due_at_ms).limit(limit)
    return _read(connection, query)


def read_extensions(connection: Connection, request: ExceptionRequest) -> list[ExceptionRequest]:
    """Return the requests that prolong another one, or would, the newest first."""
    return [one for one in read_requests(connection, RequestFilter(scope=request.scope)) if one.extends == request.id]


def save_step(connection: Connection, step: Step) -> tuple[int, ...]:
    """Keep what became of a request, with its records; the caller holds the chain's lock.

    Returns:
        The numbers of the records.
    """
    document = canonical(step.request)
    values = request_values(document)
    columns = EXCEPTIONS.c
    changed = connection.execute(
        update(EXCEPTIONS).where(columns.id == values["id"]).values(document=document, **values)
    )
    if not changed.rowcount:
        connection.execute(insert(EXCEPTIONS).values(document=document, **values))
    return append_records(connection, values["id"], step.transitions, document, step.request.revision)


def granted_since(connection: Connection, scope: Scope, since: datetime, without: bytes = b"") -> Granted:
    """Return what a scope was granted since an instant, and asks for now, whenever it was asked.

    Args:
        connection: For reading.
        scope: Exactly whose.
        since: Asked or approved at or after.
        without: Id of a request that is left out, or nothing.
    """
    columns = EXCEPTIONS.c
    query = _sum().where(columns.scope == _scope_text(scope), columns.id != without)
    recent = or_(columns.created_at_ms >= to_ms(since), columns.approved_at_ms >= to_ms(since))
    granted = _total(connection, query.where(columns.state.in_(_GRANTED), recent))
    # What was asked for before the period began and is approved in it counts in it.
    return Granted(granted, _total(connection, query.where(columns.state == str(State.PENDING))))


def granted_automatically(connection: Connection, per: str, value: str, since: datetime) -> int:
    """Return what was approved automatically since an instant for a value of an attribute; ``""``: for everybody."""
    columns = EXCEPTIONS.c
    query = _sum().where(columns.way == AUTOMATIC, columns.approved_at_ms >= to_ms(since), columns.state.in_(_GRANTED))
    if per in {"department", "team"}:
        query = query.where(columns[per] == value)
    elif per == "user":
        query = query.where(columns.person == value)
    elif per:
        query = query.where(columns.scope == _scope_text(((per, value),)))
    return _total(connection, query)


def count_broken_glass(connection: Connection, person: str, rule: str, since: datetime) -> int:
    """Return how often a person broke the glass under a rule since an instant."""
    columns = EXCEPTIONS.c
    query = select(columns.document).where(
        columns.way == GLASS,
        columns.rule == rule,
        columns.created_at_ms >= to_ms(since),
        columns.requesters.contains(f" {person} ", autoescape=True),
    )
    # Of those for somebody, that one's name is among the requesters too, though another one broke the glass.
    return sum(request.asked_by == person for request in _read(connection, query))


def reviews_missed(connection: Connection, rule: str, now: datetime) -> list[ExceptionRequest]:
    """Return broken glasses of a rule that should have been reviewed by now, and were not."""
    columns = EXCEPTIONS.c
    query = select(columns.document).where(columns.rule == rule, columns.review_due_ms <= to_ms(now))
    return _read(connection, query.order_by(columns.id))


def request_values(document: bytes) -> Mapping[str, Any]:
    """Return the columns that a document gives, beside itself."""
    request = _DECODER.decode(document)
    review = request.review
    return {
        "id": id_bytes(request.id),
        "state": str(request.state),
        "kind": str(request.kind),
        "scope": _scope_text(request.scope),
        "department": request.home.department,
        "team": request.home.team,
        "person": request.asked_for or request.asked_by,
        "requesters": f" {' '.join(sorted(request.requesters))} ",
        "rule": request.ruling.rule,
        "way": GLASS if request.break_glass else AUTOMATIC if request.ruling.route.automatic else VOTES,
        "amount_nano_usd": request.terms.amount_nano_usd,
        "created_at_ms": to_ms(request.created_at),
        "approved_at_ms": to_ms(request.approved_at),
        "review_due_ms": to_ms(review.due_at) if review is not None and review.is_open else None,
        "due_at_ms": to_ms(request.due_at),
        "revision": request.revision,
    }


def request_revision(document: bytes) -> int:
    """Return how many records a request has."""
    return _DECODER.decode(document).revision


def _sum() -> "Select[int, int]":
    # Whole USD and the rest apart: many large amounts would not fit 64 bits together.
    amount = EXCEPTIONS.c.amount_nano_usd
    usd, nano = func.sum(amount // NANO_PER_USD), func.sum(amount % NANO_PER_USD)
    return select(cast(func.coalesce(usd, 0), BigInteger), cast(func.coalesce(nano, 0), BigInteger))


def _total(connection: Connection, query: "Select[int, int]") -> int:
    usd, nano = connection.execute(query).one()
    return int(usd) * NANO_PER_USD + int(nano)


def _read(connection: Connection, query: Select[Any]) -> list[ExceptionRequest]:
    return [_DECODER.decode(bytes(row.document)) for row in connection.execute(query)]


def _scope_text(scope: Scope) -> str:
    return " ".join(f"{key}={value}" for key, value in scope)
