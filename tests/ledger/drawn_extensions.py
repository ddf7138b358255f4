"""Extensions of drawn requests: what a reservation draws on by the limits of now, and what may become of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from governor.core.ledger.budget import EMPTY, Balance
from governor.core.ledger.commands import Admission, Hold, Option, PathNow
from governor.core.ledger.reservation import HeldBudget, Reservation
from governor.core.units import Unit
from tests.ledger.ceilings_by_the_page import has_room
from tests.ledger.drawn_requests import FUND_SHARE, KEYS, DrawnOption, options_of


def path_of(
    drawn: Sequence[DrawnOption], limits: Sequence[int], admission: Admission, reservation: Reservation
) -> PathNow:
    """Return what a reservation draws on by the limits of now."""
    if admission.chosen is None:
        return PathNow()
    option = options_of(drawn, limits)[admission.chosen]
    standing = option.granted if option.granted is not None and admission.lifts(admission.chosen) else option
    held = {each.budget for each in reservation.holds}
    return PathNow(tuple(_held_by(standing, held)))


def _held_by(option: Option, held: set[bytes]) -> Iterator[Hold]:
    is_whole_held = False
    for index, hold in enumerate(option.holds):
        is_held = hold.budget.digest in held
        if index == 0 or not hold.terms.part:
            is_whole_held = is_held
            if is_held:
                yield replace(hold, terms=replace(hold.terms, part=False))
            elif hold.instead and KEYS[FUND_SHARE].digest in held:
                fund, *parts = hold.instead
                yield replace(fund, grants=hold.grants)
                yield from (
                    replace(part, terms=replace(part.terms, part=True)) for part in parts if part.budget.digest in held
                )
        elif is_whole_held and is_held:
            yield hold


def check_extension(before: Reservation, after: Reservation, path: PathNow, balances: Mapping[bytes, Balance]) -> None:
    """Compare what a reservation holds after an extension with the words of the page, under the balances before it."""
    held = {each.budget: each for each in before.holds}
    on_path = [hold for whole in path.holds for hold in _every(whole)]
    for each in after.holds:
        known = held.get(each.budget)
        more = each.amount - (known.amount if known is not None else 0)
        terms = [hold for hold in on_path if hold.budget.digest == each.budget]
        if more > 0 and terms:
            # What grew has room by one of the terms on which it may be held.
            roomy = (not hold.terms.must_fit or has_room(replace(hold, amount=more), balances) for hold in terms)
            assert any(roomy)
        elif more > 0:
            taken = balances.get(each.budget, EMPTY).taken
            assert known is not None
            assert known.ceiling is None or taken + more <= known.ceiling


def check_refusal(before: Reservation, cost: int, path: PathNow, balances: Mapping[bytes, Balance]) -> None:
    """An extension is refused for a budget that has no room for what it would hold more: by the page's words."""
    terms = {hold.budget.digest: hold for hold in path.holds}
    assert not all(_fits(held, cost, terms.get(held.budget), balances) for held in before.holds)


def _fits(held: HeldBudget, cost: int, hold: Hold | None, balances: Mapping[bytes, Balance]) -> bool:
    more = max(0, cost - held.amount) if held.unit is Unit.USD else 0
    if not more:
        return True
    if hold is not None:
        return not hold.terms.must_fit or has_room(replace(hold, amount=more), balances)
    return held.ceiling is None or balances.get(held.budget, EMPTY).taken + more <= held.ceiling


def _every(whole: Hold) -> Iterator[Hold]:
    """Yield a hold and what may pay instead of it."""
    yield whole
    yield from whole.instead
    for grant in whole.grants:
        yield from grant
