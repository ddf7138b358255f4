"""Who spends what right now, from the newest entries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from governor.core.ledger.entry import EntryKind
from governor.store.decisions import id_floor
from governor.store.give_way import give_way
from governor.store.tables import ENTRIES


@dataclass(frozen=True, slots=True)
class Spender:
    """Who used what; ``""`` is absent."""

    department: str
    team: str
    user: str
    use_case: str
    model: str


class _Who(msgspec.Struct):
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
    columns: list[Any] = [ENTRIES.c.id, ENTRIES.c.kind, ENTRIES.c.cost_nano_usd, ENTRIES.c.record]
    sums: dict[Spender, int] = {}
    after = id_floor(since_ms)
    while True:
        query = select(*columns).where(ENTRIES.c.id > after, ENTRIES.c.occurred_at_ms >= since_ms)
        rows = connection.execute(query.order_by(ENTRIES.c.id).limit(ENTRIES_AT_A_TIME)).all()
        for row in rows:
            if row.kind not in _BY_HAND:
                who = _decode(row.record).rollup
                spender = Spender(who.department, who.team, who.user, who.use_case, who.model)
                sums[spender] = sums.get(spender, 0) + row.cost_nano_usd
        if len(rows) < ENTRIES_AT_A_TIME:
            return sums
        after = rows[-1].id
        give_way()
