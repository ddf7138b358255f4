"""Keep what was refused by whose it was, behind the decisions: nothing on the hot path waits for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from governor.core.approvals.refusals import Refused
from governor.services.jobs import Turn
from governor.store.database import Database
from governor.store.decisions import id_floor, read_denials
from governor.store.jobs import read_mark, write_mark
from governor.store.refusals import MARK, forget_refusals, keep_refusals, refused_of

KEPT = timedelta(days=8)
"""How long a refusal is kept here: a day longer than anybody looks back. Decisions are kept elsewhere."""

SETTLED = timedelta(seconds=5)
"""How old a decision is when it is looked at: younger ones may still be committed beside each other."""

PAGE = 500


@dataclass(frozen=True, slots=True)
class _Page:
    """What was refused between two marks; ``last``: there is nothing behind it yet."""

    after: bytes
    upto: bytes
    refused: list[Refused]
    denials: int
    last: bool


async def note_refusals(turn: Turn, database: Database) -> str:
    """Note what was refused since the last time, and forget what nobody looks at any more.

    Returns:
        What was done.
    """
    noted = 0
    while True:
        page = await database.read(lambda connection: _read(connection, turn.now))
        # Read and put together beforehand: on SQLite decisions wait while this writes.
        await turn.write(partial(_keep, page=page, forget_before=turn.now - KEPT))
        noted += page.denials
        if page.last:
            break
    return f"{noted:,} refused requests noted"


def _read(connection: Connection, now: datetime) -> _Page:
    """Return what was refused behind the mark, which then moves on: no decision is looked at twice."""
    below, oldest = (_floor(now - length) for length in (SETTLED, KEPT))
    after = max(read_mark(connection, MARK), oldest)
    denials = read_denials(connection, after, below, PAGE)
    full = len(denials) == PAGE
    return _Page(after, denials[-1].id if full else max(after, below), refused_of(denials), len(denials), not full)


def _keep(connection: Connection, page: _Page, forget_before: datetime) -> None:
    if read_mark(connection, MARK) > page.after:
        # A turn that was taken for dead has done so.
        return
    keep_refusals(connection, page.refused)
    write_mark(connection, MARK, page.upto)
    if page.last:
        forget_refusals(connection, forget_before)


def _floor(at: datetime) -> bytes:
    return id_floor(int(at.timestamp() * 1000))
