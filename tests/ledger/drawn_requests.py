"""Requests that hypothesis draws: every way in which a budget's ceiling moves, alone and together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from governor.core.ledger.ceilings import Carry, CeilingRule, Pace, Predecessor
from governor.core.ledger.commands import Hold, Option
from governor.core.units import Unit
from tests.ledger.factory import budget, hold

KEYS = (
    budget("company"),
    budget("department", department="marketing"),
    budget("spend", unit=Unit.USD),
    budget("slots", unit=Unit.CONCURRENT),
    budget("part", team="growth"),
    budget("fund"),
    budget("fund", overage="company"),
)
COMPANY, DEPARTMENT, SPEND, SLOTS, PART, FUND, FUND_SHARE = range(len(KEYS))
GRANTS = (budget("grant-1"), budget("grant-2", unit=Unit.USD))
GRANTED = (20, 15)
MARKERS = (budget("revoked-1"), budget("revoked-2"))
EVERY_KEY = (*KEYS, *GRANTS, *MARKERS)

AMOUNTS = st.integers(0, 12)
COSTS = st.integers(0, 60)


@dataclass(frozen=True)
class DrawnHold:
    """A hold as it was drawn.

    Attributes:
        index: Which of ``KEYS``.
        kind: What moves its ceiling beside a carry: nothing, or one of the rules of the ledger page.
        carries: Whether something is carried over from other budgets, as from periods before.
        overspend: Whether that may be a debt.
        funded: Whether another quota's budget pays where it does not fit.
        lifted: Whether grants do.
    """

    index: int
    amount: int
    charge: bool
    must_fit: bool
    kind: str
    carries: bool
    overspend: bool
    funded: bool
    lifted: bool


@dataclass(frozen=True)
class DrawnOption:
    """A candidate as it was drawn.

    Attributes:
        holds: What it takes.
        refused: Whether a policy refuses it, so that only grants can make it possible.
        after: Holds of the first candidate of which one must not fit, or None.
    """

    holds: tuple[DrawnHold, ...]
    refused: bool
    after: tuple[int, ...] | None


HOLDS = st.builds(
    DrawnHold,
    index=st.integers(0, len(KEYS) - 1),
    amount=AMOUNTS,
    charge=st.booleans(),
    must_fit=st.sampled_from([True, True, False]),
    kind=st.sampled_from(["", "", "none", "overage", "downgrade", "share", "pace"]),
    carries=st.booleans(),
    overspend=st.booleans(),
    funded=st.sampled_from([False, False, True]),
    lifted=st.sampled_from([False, False, True]),
)
OPTIONS = st.lists(
    st.builds(
        DrawnOption,
        holds=st.lists(HOLDS, min_size=1, max_size=3, unique_by=lambda one: one.index).map(tuple),
        refused=st.sampled_from([False, False, False, True]),
        after=st.none() | st.lists(st.integers(0, 2), max_size=2, unique=True).map(tuple),
    ),
    min_size=1,
    max_size=3,
)
MONEY = st.tuples(
    HOLDS.map(lambda one: replace(one, index=SPEND, must_fit=True)),
    st.lists(HOLDS.filter(lambda one: one.index != SPEND), max_size=2, unique_by=lambda one: one.index),
).map(lambda drawn: [DrawnOption((drawn[0], *drawn[1]), refused=False, after=None)])
"""Requests that hold money, which alone can be raised."""


def options_of(drawn: Sequence[DrawnOption], limits: Sequence[int]) -> list[Option]:
    """Return candidates under the limits of now; the first is what was asked for, and is offered anyway."""
    return [_option(one, limits, one.after if index else None) for index, one in enumerate(drawn)]


def _option(drawn: DrawnOption, limits: Sequence[int], after: tuple[int, ...] | None) -> Option:
    holds = tuple(_hold(one, limits) for one in drawn.holds)
    if not drawn.refused:
        return Option(True, holds, after)
    amount, charge = drawn.holds[0].amount, drawn.holds[0].charge
    needs = (tuple(_paid_by(index, amount, charge=charge) for index in range(len(GRANTS))),)
    return Option(False, holds, after, granted=Option(True, holds, needs=needs))


def _hold(drawn: DrawnHold, limits: Sequence[int]) -> Hold:
    index, limit = drawn.index, limits[drawn.index]
    plain = hold(KEYS[index], drawn.amount, limit, must_fit=drawn.must_fit, charge=drawn.charge)
    if drawn.kind == "none":
        return replace(plain, terms=replace(plain.terms, ceiling=None, must_fit=False))
    is_part = drawn.kind in {"share", "pace"}
    if drawn.carries or is_part or drawn.kind:
        rule = _rule(drawn, COMPANY if is_part else index, limits)
        plain = replace(plain, terms=replace(plain.terms, rule=rule, part=is_part))
    if drawn.funded and index not in {FUND, FUND_SHARE} and not is_part:
        plain = replace(plain, instead=_fund(drawn, limits))
    if drawn.lifted and drawn.must_fit and not is_part:
        paying = tuple((_paid_by(each, drawn.amount, charge=drawn.charge),) for each in range(len(GRANTS)))
        plain = replace(plain, grants=paying)
    return plain


def _rule(drawn: DrawnHold, main: int, limits: Sequence[int]) -> CeilingRule:
    return CeilingRule(
        KEYS[main].digest,
        limits[main],
        _carry(drawn, limits) if drawn.carries else None,
        extra=7 if drawn.kind == "overage" else 0,
        cap=limits[main] * 80 // 100 if drawn.kind == "downgrade" else None,
        percent=40 if drawn.kind == "share" else 100,
        pace=Pace(150, 7) if drawn.kind == "pace" else None,
    )


def _carry(drawn: DrawnHold, limits: Sequence[int]) -> Carry:
    """Let other budgets stand for the periods before."""
    periods = ((DEPARTMENT, 6), (FUND, 3), (SPEND, 20), (PART, 5))
    return Carry(
        tuple(Predecessor(KEYS[index].digest, limits[index], most, drawn.overspend) for index, most in periods)
    )


def _fund(drawn: DrawnHold, limits: Sequence[int]) -> tuple[Hold, ...]:
    """Return what pays instead: the other quota's budget, which carries as well and may have shares, and this one's."""
    whole = hold(KEYS[FUND], drawn.amount, limits[FUND], charge=drawn.charge)
    if drawn.carries:
        whole = replace(whole, terms=replace(whole.terms, rule=_rule(replace(drawn, kind=""), FUND, limits)))
    mine = hold(KEYS[FUND_SHARE], drawn.amount, limits[FUND_SHARE], charge=drawn.charge)
    if not drawn.overspend:
        return (whole, mine)
    share = hold(KEYS[PART], drawn.amount, limits[PART], charge=drawn.charge)
    rule = _rule(replace(drawn, kind="share"), FUND, limits)
    return (whole, replace(share, terms=replace(share.terms, ceiling=None, rule=rule, part=True)), mine)


def _paid_by(index: int, amount: int, *, charge: bool) -> Hold:
    """Return what a grant would hold: up to its amount, and nothing once it is revoked."""
    rule = CeilingRule(GRANTS[index].digest, GRANTED[index], closed_by=MARKERS[index].digest)
    plain = hold(GRANTS[index], amount, GRANTED[index], charge=charge)
    return replace(plain, terms=replace(plain.terms, ceiling=None, rule=rule))
