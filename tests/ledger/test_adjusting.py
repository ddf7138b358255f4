"""Adjustments and re-ratings: dated entries on every ledger, posted once, and part of what ``verify`` recomputes."""

import pytest

from governor.core.ledger.adjustments import AdjustmentKind, AdjustmentOutcome, AdjustmentResult, Rerated, RerateOutcome
from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.ledger.port import Ledger
from governor.core.ledger.results import EventResult
from governor.core.money import AMOUNT_MAX
from governor.core.units import Unit
from tests.ledger.factory import adjust, budget, hold, place, rerate, settle

SPEND = budget("spend", unit=Unit.USD)
REQUESTS = budget("requests")


async def used(ledger: Ledger, key: BudgetKey = SPEND) -> int:
    """Return what a budget has used."""
    return (await ledger.balances([key.digest])).get(key.digest, Balance(0, 0)).used


async def post(ledger: Ledger, kind: AdjustmentKind, amount: int, event_id: str = "a1") -> AdjustmentOutcome:
    """Adjust the budget of money, and say what became of it."""
    result = await ledger.submit(adjust(SPEND, kind, amount, event_id=event_id))
    assert isinstance(result, AdjustmentResult)
    return result.outcome


async def test_an_opening_balance_a_debit_and_a_credit_add_up(ledger: Ledger) -> None:
    """The budget that nobody has drawn on yet is created; each is posted once."""
    outcomes = [
        await post(ledger, AdjustmentKind.OPENING_BALANCE, 100, "opening"),
        await post(ledger, AdjustmentKind.DEBIT, 7, "d1"),
        await post(ledger, AdjustmentKind.CREDIT, 30, "c1"),
        await post(ledger, AdjustmentKind.CREDIT, 30, "c1"),
        await post(ledger, AdjustmentKind.CREDIT, 31, "c1"),
    ]

    assert ["posted", "posted", "posted", "duplicate", "conflict"] == outcomes
    assert 77 == await used(ledger)


async def test_what_was_adjusted_counts_for_the_next_decision(ledger: Ledger) -> None:
    """A debit takes room; a credit gives it back."""
    await post(ledger, AdjustmentKind.DEBIT, 95, "d1")
    refused = await ledger.submit(place(hold(SPEND, 10)))
    await post(ledger, AdjustmentKind.CREDIT, 5, "c1")
    admitted = await ledger.submit(place(hold(SPEND, 10)))

    assert ("denied", "held") == (refused.state, admitted.state)  # type: ignore[union-attr]  # placements answer so


@pytest.mark.parametrize(
    ("kind", "amount", "outcome"),
    [(AdjustmentKind.CREDIT, 11, "credit_too_large"), (AdjustmentKind.DEBIT, AMOUNT_MAX, "invalid_amount")],
)
async def test_what_no_budget_can_count_changes_nothing(
    ledger: Ledger, kind: AdjustmentKind, amount: int, outcome: str
) -> None:
    """No credit mints a budget, no debit overflows one; a refusal is not remembered."""
    await post(ledger, AdjustmentKind.DEBIT, 10, "d1")
    refused = await post(ledger, kind, amount, "a2")
    again = await post(ledger, AdjustmentKind.CREDIT, 1, "a2")

    assert (outcome, "posted", 9) == (refused, again, await used(ledger))


async def spend(ledger: Ledger, amount: int, event_id: str) -> None:
    """Decide and settle a call that draws on money and requests."""
    command = place(hold(SPEND, amount), hold(REQUESTS, 1), cost_nano_usd=amount)
    await ledger.submit(command)
    await ledger.submit(settle(command.decision_id, amount=amount, event_id=event_id))


async def rated(ledger: Ledger, event_id: str, percent: int) -> Rerated:
    """Correct a price."""
    result = await ledger.submit(rerate(event_id, percent))
    assert isinstance(result, Rerated)
    return result


async def test_a_corrected_price_posts_the_difference_once_and_on_money_alone(ledger: Ledger) -> None:
    """Dearer, again, cheaper, back; requests are what they were."""
    await spend(ledger, 10, "e1")
    requests = await used(ledger, REQUESTS)
    dearer = await rated(ledger, "e1", 150)
    again = await rated(ledger, "e1", 150)
    cheaper = await rated(ledger, "e1", 50)

    assert Rerated(RerateOutcome.POSTED, 10, 15) == dearer
    assert (RerateOutcome.UNCHANGED, 15) == (again.outcome, again.after_nano_usd)
    assert Rerated(RerateOutcome.POSTED, 15, 5) == cheaper
    assert (5, requests) == (await used(ledger), await used(ledger, REQUESTS))


async def test_a_correction_after_a_re_rating_counts_what_was_posted(ledger: Ledger) -> None:
    """The corrected event costs what it costs, whatever was re-rated before, and can be re-rated again."""
    await spend(ledger, 10, "e1")
    await rated(ledger, "e1", 150)
    corrected = await ledger.submit(settle(None, amount=4, event_id="c1", corrects="e1"))
    after_correction = await used(ledger)
    await rated(ledger, "c1", 200)

    assert isinstance(corrected, EventResult)
    assert (4, 8) == (after_correction, await used(ledger))


async def test_an_unknown_event_is_not_re_rated(ledger: Ledger) -> None:
    """Nothing is known under it."""
    assert Rerated(RerateOutcome.UNKNOWN) == await rated(ledger, "nothing", 100)
