"""Learn from the entries what the busiest five minutes of everybody's hours were: each entry once, in order."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from governor.core.alerts.unusual import LOUD_NANO_USD
from governor.services.jobs import Turn
from governor.store.database import Database
from governor.store.decisions import id_floor
from governor.store.jobs import read_mark, write_mark
from governor.store.spend import STRETCH_S, BurstsRead, keep_bursts, read_bursts

HISTORY = timedelta(days=28)
BURSTS_MARK = "spend-bursts"

SETTLED_FOR = timedelta(minutes=1)
"""Entries younger than this are read again the next time: another worker may still be writing an older one."""

LEARNED_WITHIN = timedelta(minutes=15)

ENTRIES_A_TURN = 100_000
"""Whoever begins, or was away for long, learns the past in some turns: this one is to end before the next."""


def are_bursts_learned(connection: Connection, now: datetime) -> bool:
    """Tell whether the past is known up to now."""
    return read_mark(connection, BURSTS_MARK) >= _id_at(now, LEARNED_WITHIN)


async def learn_bursts(turn: Turn, database: Database) -> None:
    """Learn what was reported since the last turn, at first that of the last four weeks."""
    settled, until = _id_at(turn.now, SETTLED_FOR), id_floor(int(turn.now.timestamp() * 1000) + 1)
    first = max(await database.read(partial(read_mark, name=BURSTS_MARK)), _id_at(turn.now, HISTORY))
    entries = 0
    while first < until and entries < ENTRIES_A_TURN:
        found = await database.read(partial(read_bursts, first=first, until=until, loud=LOUD_NANO_USD))
        # Five minutes that are not over are read again, and are by then no less.
        mark = min(found.next, settled)
        await turn.write(partial(_keep, found=found, mark=mark, since_s=int((turn.now - HISTORY).timestamp())))
        first = found.next
        entries += found.entries


def _keep(connection: Connection, found: BurstsRead, mark: bytes, since_s: int) -> None:
    keep_bursts(connection, found.bursts, since_s)
    write_mark(connection, BURSTS_MARK, mark)


def _id_at(now: datetime, ago: timedelta) -> bytes:
    """Return the lowest id of the full five minutes that had begun some time ago."""
    at_s = int((now - ago).timestamp())
    return id_floor(at_s // STRETCH_S * STRETCH_S * 1000)
