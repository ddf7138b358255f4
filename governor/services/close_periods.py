"""Close periods: book what was used by whom, write each budget's statement once, and correct it with what comes late.

Everything goes on from marks in the database and is written with them in one transaction: a turn that is cut off loses
nothing, and one that is repeated writes nothing twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from governor.services.jobs import Turn
from governor.services.late_grants import LateGrants
from governor.services.snapshots import Snapshots
from governor.services.state_periods import PeriodStater, Stated
from governor.store.budget_usage import Bookings, add_bookings, has_entries, read_bookings
from governor.store.database import Database
from governor.store.decisions import id_floor
from governor.store.jobs import read_mark, write_mark
from governor.store.statements import (
    EndedBudget,
    add_checks,
    drop_checks,
    insert_statements,
    read_checks,
    read_ended_budgets,
)

BOOKED_MARK = "booked-entries"
CLOSED_MARK = "closed-budgets"

SETTLED_FOR = timedelta(minutes=1)
"""Entries older than this are all committed: what is younger is not booked for good yet."""

CLOSED_AFTER = timedelta(seconds=2)
"""How long after a period's end it is closed: what was decided in its last instant has reached the ledger."""

BOOKED_AT_A_TIME = 250
CLOSED_AT_A_TIME = 25
TAIL_MAX = 100_000
"""Entries of the last minute that are read for one turn; were there more, the rest would come as corrections."""

REST_S = 0.005
"""Between steps, so that decisions are not slowed."""

GENTLE_REST_S = 0.025
"""Between steps while periods end right now: at midnight everybody's do, and a statement is not urgent."""

BEHIND_S = 3600
"""Periods that ended longer ago are caught up with at the quicker pace."""


class PeriodCloser:
    """Writes statements.

    Args:
        snapshots: The quotas and the Organization.
        database: Where entries, balances and statements are.
        pause: Waits some seconds between steps.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        database: Database,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._snapshots = snapshots
        self._stater = PeriodStater(snapshots)
        self._late_grants = LateGrants()
        self._database = database
        self._pause = pause

    async def close(self, turn: Turn) -> str:
        """Book, close and correct everything that there is to, in this order.

        Returns:
            What was done.
        """
        booked = await self._book(turn)
        recent = await self._database.read(_read_recent)
        stated = await self._close(turn, recent)
        corrected = await self._correct(turn, recent)
        return f"{booked:,} entries booked, {stated:,} statements written, {corrected:,} corrected"

    async def _book(self, turn: Turn) -> int:
        """Book entries for good, page by page, and note which closed budgets they concern."""
        before = id_floor(int((turn.now - SETTLED_FOR).timestamp() * 1000))
        now_s = int(turn.now.timestamp())

        def step(connection: Connection) -> int:
            bookings = read_bookings(connection, read_mark(connection, BOOKED_MARK), before, BOOKED_AT_A_TIME)
            if bookings.last is not None:
                add_bookings(connection, bookings)
                beside = self._late_grants.stated(connection, self._snapshots.current, bookings.granted)
                add_checks(connection, ((digest, now_s) for digest in {*bookings.late, *beside}))
                write_mark(connection, BOOKED_MARK, bookings.last)
            return bookings.count

        count = 0
        while await self._database.read(lambda connection: has_entries(connection, _booked(connection), before)):
            count += await turn.write(step)
            await self._pause(REST_S)
        return count

    async def _close(self, turn: Turn, recent: Bookings) -> int:
        """Write the statements of periods that have ended, in the order of their ends."""
        until_s = int((turn.now - CLOSED_AFTER).timestamp())
        count = 0
        while rows := await self._database.read(partial(_read_due, until_s=until_s)):
            state = partial(self._stater.state, rows=rows, recent=recent, now=turn.now)
            count += await turn.write(partial(_write_closed, stated=await self._database.read(state), last=rows[-1]))
            behind = until_s - rows[-1].end_s > BEHIND_S
            await self._pause(REST_S if behind else GENTLE_REST_S)
        return count

    async def _correct(self, turn: Turn, recent: Bookings) -> int:
        """Look again at what changed since it was stated: by late entries, ended holds, or the periods before."""
        now_s = int(turn.now.timestamp())
        count = 0
        # What is recent is looked at in each turn until it is booked for good, which leaves a check behind.
        late = sorted(recent.late)
        while True:
            due = await self._database.read(partial(read_checks, now_s=now_s, limit=CLOSED_AT_A_TIME))
            digests = due or late[:CLOSED_AT_A_TIME]
            if not digests:
                return count
            late = late if due else late[CLOSED_AT_A_TIME:]
            restate = partial(self._stater.restate, digests=digests, recent=recent, now=turn.now)
            stated = await self._database.read(restate)
            if due or stated.new or stated.checks:
                count += await turn.write(partial(_write_checked, stated=stated, due=due, now_s=now_s))
                await self._pause(REST_S)


def _booked(connection: Connection) -> bytes:
    return read_mark(connection, BOOKED_MARK)


def _read_recent(connection: Connection) -> Bookings:
    """Sum up what is not booked for good yet."""
    return read_bookings(connection, _booked(connection), None, TAIL_MAX)


def _read_due(connection: Connection, until_s: int) -> list[EndedBudget]:
    mark = read_mark(connection, CLOSED_MARK)
    after = (int.from_bytes(mark[:8], "big"), mark[8:])
    return read_ended_budgets(connection, after, until_s, CLOSED_AT_A_TIME)


def _write_closed(connection: Connection, stated: Stated, last: EndedBudget) -> int:
    add_checks(connection, stated.checks)
    write_mark(connection, CLOSED_MARK, last.end_s.to_bytes(8, "big") + last.digest)
    return insert_statements(connection, stated.new)


def _write_checked(connection: Connection, stated: Stated, due: Sequence[bytes], now_s: int) -> int:
    drop_checks(connection, due, now_s)
    add_checks(connection, stated.checks)
    return insert_statements(connection, stated.new)
