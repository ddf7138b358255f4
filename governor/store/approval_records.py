"""The chain of records: append-only, each covered by the digest of the next, so that nobody changes one unseen.

A record's body is canonical JSON. Its digest is SHA-256 over the previous record's digest and the body. The body names
the digest of what the request (or delegation) was afterwards, so that a row edited beside the chain shows too.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection, func, insert, select, text

from governor.core.approvals.request import Act, Actor, Detail, Door, State, Transition
from governor.core.decisions.ids import id_text
from governor.store.tables import EXCEPTION_RECORDS

GENESIS = bytes(32)
"""What stands where the first record names the one before it."""

CHAIN_LOCK = 7_201_804
"""PostgreSQL advisory lock of whoever appends: acts on exceptions happen one after the other, on every worker."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a record says.

    Attributes:
        subject: UUID text of the request or delegation.
        document: Digest of what the subject was after this step, in hex.
        revision: Which step of the subject it is: the last record's is that of the row.
    """

    seq: int
    subject: str
    act: str
    at: datetime
    actor: str
    door: str
    key: str
    state: str
    details: dict[str, str | int | bool | tuple[str, ...] | None]
    document: str
    revision: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it is read: its number, its subject and what happened."""

    seq: int
    subject: str
    transition: Transition


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: its last number (0: it is empty) and digest."""

    seq: int
    digest: bytes


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(Body)


def canonical(value: object) -> bytes:
    """Encode a value so that equal values are equal bytes."""
    return _ENCODER.encode(value)


def lock_chain(connection: Connection) -> None:
    """Let no other transaction act on exceptions until this one ends; on SQLite a writer is alone anyway."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": CHAIN_LOCK})


def chain_head(connection: Connection) -> Head:
    """Return where the chain ends."""
    columns = EXCEPTION_RECORDS.c
    row = connection.execute(select(columns.seq, columns.digest).order_by(columns.seq.desc()).limit(1)).one_or_none()
    return Head(int(row.seq), bytes(row.digest)) if row is not None else Head(0, GENESIS)


def append_records(
    connection: Connection, subject_id: bytes, transitions: Sequence[Transition], document: bytes, revision: int
) -> tuple[int, ...]:
    """Append what happened to one subject; the caller holds the chain's lock.

    Args:
        connection: In a transaction that writes.
        subject_id: The request's or delegation's id.
        transitions: What happened, in order.
        document: What the subject is afterwards, as it is stored.
        revision: Its revision afterwards; each transition is one step.

    Returns:
        The numbers of the records.
    """
    head = chain_head(connection)
    after = hashlib.sha256(document).hexdigest()
    numbers = []
    for number, transition in enumerate(transitions, revision - len(transitions) + 1):
        body = canonical(_body(head.seq + 1, subject_id, transition, after, number))
        digest = hashlib.sha256(head.digest + body).digest()
        connection.execute(
            insert(EXCEPTION_RECORDS).values(
                seq=head.seq + 1,
                subject_id=subject_id,
                act=str(transition.act),
                actor=transition.actor.user,
                at_ms=int(transition.at.timestamp() * 1000),
                body=body,
                previous=head.digest,
                digest=digest,
            )
        )
        head = Head(head.seq + 1, digest)
        numbers.append(head.seq)
    return tuple(numbers)


def _body(seq: int, subject_id: bytes, transition: Transition, document: str, revision: int) -> Body:
    actor = transition.actor
    return Body(
        seq=seq,
        subject=id_text(subject_id),
        act=str(transition.act),
        at=transition.at.astimezone(UTC),
        actor=actor.user,
        door=str(actor.door),
        key=actor.key,
        state=str(transition.state),
        details=dict(transition.details),
        document=document,
        revision=revision,
    )


def read_records(
    connection: Connection, *, after_seq: int = 0, subject_id: bytes | None = None, limit: int | None = None
) -> list[Record]:
    """Return records in order, of one subject or of all: what a projection has not shown yet.

    Args:
        connection: For reading.
        after_seq: The last number that the reader knows.
        subject_id: Only those of this request.
        limit: How many at most; None: all.
    """
    columns = EXCEPTION_RECORDS.c
    query = select(columns.body).where(columns.seq > after_seq).order_by(columns.seq).limit(limit)
    if subject_id is not None:
        query = query.where(columns.subject_id == subject_id)
    return [_record(read_body(bytes(row.body))) for row in connection.execute(query)]


def read_body(body: bytes) -> Body:
    """Decode what a record says.

    Raises:
        msgspec.MsgspecError: If it was not written by us.
    """
    return _DECODER.decode(body)


def count_records(connection: Connection) -> int:
    """Return how many records there are."""
    return int(connection.execute(select(func.count()).select_from(EXCEPTION_RECORDS)).scalar_one())


def _record(read: Body) -> Record:
    details: dict[str, Detail] = dict(read.details)
    actor = Actor(read.actor, Door(read.door), read.key)
    return Record(read.seq, read.subject, Transition(Act(read.act), read.at, actor, State(read.state), details))
