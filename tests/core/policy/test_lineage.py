"""Lineage: a renamed quota keeps its balance, a new quota under an old name starts from nothing."""

import pytest

from governor.core.policy.header import Header, Source
from governor.core.policy.kinds import Quota
from governor.core.policy.lineage import trace
from governor.core.units import Unit


def quota(name: str, *formerly: str) -> Quota:
    """Return a quota of which only the names matter."""
    return Quota(Header("Quota", name, Source("q.yaml", 1), formerly=formerly), Unit.USD, 1)


def roots(*versions: list[Quota]) -> list[dict[str, str]]:
    """Publish versions one after the other and return each one's roots by present name."""
    remembered: dict[str, str] = {}
    found: list[dict[str, str]] = []
    for number, quotas in enumerate(versions, start=1):
        lineage = trace(quotas, remembered, f"v{number}")
        remembered.update(lineage.roots)
        found.append({each.header.name: each.root for each in lineage.quotas})
    return found


def test_a_quota_that_was_never_renamed_is_its_own_root() -> None:
    """Publishing the same folder twice changes nothing."""
    assert [{"a": "a"}, {"a": "a"}] == roots([quota("a")], [quota("a")])


@pytest.mark.parametrize("formerly", [("a", "b"), ("b", "a"), ("b",)])
def test_a_quota_renamed_twice_keeps_its_root(formerly: tuple[str, ...]) -> None:
    """The order of ``formerly``, and whether the oldest name is still there, do not matter."""
    found = roots([quota("a")], [quota("b", "a")], [quota("c", *formerly)])

    assert {"c": "a"} == found[-1]


def test_a_rename_is_remembered_when_formerly_is_cleaned_up() -> None:
    """Once published, a rename needs no ``formerly`` any more."""
    assert {"b": "a"} == roots([quota("a")], [quota("b", "a")], [quota("b")])[-1]


def test_a_new_quota_under_an_old_name_gets_a_balance_of_its_own() -> None:
    """A reused name does not share the balance of the quota that was renamed."""
    found = roots([quota("a")], [quota("b", "a")], [quota("a"), quota("b")], [quota("b"), quota("a")])

    assert [{"a": "a@v3", "b": "a"}] * 2 == found[2:]


def test_two_quotas_swap_their_names_by_way_of_a_third() -> None:
    """Each keeps its balance, although both names were the other's: no edit exchanges money."""
    found = roots(
        [quota("a"), quota("b")],
        [quota("c", "a"), quota("b")],
        [quota("a", "b"), quota("c")],
        [quota("a"), quota("b", "c")],
        [quota("b"), quota("a")],
    )

    assert [{"a": "b", "c": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "a"}] == found[2:]


def test_a_quota_that_is_renamed_back_keeps_its_root() -> None:
    """There and back again is the same budget."""
    assert {"a": "a"} == roots([quota("a")], [quota("b", "a")], [quota("a", "b")])[-1]


def test_a_quota_with_a_balance_of_its_own_takes_no_other() -> None:
    """`formerly` renames; it does not merge what a deleted quota has used into one that was there all the time."""
    assert {"a": "a"} == roots([quota("a"), quota("b")], [quota("a", "b")])[-1]


def test_two_quotas_that_claim_the_same_past_do_not_share_it() -> None:
    """A budget is never minted or shared by an edit: the first in the folder continues it."""
    assert {"b": "a", "c": "c@v2"} == roots([quota("a")], [quota("b", "a"), quota("c", "a")])[-1]
