"""Quorums: a person counts once, in one group, and the quorum is reached whenever it can be."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from governor.core.approvals.groups import Seats, places

PEOPLE = "abcdef"
GROUP = st.frozensets(st.sampled_from(PEOPLE), max_size=4)


def possible(seats: Seats, voters: frozenset[str]) -> bool:
    """Try every way to fill the places: slow, and obviously right."""
    wanted = [index for index, count in enumerate(seats.wanted) for _ in range(count)]
    return any(
        all(place in seats.serves(voter) for place, voter in zip(wanted, chosen, strict=True))
        for chosen in permutations(sorted(voters), len(wanted))
    )


@given(
    st.lists(st.tuples(GROUP, st.integers(1, 2)), min_size=1, max_size=3),
    st.frozensets(st.sampled_from(PEOPLE)),
    st.frozensets(st.sampled_from(PEOPLE), max_size=2),
)
def test_a_quorum_is_reached_whenever_it_can_be(
    groups: list[tuple[frozenset[str], int]], voters: frozenset[str], standing_in: frozenset[str]
) -> None:
    """The matching finds a way exactly if there is one, and gives each vote to a group that it may count for."""
    seats = Seats(tuple(group for group, _ in groups), tuple(count for _, count in groups), standing_in)
    placed = places(seats, voters)

    assert possible(seats, voters) == (placed is not None)
    if placed is not None:
        assert placed.keys() <= voters
        assert all(place in seats.serves(voter) for voter, place in placed.items())
        assert list(seats.wanted) == [list(placed.values()).count(index) for index in range(len(seats.wanted))]
