"""Globs: plain string matching that no pattern can make slow."""

from hypothesis import given
from hypothesis import strategies as st

from governor.core.globs import is_glob, matches, matches_any

PATTERNS = st.text(alphabet="ab/*.", max_size=8)
VALUES = st.text(alphabet="ab/.", max_size=10)


def by_definition(pattern: str, value: str) -> bool:
    """Match by dynamic programming over all prefixes: slow, and plainly right."""
    reachable = [True] + [False] * len(value)
    for character in pattern:
        if character == "*":
            reachable = [any(reachable[: end + 1]) for end in range(len(value) + 1)]
        else:
            reachable = [False] + [reachable[end] and value[end] == character for end in range(len(value))]
    return reachable[-1]


@given(PATTERNS, VALUES)
def test_a_glob_matches_exactly_what_its_definition_says(pattern: str, value: str) -> None:
    """Every pattern agrees with the definition of a glob on every value."""
    assert by_definition(pattern, value) == matches(pattern, value)


@given(VALUES)
def test_a_literal_matches_only_itself(value: str) -> None:
    """A pattern without a star is compared as it is."""
    assert matches(value, value)
    assert not matches(value, value + "a")


def test_nothing_but_the_star_is_special() -> None:
    """Characters that other pattern languages use are ordinary here."""
    assert not matches("gpt-?o", "gpt-4o")
    assert not matches("gpt-[45]", "gpt-4")
    assert not matches("a.*", "ab")
    assert matches("a*", "a\nb/c")


def test_a_prefix_and_a_suffix_must_not_overlap() -> None:
    """The characters of the value are used once."""
    assert not matches("ab*ba", "aba")
    assert matches("ab*ba", "abba")
    assert not matches("a*b*b", "ab")
    assert matches("a*b*b", "abb")


def test_a_hostile_pattern_ends_at_once() -> None:
    """A pattern that would take a backtracking search longer than the universe has lasted returns."""
    value = "a" * 50_000
    pattern = "a*" * 5_000

    assert not matches(pattern + "b", value)
    assert not matches(pattern + "b*a", value)
    assert matches(pattern, value)


def test_a_value_is_matched_by_any_of_several_patterns() -> None:
    """One matching pattern is enough, and no pattern matches nothing."""
    assert matches_any(("x", "gpt-*"), "gpt-4o")
    assert not matches_any((), "gpt-4o")


def test_only_a_star_makes_a_glob() -> None:
    """A literal is not a glob."""
    assert is_glob("gpt-*")
    assert not is_glob("gpt-4o")
