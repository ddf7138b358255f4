"""Delegations as rows: who votes in whose place, and until when."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from governor.core.approvals.groups import Delegation
from governor.core.approvals.request import Transition
from governor.core.decisions.ids import id_bytes
from governor.store.approval_records import append_records, canonical
from governor.store.instants import to_ms
from governor.store.tables import EXCEPTION_DELEGATIONS

_DECODER = msgspec.json.Decoder(Delegation)


def read_delegations(connection: Connection, *, acting_at: datetime | None = None) -> list[Delegation]:
    """Return delegations, the oldest first; with an instant, those that are not over then."""
    columns = EXCEPTION_DELEGATIONS.c
    query = select(columns.document).order_by(columns.id)
    if acting_at is not None:
        query = query.where(columns.until_ms > to_ms(acting_at), columns.ended_ms.is_(None))
    return [_DECODER.decode(bytes(row.document)) for row in connection.execute(query)]


def insert_delegation(connection: Connection, delegation: Delegation, transition: Transition) -> None:
    """Keep a new delegation, on record; the caller holds the chain's lock."""
    document = canonical(delegation)
    values = delegation_values(document)
    connection.execute(insert(EXCEPTION_DELEGATIONS).values(document=document, **values))
    append_records(connection, values["id"], (transition,), document, 1)


def end_delegation(connection: Connection, delegation: Delegation, at: datetime, transition: Transition) -> Delegation:
    """Take a delegation back, on record; the caller holds the chain's lock."""
    ended = replace(delegation, ended_at=at)
    document = canonical(ended)
    values = delegation_values(document)
    columns = EXCEPTION_DELEGATIONS.c
    connection.execute(
        update(EXCEPTION_DELEGATIONS).where(columns.id == values["id"]).values(document=document, **values)
    )
    append_records(connection, values["id"], (transition,), document, 2)
    return ended


def delegation_values(document: bytes) -> Mapping[str, Any]:
    """Return the columns that a document gives, beside itself."""
    read = _DECODER.decode(document)
    return {
        "id": id_bytes(read.id),
        "member": read.member,
        "delegate": read.delegate,
        "until_ms": to_ms(read.until_at),
        "ended_ms": to_ms(read.ended_at),
    }


def delegation_revision(document: bytes) -> int:
    """Return how many records a delegation has: one when it is made, and one when it is taken back."""
    return 1 if _DECODER.decode(document).ended_at is None else 2
