"""Forget what decisions, usage and alerts said once they are older than they have to be; what they cost is kept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from governor.services.jobs import Turn
from governor.store.decisions import id_floor
from governor.store.jobs import read_mark, write_mark
from governor.store.retention import Forgotten, count_before, forget_alerts, forget_decisions, forget_event_texts

T = TypeVar("T")

Forget = Callable[..., Forgotten]
"""Forgets one page: see ``forget_decisions``."""

DECISIONS_MARK = "forget-decisions"
EVENTS_MARK = "forget-events"
ALERTS_MARK = "forget-alerts"

PAGE = 500
"""Rows of one transaction: some milliseconds in which the ledger waits."""

REST_S = 0.02
"""Between transactions, so that decisions are not slowed."""


class Writes(Protocol):
    """Runs a function in a transaction: a database, or the turn of a job."""

    async def write(self, function: Callable[[Connection], T]) -> T:
        """Run it, and commit if it returns."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """What was forgotten before an instant.

    Attributes:
        removed: Decisions that cost nothing, and are gone.
        decisions: Decisions that keep what they held, without request and answer.
        events: Usage events that keep what they cost, without answer and provider's object.
        alerts: Alerts that are gone.
    """

    before: datetime
    removed: int = 0
    decisions: int = 0
    events: int = 0
    alerts: int = 0

    def __str__(self) -> str:
        gone = f"{self.removed:,} decisions that cost nothing are gone"
        texts = f"{self.decisions:,} others and {self.events:,} usage events keep what they cost, without their texts"
        return f"before {self.before:%Y-%m-%d}: {gone}; {texts}; {self.alerts:,} alerts are gone"


async def forget_old_records(turn: Turn, keep: timedelta | None) -> Kept | None:
    """Forget what is older than it has to be, as a job; nothing where everything is kept (None)."""
    return await forget_records(turn, turn.now - keep) if keep is not None else None


async def forget_records(
    store: Writes,
    before: datetime,
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    on_page: Callable[[int], None] | None = None,
) -> Kept:
    """Forget what decisions and usage before an instant said, in small transactions, going on where it stopped.

    Balances, sums and ``governor ledger verify`` are the same before and after.

    Args:
        store: Where they are.
        before: All decisions before it have ended, and usage is no longer reported for them.
        pause: Waits some seconds between transactions.
        on_page: Told after each transaction how many decisions were looked at so far.
    """
    floor = id_floor(int(before.timestamp() * 1000))
    kept = Kept(before)
    async for done in _pages(store, DECISIONS_MARK, forget_decisions, floor, pause):
        kept = replace(kept, removed=kept.removed + done.removed, decisions=kept.decisions + done.emptied)
        if on_page is not None:
            on_page(kept.removed + kept.decisions)
    async for done in _pages(store, EVENTS_MARK, forget_event_texts, floor, pause):
        kept = replace(kept, events=kept.events + done.emptied)
    async for done in _pages(store, ALERTS_MARK, forget_alerts, floor, pause):
        kept = replace(kept, alerts=kept.alerts + done.removed)
    return kept


def decisions_to_forget(connection: Connection, before: datetime) -> int:
    """Return how many decisions ``forget_records`` would look at."""
    after = read_mark(connection, DECISIONS_MARK) or id_floor(0)
    return count_before(connection, after=after, before=id_floor(int(before.timestamp() * 1000)))


async def _pages(
    store: Writes, mark: str, forget: Forget, floor: bytes, pause: Callable[[float], Awaitable[None]]
) -> AsyncIterator[Forgotten]:
    """Go on from where the last one stopped up to a floor, a transaction at a time."""
    position = await store.write(partial(read_mark, name=mark)) or id_floor(0)
    while position < floor:
        done = await store.write(partial(_page, mark=mark, forget=forget, after=position, before=floor))
        if done.last is None:
            return
        yield done
        position = done.last
        await pause(REST_S)


def _page(connection: Connection, mark: str, forget: Forget, after: bytes, before: bytes) -> Forgotten:
    """Forget one page, and remember in the same transaction how far it came."""
    done = forget(connection, after=after, before=before, limit=PAGE)
    if done.last is not None:
        write_mark(connection, mark, done.last)
    return done
