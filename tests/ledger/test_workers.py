"""Two workers on one database: whatever races, every event counts once and every hold is given back once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from governor.core.ledger.budget import Balance
from governor.core.ledger.ceilings import Carry, CeilingRule, Predecessor
from governor.core.ledger.commands import Placed
from governor.core.ledger.reservation import ReservationState
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from governor.store.verify import verify
from tests.conftest import FakeClock
from tests.ledger.factory import budget, extend, hold, place, release, settle

COMPANY = budget("company")
BEFORE = budget("company", month="before")
ROUNDS = 25

Workers = tuple[SqlLedger, SqlLedger]


@pytest.fixture
async def workers(database: Database, clock: FakeClock) -> AsyncIterator[Workers]:
    """Give two ledgers on one database."""
    both = (SqlLedger(database, clock), SqlLedger(database, clock))
    for worker in both:
        await worker.start()
    yield both
    for worker in both:
        await worker.close()
    differences = await database.read(lambda connection: list(verify(connection, clock())))

    assert [] == differences


async def placed_by(worker: SqlLedger, *, hold_for_s: int = 600) -> bytes:
    """Place a hold of 5 and return the decision's id."""
    outcome = await worker.submit(place(hold(COMPANY, 5, None), hold_for_s=hold_for_s))
    assert isinstance(outcome, Placed)
    return outcome.reservation.id


async def used(worker: SqlLedger) -> Balance:
    """Return the company's balance."""
    return (await worker.balances([COMPANY.digest]))[COMPANY.digest]


async def test_a_period_that_another_worker_charges_is_carried_from_then_on(workers: Workers) -> None:
    """Nobody had drawn on the month before; then it is overspent by 5, late, and that is taken off at once."""
    carry = Carry((Predecessor(BEFORE.digest, 10, 10, overspend=True),))
    plain = hold(COMPANY, 1, 10)
    carrying = replace(plain, terms=replace(plain.terms, rule=CeilingRule(COMPANY.digest, 10, carry)))
    first = [await workers[0].submit(place(carrying)) for _ in range(5)]
    await workers[1].submit(place(hold(BEFORE, 15, None)))
    after = await workers[0].submit(place(carrying))

    assert ["held"] * 5 + ["denied"] == [getattr(outcome, "state", None) for outcome in (*first, after)]


async def test_the_same_request_at_two_workers_is_placed_once(workers: Workers) -> None:
    """One places, the other replays."""
    for number in range(ROUNDS):
        outcomes = await asyncio.gather(
            *(worker.submit(place(hold(COMPANY, 1, None), request_id=f"r{number}")) for worker in workers)
        )
        assert [False, True] == sorted(isinstance(one, Placed) and one.replayed for one in outcomes)

    assert Balance(0, ROUNDS) == await used(workers[0])


@pytest.mark.parametrize("off_s", [-2, -1, 0, 1])
async def test_the_same_request_around_midnight_is_placed_once(
    database: Database, clock: FakeClock, off_s: int
) -> None:
    """Two workers whose clocks disagree about the day."""
    midnight_s = (clock.now_s // 86_400 + 1) * 86_400
    both = tuple(SqlLedger(database, FakeClock(midnight_s + off)) for off in (off_s, off_s + 1.5))
    for worker in both:
        await worker.start()
    replays = 0
    for number in range(ROUNDS):
        outcomes = await asyncio.gather(
            *(worker.submit(place(hold(COMPANY, 1, None), request_id=f"r{number}")) for worker in both)
        )
        replays += sum(isinstance(one, Placed) and one.replayed for one in outcomes)
    balance = await used(both[0])
    for worker in both:
        await worker.close()

    assert (ROUNDS, Balance(0, ROUNDS)) == (replays, balance)


async def test_the_same_event_at_two_workers_counts_once(workers: Workers) -> None:
    """One records, the other is told that it is a duplicate."""
    for number in range(ROUNDS):
        decision = await placed_by(workers[0])
        results = await asyncio.gather(
            *(worker.submit(settle(decision, amount=2, event_id=f"e{number}")) for worker in workers)
        )
        assert ["duplicate", "recorded"] == sorted(getattr(one, "status", "") for one in results)

    assert Balance(2 * ROUNDS, 0) == await used(workers[0])


async def test_two_events_of_one_decision_settle_it_once(workers: Workers) -> None:
    """One settles, the other is additional; the hold is given back once."""
    for _ in range(ROUNDS):
        decision = await placed_by(workers[0])
        results = await asyncio.gather(*(worker.submit(settle(decision, amount=2)) for worker in workers))
        assert ["None", "additional"] == sorted(str(getattr(one, "reason", "")) for one in results)

    assert Balance(4 * ROUNDS, 0) == await used(workers[0])


async def test_corrections_of_one_event_see_each_other(workers: Workers) -> None:
    """Both replace it; the last one stands, and nothing is taken away twice."""
    for number in range(ROUNDS):
        decision = await placed_by(workers[0])
        await workers[0].submit(settle(decision, amount=5, event_id=f"e{number}"))
        await asyncio.gather(*(worker.submit(settle(None, amount=3, corrects=f"e{number}")) for worker in workers))

    assert Balance(3 * ROUNDS, 0) == await used(workers[0])


async def test_a_settlement_races_an_expiry(workers: Workers, clock: FakeClock) -> None:
    """Whichever comes first, the usage is charged and nothing is held."""
    for _ in range(ROUNDS):
        decision = await placed_by(workers[0], hold_for_s=10)
        tasks = [asyncio.ensure_future(worker.submit(settle(decision, amount=2))) for worker in workers]
        clock.advance(20)
        tasks.append(asyncio.ensure_future(workers[1].submit(place(hold(COMPANY, 0, None)))))
        await asyncio.gather(*tasks)

    assert Balance(4 * ROUNDS, 0) == await used(workers[0])


async def test_release_extend_and_settle_race(workers: Workers) -> None:
    """Whatever their order, what was used is charged and nothing is held."""
    for _ in range(ROUNDS):
        decision = await placed_by(workers[0])
        await asyncio.gather(
            workers[0].submit(release(decision)),
            workers[1].submit(settle(decision, amount=2)),
            workers[0].submit(extend(decision, 900)),
            workers[1].submit(release(decision)),
        )

    assert Balance(2 * ROUNDS, 0) == await used(workers[0])


async def test_a_release_at_one_worker_makes_room_at_the_other(workers: Workers) -> None:
    """No worker remembers a balance."""
    full = await workers[0].submit(place(hold(COMPANY, 10, 10)))
    assert isinstance(full, Placed)
    denied = await workers[1].submit(place(hold(COMPANY, 1, 10)))
    await workers[0].submit(release(full.reservation.id))
    allowed = await workers[1].submit(place(hold(COMPANY, 1, 10)))

    assert [ReservationState.DENIED, ReservationState.HELD] == [
        one.state for one in (denied, allowed) if isinstance(one, Placed)
    ]


async def test_new_budgets_in_opposite_order_do_not_lock_each_other_out(workers: Workers) -> None:
    """Two workers create and lock the same hundred budgets at once, again and again."""
    for number in range(5):
        keys = [budget(f"b{number}", user=str(user)) for user in range(100)]
        orders = (keys, list(reversed(keys)))
        outcomes = await asyncio.gather(
            *(
                worker.submit(place(*(hold(key, 1, None) for key in order)))
                for worker, order in zip(workers, orders, strict=True)
            )
        )
        assert all(isinstance(one, Placed) for one in outcomes)
        balances = await workers[0].balances([key.digest for key in keys])

        assert {Balance(0, 2)} == set(balances.values())
