"""Every ceiling is what the words of the ledger page come to, whatever the balances are."""

from hypothesis import given
from hypothesis import strategies as st

from governor.core.ledger.budget import Balance
from governor.core.ledger.ceilings import Carry, CeilingRule, Pace, Predecessor
from tests.ledger.ceilings_by_the_page import carried, moved_ceiling
from tests.ledger.factory import budget

OWN, DAY, MARKER = (budget(name).digest for name in ("company", "day", "revoked"))
BEFORE = tuple(budget("company", period=str(number)).digest for number in range(5))

AMOUNTS = st.integers(0, 60)
BALANCES = st.dictionaries(st.sampled_from([OWN, DAY, MARKER, *BEFORE]), st.builds(Balance, used=AMOUNTS, held=AMOUNTS))
CARRIES = st.builds(
    lambda periods: Carry(tuple(Predecessor(digest, *terms) for digest, terms in zip(BEFORE, periods, strict=False))),
    st.lists(st.tuples(AMOUNTS, AMOUNTS, st.booleans()), min_size=1, max_size=len(BEFORE)),
)
RULES = st.builds(
    CeilingRule,
    main=st.just(OWN),
    limit=AMOUNTS,
    carry=st.none() | CARRIES,
    extra=st.sampled_from([0, 7]),
    percent=st.sampled_from([100, 40, 33]),
    pace=st.none() | st.builds(Pace, st.sampled_from([100, 150, 333]), st.integers(1, 31)),
    cap=st.none() | AMOUNTS,
    closed_by=st.none() | st.just(MARKER),
)


@given(carry=CARRIES, balances=BALANCES)
def test_what_is_carried_is_what_the_page_says(carry: Carry, balances: dict[bytes, Balance]) -> None:
    """Unused up to a cap or a debt, once, and nothing from before a scope's first period."""
    assert carried(carry, balances) == carry.amount(balances.get)


@given(rule=RULES, balances=BALANCES, own=st.sampled_from([OWN, DAY]))
def test_a_ceiling_is_what_the_page_says(rule: CeilingRule, balances: dict[bytes, Balance], own: bytes) -> None:
    """Limit, carry, overage, downgrade, share, pace and a revoked grant, together as no policy would have them."""
    assert moved_ceiling(rule, own, balances) == rule.ceiling(own, balances.get)
