"""The contract of every ledger: what is held, given back and charged, exactly once."""

import asyncio
import itertools
from dataclasses import replace

import pytest

from governor.core.errors import AmountError
from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.ledger.commands import Conflict, Option, PlaceAll, Placed, ReservationOutcome
from governor.core.ledger.port import Ledger
from governor.core.ledger.reservation import ReservationState
from governor.core.money import AMOUNT_MAX
from governor.core.units import Unit
from governor.store.ledger import SqlLedger
from tests.conftest import FakeClock
from tests.ledger.factory import budget, extend, hold, place, place_options, release, settle

COMPANY = budget("company")
MARKETING = budget("department", department="marketing")
SLOTS = budget("slots", unit=Unit.CONCURRENT)
SPEND = budget("spend", unit=Unit.USD)


async def balance(ledger: Ledger, key: BudgetKey) -> Balance:
    """Return a budget's balance; a budget that nobody touched is empty."""
    return (await ledger.balances([key.digest])).get(key.digest, Balance(0, 0))


async def test_a_request_that_fits_is_held_on_every_budget_of_its_path(ledger: Ledger) -> None:
    """Both budgets hold their amounts."""
    placed = await ledger.submit(place(hold(COMPANY, 3), hold(MARKETING, 5)))

    assert isinstance(placed, Placed)
    assert (ReservationState.HELD, Balance(0, 3), Balance(0, 5)) == (
        placed.state,
        await balance(ledger, COMPANY),
        await balance(ledger, MARKETING),
    )


async def test_a_deny_changes_no_counter(ledger: Ledger) -> None:
    """The department has room and the organisation has none: the department's balance is unchanged."""
    await ledger.submit(place(hold(COMPANY, 10, 10)))
    denied = await ledger.submit(place(hold(MARKETING, 1, 100), hold(COMPANY, 1, 10)))

    assert isinstance(denied, Placed)
    assert (ReservationState.DENIED, Balance(0, 0), Balance(0, 10)) == (
        denied.state,
        await balance(ledger, MARKETING),
        await balance(ledger, COMPANY),
    )


async def test_the_first_option_that_fits_is_taken(ledger: Ledger) -> None:
    """A dear model does not fit, its cheap substitute does."""
    await ledger.submit(place_options([hold(COMPANY, 90, 80)], [hold(COMPANY, 7, 80)], [hold(COMPANY, 1, 80)]))

    assert Balance(0, 7) == await balance(ledger, COMPANY)


async def test_an_audit_quota_holds_also_when_it_does_not_fit(ledger: Ledger) -> None:
    """Counters stay true, so that a switch to enforce begins with the truth."""
    await ledger.submit(place(hold(COMPANY, 150, 100, must_fit=False)))

    assert Balance(0, 150) == await balance(ledger, COMPANY)


async def test_a_hold_that_overflows_its_counter_is_refused(ledger: Ledger) -> None:
    """A sum beyond 63 bits is denied where nothing else has a ceiling, and changes no counter."""
    await ledger.submit(place(hold(COMPANY, AMOUNT_MAX, None, must_fit=False)))
    denied = await ledger.submit(place(hold(MARKETING, 1), hold(COMPANY, 1, None, must_fit=False)))

    assert isinstance(denied, Placed)
    assert ReservationState.DENIED is denied.state
    assert (Balance(0, AMOUNT_MAX), Balance(0, 0)) == (
        await balance(ledger, COMPANY),
        await balance(ledger, MARKETING),
    )


async def test_a_repeated_request_gets_its_first_answer(ledger: Ledger) -> None:
    """The same key and body: the first answer, nothing held twice."""
    first = await ledger.submit(place(hold(COMPANY, 3), request_id="r1"))
    again = await ledger.submit(place(hold(COMPANY, 3), request_id="r1"))

    assert isinstance(first, Placed)
    assert isinstance(again, Placed)
    assert (True, first.reservation.answer, Balance(0, 3)) == (
        again.replayed,
        again.reservation.answer,
        await balance(ledger, COMPANY),
    )


async def test_a_repeated_deny_is_a_deny(ledger: Ledger, clock: FakeClock) -> None:
    """There is room by now, but to ask again takes a new attempt."""
    full = await ledger.submit(place(hold(COMPANY, 10, 10)))
    await ledger.submit(place(hold(COMPANY, 1, 10), request_id="r1"))
    assert isinstance(full, Placed)
    await ledger.submit(release(full.reservation.id))
    again = await ledger.submit(place(hold(COMPANY, 1, 10), request_id="r1"))

    assert isinstance(again, Placed)
    assert (True, ReservationState.DENIED) == (again.replayed, again.state)


async def test_a_replay_tells_the_present_state(ledger: Ledger, clock: FakeClock) -> None:
    """A repeated request whose hold has expired must not proceed."""
    await ledger.submit(place(hold(COMPANY, 3), request_id="r1", hold_for_s=60))
    clock.advance(120)
    again = await ledger.submit(place(hold(COMPANY, 3), request_id="r1", hold_for_s=60))

    assert isinstance(again, Placed)
    assert (ReservationState.EXPIRED, Balance(0, 0)) == (again.state, await balance(ledger, COMPANY))


async def test_the_same_key_with_another_body_is_a_conflict(ledger: Ledger) -> None:
    """Nothing changes."""
    first = await ledger.submit(place(hold(COMPANY, 3), request_id="r1", body=b"one"))
    other = await ledger.submit(place(hold(COMPANY, 4), request_id="r1", body=b"two"))

    assert isinstance(first, Placed)
    assert Balance(0, 3) == await balance(ledger, COMPANY)
    assert Conflict(first.reservation.id) == other


async def test_two_clients_may_use_the_same_request_id(ledger: Ledger) -> None:
    """A key belongs to its client."""
    await ledger.submit(place(hold(COMPANY, 3), request_id="r1", client="one"))
    await ledger.submit(place(hold(COMPANY, 4), request_id="r1", client="two"))

    assert Balance(0, 7) == await balance(ledger, COMPANY)


async def test_a_key_is_forgotten_after_a_day(ledger: Ledger, clock: FakeClock) -> None:
    """A second short of a day it is a replay, at a day it is a new request."""
    await ledger.submit(place(hold(COMPANY, 1, 10), request_id="r1"))
    clock.advance(24 * 3600 - 1)
    early = await ledger.submit(place(hold(COMPANY, 1, 10), request_id="r1"))
    clock.advance(1)
    late = await ledger.submit(place(hold(COMPANY, 1, 10), request_id="r1"))

    assert isinstance(early, Placed)
    assert isinstance(late, Placed)
    assert (True, False) == (early.replayed, late.replayed)


@pytest.mark.parametrize("second_of_day", [0, 600, 1_800, 43_200, 84_600, 86_000, 86_399])
async def test_a_key_is_known_at_any_time_of_day_for_three_days(
    ledger: Ledger, clock: FakeClock, second_of_day: int
) -> None:
    """A key is a replay for less than a day and then a new request once more: stale rows count for nothing."""
    clock.now_s = clock.now_s // 86_400 * 86_400 + second_of_day
    replays: list[bool] = []
    for _ in range(0, 73, 3):
        outcome = await ledger.submit(place(hold(COMPANY, 1, 10**6), request_id="r1"))
        assert isinstance(outcome, Placed)
        replays.append(outcome.replayed)
        clock.advance(3 * 3600)

    assert ([False] + [True] * 7) * 3 + [False] == replays


async def test_a_hold_expires_by_the_clock(ledger: Ledger, clock: FakeClock) -> None:
    """1,000 gateways die after deciding: after the hold time nothing is held, without operator or job."""
    await ledger.submit_many([place(hold(COMPANY, 1, 1_000), hold_for_s=60) for _ in range(1_000)])
    full = await balance(ledger, COMPANY)
    clock.advance(70)

    assert (Balance(0, 1_000), Balance(0, 0)) == (full, await balance(ledger, COMPANY))


async def test_room_of_expired_holds_is_used_again(ledger: Ledger, clock: FakeClock) -> None:
    """A decision after the expiry sees the room, too."""
    await ledger.submit(place(hold(COMPANY, 10, 10), hold_for_s=60))
    clock.advance(70)
    placed = await ledger.submit(place(hold(COMPANY, 10, 10)))

    assert isinstance(placed, Placed)
    assert ReservationState.HELD is placed.state


async def test_an_expiry_rounds_up_to_its_bucket(ledger: Ledger, clock: FakeClock) -> None:
    """A hold lives at least as long as promised, and at most ten seconds longer; at its very end it has expired."""
    clock.now_s += 3
    placed = await ledger.submit(place(hold(COMPANY, 1), hold_for_s=60))
    clock.advance(60)
    held = await balance(ledger, COMPANY)
    clock.advance(7)
    assert isinstance(placed, Placed)
    late = await ledger.submit(release(placed.reservation.id))

    assert (Balance(0, 1), Balance(0, 0)) == (held, await balance(ledger, COMPANY))
    assert ReservationOutcome.ALREADY_EXPIRED is getattr(late, "outcome", None)


async def test_unreported_usage_is_charged_where_the_quota_says_so(ledger: Ledger, clock: FakeClock) -> None:
    """After the expiry the held amount is used."""
    await ledger.submit(place(hold(COMPANY, 5, charge=True), hold(MARKETING, 5), hold_for_s=60))
    clock.advance(70)
    read = await balance(ledger, COMPANY)
    await ledger.submit(place(hold(COMPANY, 1)))

    assert (Balance(5, 0), Balance(5, 1), Balance(0, 0)) == (
        read,
        await balance(ledger, COMPANY),
        await balance(ledger, MARKETING),
    )


async def test_a_late_report_replaces_the_charge_of_an_expiry(ledger: Ledger, clock: FakeClock) -> None:
    """What the expiry charged is given back, whether or not it was folded in by then."""
    placed = await ledger.submit(place(hold(COMPANY, 5, charge=True), hold_for_s=60))
    assert isinstance(placed, Placed)
    clock.advance(70)
    await ledger.submit(place(hold(COMPANY, 1)))
    result = await ledger.submit(settle(placed.reservation.id, amount=2))

    assert ("settled_late", Balance(2, 1)) == (getattr(result, "reason", ""), await balance(ledger, COMPANY))


async def test_a_release_gives_everything_back_once(ledger: Ledger) -> None:
    """The second one says that there was nothing to release."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    outcomes = [getattr(await ledger.submit(release(placed.reservation.id)), "outcome", None) for _ in range(2)]

    assert ([ReservationOutcome.RELEASED, ReservationOutcome.ALREADY_RELEASED], Balance(0, 0)) == (
        outcomes,
        await balance(ledger, COMPANY),
    )


async def test_another_clients_reservation_is_as_good_as_unknown(ledger: Ledger) -> None:
    """Neither released nor extended."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    outcomes = [
        getattr(await ledger.submit(command), "outcome", None)
        for command in (
            release(placed.reservation.id, client="other"),
            extend(placed.reservation.id, 60, client="other"),
        )
    ]

    assert ([ReservationOutcome.UNKNOWN] * 2, Balance(0, 5)) == (outcomes, await balance(ledger, COMPANY))


async def test_an_extended_hold_lives_longer(ledger: Ledger, clock: FakeClock) -> None:
    """Twice extended, it is still held; an expired one cannot be extended."""
    placed = await ledger.submit(place(hold(COMPANY, 5), hold_for_s=60))
    assert isinstance(placed, Placed)
    for _ in range(2):
        clock.advance(50)
        await ledger.submit(extend(placed.reservation.id, 60))
    held = await balance(ledger, COMPANY)
    clock.advance(100)
    refused = await ledger.submit(extend(placed.reservation.id, 60))

    assert (Balance(0, 5), ReservationOutcome.ALREADY_EXPIRED) == (held, getattr(refused, "outcome", None))


async def test_a_hold_lives_a_day_at_most(ledger: Ledger, clock: FakeClock) -> None:
    """However often it is extended."""
    placed = await ledger.submit(place(hold(COMPANY, 5), hold_for_s=12 * 3600))
    assert isinstance(placed, Placed)
    clock.advance(11 * 3600)
    fits = await ledger.submit(extend(placed.reservation.id, 13 * 3600))
    too_long = await ledger.submit(extend(placed.reservation.id, 13 * 3600 + 60))

    assert [ReservationOutcome.EXTENDED, ReservationOutcome.TOO_LONG] == [
        getattr(fits, "outcome", None),
        getattr(too_long, "outcome", None),
    ]


async def test_an_extension_may_hold_more_money_if_it_fits(ledger: Ledger) -> None:
    """From 5 to 9 of 10; 11 are too many, and nothing changes then."""
    placed = await ledger.submit(place(hold(SPEND, 5, 10), hold(COMPANY, 1), cost_nano_usd=5))
    assert isinstance(placed, Placed)
    fits = await ledger.submit(extend(placed.reservation.id, 60, cost_nano_usd=9))
    refused = await ledger.submit(extend(placed.reservation.id, 60, cost_nano_usd=11))

    assert ([ReservationOutcome.EXTENDED, ReservationOutcome.NO_ROOM], Balance(0, 9), Balance(0, 1)) == (
        [getattr(fits, "outcome", None), getattr(refused, "outcome", None)],
        await balance(ledger, SPEND),
        await balance(ledger, COMPANY),
    )


async def test_slots_are_freed_by_settlement_and_by_expiry(ledger: Ledger, clock: FakeClock) -> None:
    """Two slots; a dead call's slot is freed by its own expiry, however busy the rest is; used stays 0."""
    dead = place(hold(SLOTS, 1, 2), hold_for_s=60)
    await ledger.submit(dead)
    states: list[ReservationState] = []
    for _ in range(3):
        placed = await ledger.submit(place(hold(SLOTS, 1, 2), hold_for_s=600))
        assert isinstance(placed, Placed)
        states.append(placed.state)
        if len(states) == 2:
            clock.advance(70)

    assert ([ReservationState.HELD, ReservationState.DENIED, ReservationState.HELD], Balance(0, 2)) == (
        states,
        await balance(ledger, SLOTS),
    )


async def test_all_or_nothing_holds_all(ledger: Ledger) -> None:
    """Earlier holds are visible to later ones, and all fit."""
    outcome = await ledger.submit(PlaceAll((place(hold(COMPANY, 4, 10)), place(hold(COMPANY, 6, 10)))))

    assert isinstance(outcome, tuple)
    assert Balance(0, 10) == await balance(ledger, COMPANY)


async def test_all_or_nothing_holds_nothing(ledger: Ledger) -> None:
    """The last one does not fit: every one is denied and no counter changes."""
    places = (place(hold(COMPANY, 4, 10)), place(hold(MARKETING, 1)), place(hold(COMPANY, 7, 10)))
    outcome = await ledger.submit(PlaceAll(places))

    assert isinstance(outcome, tuple)
    assert ([ReservationState.DENIED] * 3, Balance(0, 0), Balance(0, 0)) == (
        [one.state for one in outcome if isinstance(one, Placed)],
        await balance(ledger, COMPANY),
        await balance(ledger, MARKETING),
    )


async def test_a_repeated_group_gets_its_first_answers(ledger: Ledger) -> None:
    """A mixture of old and new keys places nothing new."""
    keys = ("a", "b")
    await ledger.submit(PlaceAll(tuple(place(hold(COMPANY, 1), request_id=key) for key in keys)))
    again = await ledger.submit(PlaceAll(tuple(place(hold(COMPANY, 1), request_id=key) for key in keys)))
    mixed = await ledger.submit(PlaceAll(tuple(place(hold(COMPANY, 1), request_id=key) for key in ("b", "c"))))

    assert isinstance(again, tuple)
    assert isinstance(mixed, tuple)
    assert ([True, True], [Placed, Conflict], Balance(0, 2)) == (
        [isinstance(one, Placed) and one.replayed for one in again],
        [type(one) for one in mixed],
        await balance(ledger, COMPANY),
    )


async def test_commands_of_one_call_are_applied_in_order(ledger: Ledger) -> None:
    """Decide, settle and decide again, submitted at once: the third sees the room of the second."""
    first = place(hold(COMPANY, 10, 10))
    outcomes = await ledger.submit_many(
        [first, settle(first.decision_id, amount=1), place(hold(COMPANY, 9, 10)), place(hold(COMPANY, 1, 10))]
    )

    assert [ReservationState.HELD, "recorded", ReservationState.HELD, ReservationState.DENIED] == [
        getattr(outcome, "state", None) or getattr(outcome, "status", None) for outcome in outcomes
    ]


async def test_one_bad_command_fails_alone(ledger: Ledger) -> None:
    """What its neighbours asked for is done."""

    def broken() -> tuple[()]:
        raise AmountError("a broken plan")

    good = [place(hold(COMPANY, 1)) for _ in range(5)]
    bad = replace(place(hold(COMPANY, 1)), options=broken)
    outcomes = await asyncio.gather(
        *(ledger.submit(command) for command in (*good[:2], bad, *good[2:])), return_exceptions=True
    )

    assert ([False, False, True, False, False, False], Balance(0, 5)) == (
        [isinstance(outcome, AmountError) for outcome in outcomes],
        await balance(ledger, COMPANY),
    )


async def test_a_swapped_snapshot_is_evaluated_anew(ledger: Ledger) -> None:
    """The plan names another budget each time that it is asked: what it named last is held, and nothing else."""
    asked: list[BudgetKey] = []

    def options() -> tuple[Option, ...]:
        asked.append(MARKETING if asked else COMPANY)
        return (Option(placeable=True, holds=(hold(asked[-1], 3),)),)

    await ledger.submit(replace(place(), options=options))
    held = {key.policy: (await balance(ledger, key)).held for key in (COMPANY, MARKETING)}

    assert {COMPANY.policy: 0, MARKETING.policy: 0, asked[-1].policy: 3} == held


async def test_a_snapshot_swapped_while_budgets_are_loaded_counts(sql_ledger: SqlLedger) -> None:
    """A database is asked for the budgets of the old plan: those of the new one are loaded, and only they are held."""
    plans = itertools.chain([COMPANY], itertools.repeat(MARKETING))
    swapping = replace(place(), options=lambda: (Option(placeable=True, holds=(hold(next(plans), 3),)),))
    await sql_ledger.submit(swapping)

    assert [Balance(0, 0), Balance(0, 3)] == [await balance(sql_ledger, key) for key in (COMPANY, MARKETING)]
