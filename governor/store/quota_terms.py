"""What the budgets of each lineage were kept by, and since when; see ``core.policy.as_of``."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec
from sqlalchemy import Connection, func, select

from governor.core.periods import PeriodDefinition
from governor.core.policy.header import Header, Source
from governor.core.policy.kinds import DatedLimit, LimitFor, MaxShare, Overage, Quota, Rollover, WhenReached
from governor.core.units import Counts, Unit
from governor.store.chains import AT_ONCE
from governor.store.dialects import insert_into
from governor.store.tables import QUOTA_ROOTS, QUOTA_TERMS

_NOWHERE = Source("", 0)


class _Terms(msgspec.Struct, omit_defaults=True):
    """What is kept of a quota: what its balances, their carry and their statements follow from."""

    name: str
    unit: Unit
    limit: int
    counts: Counts = Counts.ALL
    per: tuple[str, ...] = ()
    limits: tuple[LimitFor, ...] = ()
    schedule: tuple[DatedLimit, ...] = ()
    period: PeriodDefinition | None = None
    when_reached: WhenReached = WhenReached.DENY
    overage: Overage | None = None
    rollover: Rollover | None = None
    prorated: bool = False
    max_share: MaxShare | None = None
    burst_percent: int | None = None
    effective_from: datetime | None = None
    effective_until: datetime | None = None


_FIELDS = tuple(name for name in _Terms.__struct_fields__ if name not in {"name", "effective_from", "effective_until"})
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Terms).decode


@dataclass(frozen=True, slots=True)
class Last:
    """How many rows a lineage has, and the digest of the last one."""

    count: int
    digest: bytes


def encode_terms(quota: Quota) -> bytes:
    """Return what is kept of a quota; equal for quotas by which budgets are kept alike."""
    header = quota.header
    return _encode(
        _Terms(
            header.name,
            **{name: getattr(quota, name) for name in _FIELDS},
            effective_from=header.effective_from,
            effective_until=header.effective_until,
        )
    )


def decode_terms(record: bytes, root: str) -> Quota:
    """Return a quota as far as it was kept.

    Raises:
        msgspec.MsgspecError: If the record is damaged.
    """
    terms = _decode(record)
    header = Header(
        "Quota", terms.name, _NOWHERE, effective_from=terms.effective_from, effective_until=terms.effective_until
    )
    return Quota(header, root=root, **{name: getattr(terms, name) for name in _FIELDS})


def digest_of(record: bytes) -> bytes:
    """Return the digest by which records are compared."""
    return blake2b(record, digest_size=16).digest()


def read_last_terms(connection: Connection) -> dict[str, Last]:
    """Return what is known of every lineage by its root."""
    table = QUOTA_TERMS.c
    newest = select(table.root, func.max(table.sequence).label("sequence")).group_by(table.root).subquery()
    query = select(table.root, table.sequence, table.digest).join(
        newest, (table.root == newest.c.root) & (table.sequence == newest.c.sequence)
    )
    return {root: Last(sequence + 1, bytes(digest)) for root, sequence, digest in connection.execute(query)}


def read_terms(connection: Connection, roots: Collection[str]) -> dict[str, list[tuple[datetime, Quota]]]:
    """Return what some lineages said and since when, the oldest first."""
    table = QUOTA_TERMS.c
    wanted, found = list(roots), dict[str, list[tuple[datetime, Quota]]]()
    for start in range(0, len(wanted), AT_ONCE):
        query = select(table.root, table.at_ms, table.record).where(table.root.in_(wanted[start : start + AT_ONCE]))
        for root, at_ms, record in connection.execute(query.order_by(table.root, table.sequence)):
            at = datetime.fromtimestamp(at_ms / 1000, UTC)
            found.setdefault(root, []).append((at, decode_terms(record, root)))
    return found


def read_roots_of(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Return the roots of some names, as far as they were ever published."""
    table = QUOTA_ROOTS.c
    rows = connection.execute(select(table.name, table.root).where(table.name.in_(list(names))))
    return {row.name: row.root for row in rows}


def write_terms(connection: Connection, terms: Mapping[str, tuple[int, bytes]], now: datetime) -> None:
    """Write down what lineages say from an instant on, each with its number; of one number the first one stays."""
    rows = [
        {
            "root": root,
            "sequence": sequence,
            "at_ms": int(now.timestamp() * 1000),
            "digest": digest_of(record),
            "record": record,
        }
        for root, (sequence, record) in sorted(terms.items())
    ]
    connection.execute(insert_into(connection, QUOTA_TERMS).on_conflict_do_nothing(), rows)
