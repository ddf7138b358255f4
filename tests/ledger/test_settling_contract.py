"""The contract of every ledger: usage is charged in full, exactly once, whatever became of its hold."""

from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.ledger.commands import Placed, Posting
from governor.core.ledger.port import Ledger
from governor.core.ledger.results import EventStatus
from governor.core.money import AMOUNT_MAX
from tests.ledger.factory import budget, hold, place, release, settle

COMPANY = budget("company")
MARKETING = budget("department", department="marketing")


async def balance(ledger: Ledger, key: BudgetKey) -> Balance:
    """Return a budget's balance; a budget that nobody touched is empty."""
    return (await ledger.balances([key.digest])).get(key.digest, Balance(0, 0))


async def test_a_settlement_charges_what_was_used_and_frees_the_rest(ledger: Ledger) -> None:
    """Held 5, used 2."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    result = await ledger.submit(settle(placed.reservation.id, amount=2))

    assert (EventStatus.RECORDED, Balance(2, 0)) == (getattr(result, "status", ""), await balance(ledger, COMPANY))


async def test_usage_above_the_hold_is_charged_in_full(ledger: Ledger) -> None:
    """The money is spent: the budget goes over its ceiling, and the overrun is told."""
    placed = await ledger.submit(place(hold(COMPANY, 5, 5), cost_nano_usd=5))
    assert isinstance(placed, Placed)
    result = await ledger.submit(settle(placed.reservation.id, amount=8))

    assert (3, Balance(8, 0)) == (getattr(result, "overrun_nano_usd", 0), await balance(ledger, COMPANY))


async def test_an_event_counts_once(ledger: Ledger) -> None:
    """The same id again is a duplicate with the first result, with another body a conflict."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    decision = placed.reservation.id
    results = [
        await ledger.submit(settle(decision, amount=amount, event_id="e1", body=body))
        for amount, body in ((2, b"one"), (2, b"one"), (3, b"two"))
    ]

    assert (["recorded", "duplicate", "conflict"], b"e1 recorded 2", Balance(2, 0)) == (
        [getattr(result, "status", "") for result in results],
        getattr(results[1], "stored", b""),
        await balance(ledger, COMPANY),
    )


async def test_another_event_for_a_settled_decision_is_additional(ledger: Ledger) -> None:
    """A decision may have several calls; each is charged in full."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    await ledger.submit(settle(placed.reservation.id, amount=2))
    more = await ledger.submit(settle(placed.reservation.id, amount=4))

    assert ("additional", Balance(6, 0)) == (getattr(more, "reason", ""), await balance(ledger, COMPANY))


async def test_a_part_of_a_call_shrinks_its_hold(ledger: Ledger) -> None:
    """Held 10; a part used 4: 4 used and 6 held; the end used 3 more."""
    placed = await ledger.submit(place(hold(COMPANY, 10), cost_nano_usd=10))
    assert isinstance(placed, Placed)
    decision = placed.reservation.id
    await ledger.submit(settle(decision, amount=4, final=False))
    during = await balance(ledger, COMPANY)
    result = await ledger.submit(settle(decision, amount=3))

    assert (Balance(4, 6), Balance(7, 0), 0) == (
        during,
        await balance(ledger, COMPANY),
        getattr(result, "overrun_nano_usd", -1),
    )


async def test_parts_of_a_call_count_towards_its_overrun(ledger: Ledger) -> None:
    """Held 10; parts of 8 and 5 overrun by 3."""
    placed = await ledger.submit(place(hold(COMPANY, 10), cost_nano_usd=10))
    assert isinstance(placed, Placed)
    decision = placed.reservation.id
    await ledger.submit(settle(decision, amount=8, final=False))
    result = await ledger.submit(settle(decision, amount=5))

    assert 3 == getattr(result, "overrun_nano_usd", -1)


async def test_usage_without_a_decision_is_recorded(ledger: Ledger) -> None:
    """It is never refused for room, also on a budget that did not exist."""
    postings = [Posting(MARKETING.digest, 7, MARKETING)]
    result = await ledger.submit(settle(None, postings=postings))

    assert ("unreserved", Balance(7, 0)) == (getattr(result, "reason", ""), await balance(ledger, MARKETING))


async def test_usage_of_a_released_decision_is_settled_late(ledger: Ledger) -> None:
    """The call was made after all."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    await ledger.submit(release(placed.reservation.id))
    result = await ledger.submit(settle(placed.reservation.id, amount=2))

    assert ("settled_late", Balance(2, 0)) == (getattr(result, "reason", ""), await balance(ledger, COMPANY))


async def test_corrections_replace_what_was_posted(ledger: Ledger) -> None:
    """5, corrected to 3, the correction corrected to 4: 4 are used."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    await ledger.submit(settle(placed.reservation.id, amount=5, event_id="e1"))
    await ledger.submit(settle(None, amount=3, event_id="e2", corrects="e1"))
    between = await balance(ledger, COMPANY)
    await ledger.submit(settle(None, amount=4, event_id="e3", corrects="e2"))

    assert (Balance(3, 0), Balance(4, 0)) == (between, await balance(ledger, COMPANY))


async def test_a_correction_may_name_another_model(ledger: Ledger) -> None:
    """The event moves to the other model's hourly sums; verify proves it after this test."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    await ledger.submit(settle(placed.reservation.id, amount=5, event_id="e1", model="a"))
    await ledger.submit(settle(None, amount=3, event_id="e2", corrects="e1", model="b"))
    await ledger.submit(settle(None, amount=2, event_id="e3", corrects="e1", model="b"))

    assert Balance(2, 0) == await balance(ledger, COMPANY)


async def test_a_correction_of_something_unknown_is_rejected(ledger: Ledger) -> None:
    """Visibly, and nothing changes."""
    result = await ledger.submit(settle(None, event_id="e2", corrects="e1"))

    assert EventStatus.REJECTED is getattr(result, "status", None)


async def test_a_rejected_event_changes_nothing(ledger: Ledger) -> None:
    """The hold stays, and the same id may be sent again."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    await ledger.submit(settle(placed.reservation.id, event_id="e1", rejected="no usage"))
    held = await balance(ledger, COMPANY)
    result = await ledger.submit(settle(placed.reservation.id, event_id="e1", amount=2))

    assert (Balance(0, 5), EventStatus.RECORDED) == (held, getattr(result, "status", None))


async def test_a_posting_that_overflows_is_rejected(ledger: Ledger) -> None:
    """Nothing changes, neither the hold nor the budget."""
    placed = await ledger.submit(place(hold(COMPANY, 5)))
    assert isinstance(placed, Placed)
    result = await ledger.submit(settle(placed.reservation.id, amount=AMOUNT_MAX))

    assert (EventStatus.REJECTED, Balance(0, 5)) == (getattr(result, "status", None), await balance(ledger, COMPANY))
