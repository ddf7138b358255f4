"""Who spends what right now, and how much came within five minutes before, from the entries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, delete, func, select

from governor.core.ledger.entry import EntryKind
from governor.store.decisions import id_floor
from governor.store.dialects import insert_into
from governor.store.give_way import give_way
from governor.store.tables import ENTRIES, SPEND_BURSTS


@dataclass(frozen=True, slots=True)
class Spender:
    """Who used what; ``""`` is absent."""

    department: str
    team: str
    user: str
    use_case: str
    model: str

    def name(self, level: str) -> str:
        """Return the name of one of ``LEVELS``."""
        return str(getattr(self, level))


LEVELS = ("user", "team", "department")
"""Whose spend is a series of its own, the finest first."""

STRETCH_S = 300


class _Who(msgspec.Struct):
    hour_s: int = 0
    department: str = ""
    team: str = ""
    user: str = ""
    use_case: str = ""
    model: str = ""


class _Record(msgspec.Struct, array_like=True):
    """The beginning of ``EntryRecord``; what is not needed is skipped."""

    root_event_id: msgspec.Raw
    usage: msgspec.Raw
    charges: msgspec.Raw
    rollup: _Who


_decode = msgspec.msgpack.Decoder(_Record).decode

_BY_HAND = (EntryKind.ADJUSTMENT.value, EntryKind.RERATING.value)


ENTRIES_AT_A_TIME = 5_000


def read_spend(connection: Connection, since: datetime) -> dict[Spender, int]:
    """Sum up the cost, in nano-USD, of what happened since an instant: of every entry, however many there are.

    What is only reported now and happened long ago is nobody's present spend.
    """
    since_ms = int(since.timestamp() * 1000)
    sums: dict[Spender, int] = {}
    for row in _rows(connection, id_floor(since_ms), ENTRIES.c.occurred_at_ms >= since_ms):
        spender = _spender(_decode(row.record).rollup)
        sums[spender] = sums.get(spender, 0) + row.cost_nano_usd
    return sums


Bursts = Mapping[tuple[int, str, str], int]
"""The busiest five minutes, in nano-USD, by hour (Unix seconds), level and name."""


@dataclass(frozen=True, slots=True)
class BurstsRead:
    """The bursts in the entries of an hour's length, where the next one begins, and how many entries were read."""

    bursts: Bursts
    next: bytes
    entries: int


def read_bursts(connection: Connection, first: bytes, until: bytes, loud: int) -> BurstsRead:
    """Find the busiest five minutes of everybody in the next hour in which anything was reported.

    Args:
        connection: A reading connection.
        first: Where it begins: the lowest id of full five minutes.
        until: The first id that is left out.
        loud: What is not more than this, in nano-USD, is left out.
    """
    ids = ENTRIES.c.id
    found = connection.execute(select(ids).where(ids >= first, ids < until).order_by(ids).limit(1)).scalar_one_or_none()
    if found is None:
        return BurstsRead({}, until, 0)
    begins_ms = int.from_bytes(bytes(found)[:6], "big") // (STRETCH_S * 1000) * STRETCH_S * 1000
    following = min(until, id_floor(begins_ms + 12 * STRETCH_S * 1000))
    sums: dict[tuple[int, str, str, int], int] = {}
    entries = 0
    for row in _rows(connection, first, ids < following):
        who = _decode(row.record).rollup
        for level in LEVELS:
            key = (who.hour_s, level, str(getattr(who, level)), row.occurred_at_ms // (STRETCH_S * 1000))
            sums[key] = sums.get(key, 0) + row.cost_nano_usd
        entries += 1
    bursts: dict[tuple[int, str, str], int] = {}
    for (hour_s, level, name, _), cost in sums.items():
        if name and cost > max(loud, bursts.get((hour_s, level, name), 0)):
            bursts[hour_s, level, name] = cost
    return BurstsRead(bursts, following, entries)


def keep_bursts(connection: Connection, bursts: Bursts, since_s: int) -> None:
    """Keep the busiest five minutes of hours, and forget those of hours before an instant."""
    columns = SPEND_BURSTS.c
    connection.execute(delete(SPEND_BURSTS).where(columns.hour_s < since_s))
    new = insert_into(connection, SPEND_BURSTS)
    busier = new.on_conflict_do_update(
        index_elements=["hour_s", "level", "name"],
        set_={"cost_nano_usd": new.excluded.cost_nano_usd},
        where=new.excluded.cost_nano_usd > columns.cost_nano_usd,
    )
    keys = ("hour_s", "level", "name", "cost_nano_usd")
    rows = [dict(zip(keys, (*key, cost), strict=True)) for key, cost in sorted(bursts.items()) if key[0] >= since_s]
    if rows:
        connection.execute(busier, rows)


def read_busiest(connection: Connection, hours_s: Sequence[int], level: str) -> dict[str, int]:
    """Return the busiest five minutes that each name of a level had in some hours; quiet ones are absent."""
    columns = SPEND_BURSTS.c
    busiest = func.max(columns.cost_nano_usd)
    query = select(columns.name, busiest).where(columns.hour_s.in_(hours_s), columns.level == level)
    return {str(name): int(cost) for name, cost in connection.execute(query.group_by(columns.name))}


def _rows(connection: Connection, first: bytes, wanted: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """Yield entries of use in the order of their ids, some at a time, from the first id on."""
    columns: list[Any] = [ENTRIES.c[name] for name in ("id", "kind", "occurred_at_ms", "cost_nano_usd", "record")]
    while True:
        # One lower bound and no other: of two, SQLite begins at the one that is said first.
        query = select(*columns).where(ENTRIES.c.id >= first, wanted)
        rows = connection.execute(query.order_by(ENTRIES.c.id).limit(ENTRIES_AT_A_TIME)).all()
        yield from (row for row in rows if row.kind not in _BY_HAND)
        if len(rows) < ENTRIES_AT_A_TIME:
            return
        first = bytes(rows[-1].id) + b"\0"
        give_way()


def _spender(who: _Who) -> Spender:
    return Spender(who.department, who.team, who.user, who.use_case, who.model)
