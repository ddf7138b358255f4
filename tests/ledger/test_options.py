"""What a request may be given instead is looked at only where budgets refuse what it asked for."""

from collections.abc import Iterator
from dataclasses import replace

from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.commands import Option, Place, PlaceAll
from governor.core.ledger.port import Ledger
from tests.ledger.factory import budget, hold, place, place_options

DEAR = budget("dear")
CHEAP = budget("cheap")
LAST = budget("last")


def three(ceiling: int = 3) -> Place:
    """Return a request that takes one of three budgets, the first with room."""
    return place_options([hold(DEAR, 1, ceiling)], [hold(CHEAP, 1, ceiling)], [hold(LAST, 1, ceiling)])


def watched(taken: list[str], ceiling: int) -> Place:
    """Return a request that notes which of its options were worked out."""

    def options() -> Iterator[Option]:
        for key in (DEAR, CHEAP):
            taken.append(key.policy)
            yield Option(placeable=True, holds=(hold(key, 1, ceiling),))

    return replace(place(), options=options)


async def held(ledger: Ledger, *keys: BudgetKey) -> list[int]:
    """Return what budgets hold."""
    balances = await ledger.balances([key.digest for key in keys])
    return [balances[key.digest].held if key.digest in balances else 0 for key in keys]


async def test_no_option_is_worked_out_behind_one_that_fits(ledger: Ledger) -> None:
    """There is room for what was asked for, so nobody asks what could have been given instead."""
    taken: list[str] = []
    await ledger.submit(watched(taken, 5))

    assert {"Quota/dear"} == set(taken)


async def test_requests_of_one_call_pass_on_to_the_next_option_as_budgets_fill(ledger: Ledger) -> None:
    """Ten requests at once on three budgets of three: the tenth is refused, and no budget holds more than it may."""
    outcomes = await ledger.submit_many([three() for _ in range(10)])

    assert ["held"] * 9 + ["denied"] == [getattr(outcome, "state", None) for outcome in outcomes]
    assert [3, 3, 3] == await held(ledger, DEAR, CHEAP, LAST)


async def test_requests_one_by_one_pass_on_to_the_next_option(ledger: Ledger) -> None:
    """The same in a transaction each: a budget that was never loaded before is found when it is needed."""
    states = [getattr(await ledger.submit(three()), "state", None) for _ in range(10)]

    assert ["held"] * 9 + ["denied"] == states
    assert [3, 3, 3] == await held(ledger, DEAR, CHEAP, LAST)


async def test_a_group_is_placed_over_several_options(ledger: Ledger) -> None:
    """All or none, also where the later requests of a group must be given something else."""
    await ledger.submit(PlaceAll(tuple(three() for _ in range(8))))
    denied = await ledger.submit(PlaceAll((three(), three())))

    assert isinstance(denied, tuple)
    assert ["denied", "denied"] == [getattr(outcome, "state", None) for outcome in denied]
    assert [3, 3, 2] == await held(ledger, DEAR, CHEAP, LAST)


async def test_once_there_is_room_again_nothing_is_worked_out_in_vain(ledger: Ledger) -> None:
    """A full budget makes a ledger look further; it stops when two requests have fitted."""
    await ledger.submit_many([three(1), three(1)])
    taken: list[str] = []
    await ledger.submit(watched([], 5))
    await ledger.submit(watched(taken, 5))

    assert {"Quota/dear"} == set(taken)
