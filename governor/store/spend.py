"""Who spends what right now, from the newest entries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from governor.core.ledger.entry import EntryKind
from governor.store.decisions import id_floor
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


def read_spend(connection: Connection, since: datetime, limit: int) -> dict[Spender, int]:
    """Sum up the cost, in nano-USD, of what happened since an instant: of the newest entries, at most ``limit``.

    What is only reported now and happened long ago is nobody's present spend.
    """
    since_ms = int(since.timestamp() * 1000)
    columns: list[Any] = [ENTRIES.c.kind, ENTRIES.c.cost_nano_usd, ENTRIES.c.record]
    recent = (ENTRIES.c.id > id_floor(since_ms), ENTRIES.c.occurred_at_ms >= since_ms)
    query = select(*columns).where(*recent).order_by(ENTRIES.c.id.desc()).limit(limit)
    sums: dict[Spender, int] = {}
    for row in connection.execute(query):
        if row.kind not in _BY_HAND:
            who = _decode(row.record).rollup
            spender = Spender(who.department, who.team, who.user, who.use_case, who.model)
            sums[spender] = sums.get(spender, 0) + row.cost_nano_usd
    return sums
