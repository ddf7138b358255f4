"""Core values to the blobs of rows and back: what a record, a counter and an entry keep beside their columns."""

import json
from hashlib import blake2b
from typing import Any

import msgspec

from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.entry import Charge, ChargedBudget, Entry, EntryKind, RollupKey, RollupPosting
from governor.core.ledger.reservation import Facts, HeldBudget, Reservation
from governor.core.scopes import Scope
from governor.core.units import Counts, Unit
from governor.core.usage import Usage
from governor.store.bodies import pack_body, unpack_body


class HoldRecord(msgspec.Struct, array_like=True, frozen=True):
    """What a decision's row keeps of one hold; enumerations as their values, so that no field names are repeated."""

    budget: bytes
    policy: str
    unit: Unit
    counts: Counts
    amount: int
    ceiling: int | None
    charge_on_expiry: bool


class DecisionRecord(msgspec.Struct, array_like=True, frozen=True):
    """What a decision's row keeps in its ``record``."""

    holds: tuple[HoldRecord, ...]
    facts: Facts


class EntryRecord(msgspec.Struct, array_like=True, frozen=True):
    """What an entry's row keeps in its ``record``."""

    root_event_id: str
    usage: Usage
    charges: tuple[Charge, ...]
    rollup: RollupKey
    rolled: tuple[RollupPosting, ...]
    unpriced: bool
    estimated: bool
    attributes: dict[str, str] = {}
    charged: tuple[ChargedBudget, ...] | None = None
    provider_usage: bytes = b""
    parts: tuple[Usage, ...] = ()


class Buckets(msgspec.Struct, array_like=True, frozen=True):
    """What a counter's row keeps in its ``buckets``: sums of holds by expiry, in Unix seconds."""

    releasing: dict[int, int]
    charging: dict[int, int]


_encoder = msgspec.msgpack.Encoder()
_decision_decoder = msgspec.msgpack.Decoder(DecisionRecord)
_entry_decoder = msgspec.msgpack.Decoder(EntryRecord)
_buckets_decoder = msgspec.msgpack.Decoder(Buckets)

NO_BUCKETS = _encoder.encode(Buckets({}, {}))
"""The buckets of a counter that holds nothing."""


def encode_decision(reservation: Reservation) -> bytes:
    """Render what a decision's row keeps in its ``record``."""
    # Tuples are written as the structs that they are read as.
    holds = [
        (held.budget, held.policy, held.unit, held.counts, held.amount, held.ceiling, held.charge_on_expiry)
        for held in reservation.holds
    ]
    return _encoder.encode((holds, reservation.facts))


def decode_decision(record: bytes) -> tuple[tuple[HeldBudget, ...], Facts]:
    """Read what a decision holds, and what settlement needs to know of it."""
    decoded = _decision_decoder.decode(record)
    return tuple([HeldBudget(*msgspec.structs.astuple(held)) for held in decoded.holds]), decoded.facts


def encode_entry(entry: Entry) -> bytes:
    """Render what an entry's row keeps in its ``record``."""
    return encode_record(
        EntryRecord(
            entry.root_event_id,
            entry.usage,
            entry.charges,
            entry.rollup,
            entry.rolled,
            entry.unpriced,
            entry.estimated,
            dict(entry.attributes),
            entry.charged,
            pack_body(entry.provider_usage) if entry.provider_usage else b"",
            entry.parts,
        )
    )


def encode_record(record: EntryRecord) -> bytes:
    """Render an entry's ``record``."""
    return _encoder.encode(record)


def decode_entry(record: bytes) -> EntryRecord:
    """Read an entry's ``record``."""
    return _entry_decoder.decode(record)


def entry_from_row(row: tuple[Any, ...]) -> Entry:
    """Read an entry from a row with all columns, in the order of the table."""
    record = decode_entry(row[14])
    return Entry(
        id=row[0],
        kind=EntryKind(row[3]),
        source=row[4],
        event_id=row[5],
        body_digest=row[6],
        root_event_id=record.root_event_id,
        decision_id=row[7],
        received_at_ms=row[8],
        occurred_at_ms=row[9],
        model=row[10],
        provider=row[11],
        usage=record.usage,
        cost_nano_usd=row[12],
        requests=row[13],
        charges=record.charges,
        rollup=record.rollup,
        rolled=record.rolled,
        unpriced=record.unpriced,
        estimated=record.estimated,
        result=row[15],
        attributes=record.attributes,
        charged=record.charged,
        provider_usage=unpack_body(record.provider_usage),
        parts=record.parts,
    )


def encode_buckets(releasing: dict[int, int], charging: dict[int, int]) -> bytes:
    """Render a counter's ``buckets``."""
    return _encoder.encode(Buckets(releasing, charging)) if releasing or charging else NO_BUCKETS


def decode_buckets(buckets: bytes) -> Buckets:
    """Read a counter's ``buckets``."""
    return _buckets_decoder.decode(buckets)


def event_key(source: str, event_id: str) -> bytes:
    """Return the 16-byte identity of a usage event."""
    return blake2b(f"{source}\x1f{event_id}".encode(), digest_size=16).digest()


def encode_scope(scope: Scope) -> str:
    """Render a scope as JSON, in the order of the quota's ``per``: equal scopes are equal texts."""
    return json.dumps(dict(scope), ensure_ascii=False, separators=(",", ":"))


def decode_scope(text: str) -> Scope:
    """Read a scope."""
    return tuple(json.loads(text).items())


def budget_row(key: BudgetKey) -> tuple[object, ...]:
    """Return the row of a new counter, in the order of the table's columns."""
    scope = dict(key.scope)
    return (
        key.digest,
        key.policy,
        encode_scope(key.scope),
        scope.get("department", ""),
        scope.get("team", ""),
        scope.get("user", ""),
        key.unit.value,
        key.period_start_s,
        key.period_end_s,
        0,
        NO_BUCKETS,
        0,
    )
