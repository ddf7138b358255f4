"""Mark decisions whose hold has expired, for people who look at the table: nothing depends on it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from sqlalchemy import Connection

from governor.core.ledger.reservation import HOLD_FOR_S_MAX
from governor.services.jobs import Turn
from governor.store.decisions import id_floor
from governor.store.jobs import read_mark, write_mark
from governor.store.sweep import sweep

MARK = "sweep-holds"
PAGE = 500
"""Decisions looked at in one transaction: some milliseconds in which the ledger waits."""

REST_S = 0.02
"""Between transactions, so that decisions are not slowed."""


async def sweep_holds(turn: Turn, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> str:
    """Mark what has expired since the last time.

    Returns:
        What was done.
    """
    now_s = turn.now.timestamp()
    after = await turn.write(partial(read_mark, name=MARK)) or id_floor(0)
    while True:
        following = await turn.write(partial(sweep, now_s=now_s, after=after, limit=PAGE))
        if following is None:
            break
        after = following
        await pause(REST_S)
    # No hold lives longer: what is older has been looked at for the last time.
    over = id_floor(int((now_s - HOLD_FOR_S_MAX) * 1000))

    def remember(connection: Connection) -> None:
        write_mark(connection, MARK, max(over, read_mark(connection, MARK)))

    await turn.write(remember)
    return f"holds that ended before {turn.now:%Y-%m-%d %H:%M} UTC are marked"
