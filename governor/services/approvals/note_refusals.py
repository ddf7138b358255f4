"""Read what was refused, once, behind the decisions: keep it by whose it was, and tell whoever must know at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from governor.core.approvals.refusals import Refused
from governor.core.ledger.reservation import Reservation
from governor.services.jobs import Turn
from governor.services.slack.first_denials import NEWS
from governor.services.slack.outbox import DENIAL
from governor.store.database import Database
from governor.store.decisions import id_floor, read_denials
from governor.store.jobs import read_mark, write_mark
from governor.store.refusals import MARK, forget_refusals, keep_refusals, refused_of
from governor.store.slack_messages import WantedMessage, forget_untried, want_message

KEPT = timedelta(days=8)
"""How long a refusal is kept here: a day longer than anybody looks back. Decisions are kept elsewhere."""

SETTLED = timedelta(seconds=5)
"""How old a decision is when it is looked at: younger ones may still be committed beside each other."""

PAGE = 500

Tell = Callable[[Sequence[Reservation]], Sequence[WantedMessage]]
"""Returns what somebody must be told of refused requests, the oldest first."""


@dataclass(frozen=True, slots=True)
class _Page:
    """What was refused between two marks, and what is told of it; ``last``: there is nothing behind it yet."""

    after: bytes
    upto: bytes
    refused: list[Refused]
    told: Sequence[WantedMessage]
    denials: int
    last: bool


async def note_refusals(turn: Turn, database: Database, tell: Tell) -> str:
    """Note what was refused since the last time, and forget what nobody looks at any more.

    Args:
        turn: The job's.
        database: Where decisions are.
        tell: Who must be told: the one reader of all that is refused serves whoever wants to know.

    Returns:
        What was done.
    """
    noted = 0
    while True:
        page = await database.read(lambda connection: _read(connection, turn.now, tell))
        # Read and put together beforehand: on SQLite decisions wait while this writes.
        await turn.write(partial(_keep, page=page, now=turn.now))
        noted += page.denials
        if page.last:
            break
    return f"{noted:,} refused requests noted"


def _read(connection: Connection, now: datetime, tell: Tell) -> _Page:
    """Return what was refused behind the mark, which then moves on: no decision is looked at twice."""
    below, oldest = (_floor(now - length) for length in (SETTLED, KEPT))
    after = max(read_mark(connection, MARK), oldest)
    denials = read_denials(connection, after, below, PAGE)
    full = len(denials) == PAGE
    upto = denials[-1].id if full else max(after, below)
    return _Page(after, upto, refused_of(denials), tell(denials), len(denials), last=not full)


def _keep(connection: Connection, page: _Page, now: datetime) -> None:
    if read_mark(connection, MARK) > page.after:
        # A turn that was taken for dead has done so.
        return
    keep_refusals(connection, page.refused)
    for message in page.told:
        want_message(connection, message, int(now.timestamp() * 1000))
    write_mark(connection, MARK, page.upto)
    if page.last:
        forget_refusals(connection, now - KEPT)
        forget_untried(connection, DENIAL, int((now - NEWS).timestamp() * 1000))


def _floor(at: datetime) -> bytes:
    return id_floor(int(at.timestamp() * 1000))
