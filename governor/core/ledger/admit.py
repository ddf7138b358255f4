"""Which of a request's options fits. The one rule, used by every ledger, by dry runs and by replay."""

from collections.abc import Callable, Sequence

from governor.core.ledger.budget import Balance
from governor.core.ledger.commands import Admission, Hold, Option


def fits(hold: Hold, balance: Balance) -> bool:
    """Tell whether a budget has room for a hold. What takes nothing needs no room, also in an overrun budget."""
    return hold.ceiling is None or hold.amount == 0 or balance.taken + hold.amount <= hold.ceiling


def admit(options: Sequence[Option], balance_of: Callable[[Hold], Balance]) -> Admission:
    """Choose the first placeable option whose ``must_fit`` holds all fit.

    Every hold of every option is compared, also after one has failed: a deny names all of its reasons.

    Args:
        options: In order of preference, at most eight.
        balance_of: The balance of a hold's budget now.

    Returns:
        The choice, with the balances *before* anything is placed.
    """
    balances: dict[bytes, Balance] = {}
    unfit: list[tuple[int, ...]] = []
    chosen: int | None = None
    for index, option in enumerate(options):
        failing: list[int] = []
        blocked = not option.placeable
        for position, hold in enumerate(option.holds):
            digest = hold.budget.digest
            balance = balances.get(digest)
            if balance is None:
                balance = balances[digest] = balance_of(hold)
            if not fits(hold, balance):
                failing.append(position)
                blocked = blocked or hold.must_fit
        unfit.append(tuple(failing))
        if not blocked and chosen is None:
            chosen = index
    return Admission(chosen, balances, tuple(unfit))
