"""Every storage call fails in turn: no answer without a record, no hold without an answer, and the ledger goes on."""

import asyncio
import threading
from dataclasses import replace

import pytest

from governor.core.errors import LedgerUnavailableError
from governor.core.ledger.budget import Balance
from governor.core.ledger.commands import Option, Place, Placed
from governor.core.ledger.reservation import ReservationState
from governor.core.money import AMOUNT_MAX
from governor.store.database import Database
from governor.store.ledger import SqlLedger, writer
from tests.conftest import FakeClock
from tests.ledger.factory import budget, hold, place, settle
from tests.ledger.faults import Calls, sabotage

COMPANY = budget("company")
CALLS = range(1, 24)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PAUSE_S", 0)


@pytest.mark.parametrize("number", CALLS)
async def test_a_failure_that_passes_is_not_seen(sql_ledger: SqlLedger, number: int) -> None:
    """One storage call fails, also a commit that was done: both commands count exactly once."""
    sabotage(sql_ledger, Calls(number, number))
    command = place(hold(COMPANY, 5))
    placed = await sql_ledger.submit(command)
    settled = await sql_ledger.submit(settle(command.decision_id, amount=2))
    balances = await sql_ledger.balances([COMPANY.digest])

    assert isinstance(placed, Placed)
    assert (False, "recorded", Balance(2, 0)) == (
        placed.replayed,
        getattr(settled, "status", ""),
        balances[COMPANY.digest],
    )


@pytest.mark.parametrize("number", CALLS)
async def test_a_failure_that_stays_is_told(sql_ledger: SqlLedger, number: int) -> None:
    """Every storage call fails from some call on: the rest is unavailable, and repeated is held once, not twice.

    Where the commit itself was lost, the repetition finds what it placed: giving that back meanwhile would let a
    caller go on without a hold.
    """
    calls = Calls(number, float("inf"))
    sabotage(sql_ledger, calls)
    asked = [place(hold(COMPANY, 5), request_id=name) for name in ("one", "two", "three")]
    outcomes = await asyncio.gather(*(sql_ledger.submit(one) for one in asked[:2]), return_exceptions=True)
    later = await asyncio.gather(sql_ledger.submit(asked[2]), return_exceptions=True)
    calls.last = 0
    failed = [one for one in (*outcomes, *later) if isinstance(one, LedgerUnavailableError)]
    answered = [one for one in (*outcomes, *later) if isinstance(one, Placed)]
    again = [await sql_ledger.submit(one) for one in asked]
    balances = await sql_ledger.balances([COMPANY.digest])

    assert 3 == len(answered) + len(failed)
    assert [ReservationState.HELD] * 3 == [one.state for one in again if isinstance(one, Placed)]
    assert Balance(0, 15) == balances[COMPANY.digest]


async def test_a_sum_that_the_database_refuses_fails_alone(sql_ledger: SqlLedger) -> None:
    """An hour's sum would pass 63 bits, in one batch and over several: that event fails, its neighbours do not."""
    huge = [settle(None, amount=AMOUNT_MAX, postings=[]) for _ in range(3)]
    small = [place(hold(COMPANY, 1)) for _ in range(3)]
    outcomes = await asyncio.gather(
        *(sql_ledger.submit(command) for command in (huge[0], small[0], huge[1], small[1])), return_exceptions=True
    )
    outcomes += await asyncio.gather(
        *(sql_ledger.submit(command) for command in (small[2], huge[2])), return_exceptions=True
    )

    assert [False, False, True, False, False, True] == [isinstance(one, LedgerUnavailableError) for one in outcomes]


async def test_a_lost_connection_is_replaced(sql_ledger: SqlLedger) -> None:
    """The connection is closed under the ledger; the next command does not notice."""
    await sql_ledger.submit(place(hold(COMPANY, 1)))
    assert sql_ledger._writer._session is not None
    sql_ledger._writer._session.close()
    placed = await sql_ledger.submit(place(hold(COMPANY, 1)))

    assert isinstance(placed, Placed)


async def test_past_its_deadline_a_waiting_command_is_withdrawn(sql_ledger: SqlLedger) -> None:
    """The writer is busy with another one: nothing was held for the caller who was told so."""
    gate, entered = threading.Event(), threading.Event()
    busy = asyncio.ensure_future(sql_ledger.submit(_slow(gate, entered)))
    await asyncio.to_thread(entered.wait)
    with pytest.raises(LedgerUnavailableError):
        await sql_ledger.submit(place(hold(COMPANY, 5)), deadline_s=0.01)
    gate.set()
    await busy
    await sql_ledger.submit(place(hold(COMPANY, 0)))

    assert Balance(0, 1) == (await sql_ledger.balances([COMPANY.digest]))[COMPANY.digest]


async def test_past_its_deadline_a_placed_hold_is_released(sql_ledger: SqlLedger) -> None:
    """It was being placed when the caller was told that there is no answer."""
    gate, entered = threading.Event(), threading.Event()
    late = asyncio.ensure_future(sql_ledger.submit(_slow(gate, entered), deadline_s=0.01))
    await asyncio.to_thread(entered.wait)
    with pytest.raises(LedgerUnavailableError):
        await late
    gate.set()
    await sql_ledger.close()

    assert Balance(0, 0) == (await sql_ledger.balances([COMPANY.digest]))[COMPANY.digest]


async def test_a_full_queue_refuses_at_once(database: Database, clock: FakeClock) -> None:
    """The answer would come too late anyway."""
    ledger = SqlLedger(database, clock, queue_max=1)
    await ledger.start()
    gate, entered = threading.Event(), threading.Event()
    busy = asyncio.ensure_future(ledger.submit(_slow(gate, entered)))
    await asyncio.to_thread(entered.wait)
    waiting = asyncio.ensure_future(ledger.submit(place(hold(COMPANY, 1))))
    await asyncio.sleep(0)
    with pytest.raises(LedgerUnavailableError):
        await ledger.submit(place(hold(COMPANY, 1)))
    gate.set()
    await asyncio.gather(busy, waiting)
    await ledger.close()

    assert 0 == ledger.queue_depth


async def test_closing_finishes_what_was_accepted(database: Database, clock: FakeClock) -> None:
    """Everything submitted before is answered; what comes after is refused."""
    ledger = SqlLedger(database, clock)
    await ledger.start()
    tasks = [asyncio.ensure_future(ledger.submit(place(hold(COMPANY, 1)))) for _ in range(50)]
    await asyncio.sleep(0)
    await ledger.close()
    outcomes = await asyncio.gather(*tasks)
    with pytest.raises(LedgerUnavailableError):
        await ledger.submit(place(hold(COMPANY, 1)))

    assert 50 == sum(isinstance(outcome, Placed) for outcome in outcomes)


def _slow(gate: threading.Event, entered: threading.Event) -> Place:
    def options() -> tuple[Option, ...]:
        entered.set()
        gate.wait(10)
        return (Option(placeable=True, holds=(hold(COMPANY, 1),)),)

    return replace(place(hold(COMPANY, 1)), options=options)
