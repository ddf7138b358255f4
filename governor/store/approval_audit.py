"""Whether the records and what they tell of were tampered with: every row is looked at, and every fault is told."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, select

from governor.core.decisions.ids import id_bytes, id_text
from governor.store.approval_records import GENESIS, Body, Head, read_body
from governor.store.approvals import request_revision, request_values
from governor.store.delegations import delegation_revision, delegation_values
from governor.store.tables import EXCEPTION_DELEGATIONS, EXCEPTION_RECORDS, EXCEPTIONS

ValuesOf = Callable[[bytes], Mapping[str, Any]]
RevisionOf = Callable[[bytes], int]
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not fit: where (a record's number, or a row's id), and what."""

    where: str
    what: str


@dataclass(slots=True)
class Walk:
    """What is known after walking along the chain: its head, and each subject's last document digest and revision."""

    head: Head
    documents: dict[bytes, tuple[str, int]]
    passed: dict[int, bytes]


def audit_chain(connection: Connection, expected: Head | None = None) -> tuple[Walk, list[Fault]]:
    """Look at every record and every row that they tell of.

    Args:
        connection: For reading.
        expected: A head that somebody noted earlier: it must still be part of the chain, which shows whether the
            chain was cut off or written anew as a whole. None: nobody did.

    Returns:
        Where the chain ends, and all faults.
    """
    walk = Walk(Head(0, GENESIS), {}, {})
    faults = list(_records(connection, walk, expected))
    if expected is not None and expected.seq and walk.passed.get(expected.seq) != expected.digest:
        what = "is not the one that was noted: the chain was cut or written anew"
        faults.append(Fault(f"record {expected.seq}", what))
    faults += _rows(connection, EXCEPTIONS, request_values, request_revision, walk)
    faults += _rows(connection, EXCEPTION_DELEGATIONS, delegation_values, delegation_revision, walk)
    faults += [
        Fault(f"subject {id_text(subject)}", "has records, but its row is missing")
        for subject in sorted(walk.documents)
    ]
    return walk, faults


def _records(connection: Connection, walk: Walk, expected: Head | None) -> Iterator[Fault]:
    columns = EXCEPTION_RECORDS.c
    while True:
        after = walk.head.seq
        query = select(EXCEPTION_RECORDS).where(columns.seq > after).order_by(columns.seq).limit(_PAGE)
        rows = connection.execute(query).all()
        for row in rows:
            if row.seq != walk.head.seq + 1:
                yield Fault(f"record {walk.head.seq + 1}", "is missing")
            yield from (Fault(f"record {row.seq}", what) for what in _record_faults(row, walk.head))
            walk.head = Head(int(row.seq), bytes(row.digest))
            if expected is not None and row.seq == expected.seq:
                walk.passed[expected.seq] = walk.head.digest
            body = _body(row)
            if body is not None:
                walk.documents[bytes(row.subject_id)] = (body.document, body.revision)
        if len(rows) < _PAGE:
            return


def _record_faults(row: Row[Any], head: Head) -> Iterator[str]:
    if bytes(row.previous) != head.digest:
        yield "does not follow the record before it"
    if hashlib.sha256(bytes(row.previous) + bytes(row.body)).digest() != bytes(row.digest):
        yield "was changed: its digest is not that of what it says"
    body = _body(row)
    if body is None:
        yield "cannot be read"
        return
    told = (body.seq, id_bytes(body.subject), body.act, body.actor, int(body.at.timestamp() * 1000))
    if told != (row.seq, bytes(row.subject_id), row.act, row.actor, row.at_ms):
        yield "was changed: its columns do not say what its body says"


def _body(row: Row[Any]) -> Body | None:
    try:
        return read_body(bytes(row.body))
    except msgspec.MsgspecError:
        return None


def _rows(
    connection: Connection, table: Table, values_of: ValuesOf, revision_of: RevisionOf, walk: Walk
) -> Iterator[Fault]:
    """Compare every row with the digest in its last record, and its columns with its document."""
    for row in connection.execute(select(table).order_by(table.c.id)):
        where = f"{table.name} {id_text(bytes(row.id))}"
        digest, revision = walk.documents.pop(bytes(row.id), (None, 0))
        if digest is None:
            yield Fault(where, "has no record")
        elif hashlib.sha256(bytes(row.document)).hexdigest() != digest:
            yield Fault(where, "was changed beside the records")
        try:
            values = values_of(bytes(row.document))
        except (msgspec.MsgspecError, ValueError):
            yield Fault(where, "cannot be read")
            continue
        if digest is not None and revision_of(bytes(row.document)) != revision:
            yield Fault(where, "has fewer or more records than steps")
        wrong = [name for name, value in values.items() if row._mapping[name] != value]  # noqa: SLF001 SQLAlchemy's documented name
        if wrong:
            yield Fault(where, f"was changed: {', '.join(wrong)} not as in its document")
