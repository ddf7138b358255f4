"""YAML text: any text ends in values or problems, hostile text quickly."""

import time
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from governor.compiler.problems import CODES, Problems, Severity
from governor.compiler.source import Document, read_documents

SECONDS_MAX = 2.0
yaml_like = st.text(
    alphabet=st.sampled_from(list("ab: -[]{},#&*!|>'\"%@`?\n\t0123.eE~\u00e9\u2028\u0085\r\\<")), max_size=80
)


def read(text: str) -> tuple[list[Document], Problems]:
    """Read a text as a file ``f``."""
    problems = Problems()
    return read_documents("f", text, problems), problems


@given(st.one_of(st.text(max_size=200), yaml_like))
@example("a: 1\n--- \n  b: 2")
@example("%YAML 1.1\n---\na: 1")
@example("? [a, {b: c}]\n: 1")
@example("\ufeffa: 1")
def test_any_text_ends_in_values_or_problems(text: str) -> None:
    """Nothing that somebody types makes the compiler fall over, and every place lies inside the text."""
    documents, problems = read(text)

    lines = len(text.splitlines()) + 1
    places = [(problem.line, problem.column) for problem in problems.found]
    for document in documents:
        for key in document.value if isinstance(document.value, dict) else ():
            place = document.locate((key,), key=True)
            places.append((place.line, place.column))

    assert all(problem.code in CODES for problem in problems.found)
    assert all(1 <= line <= lines and column >= 1 for line, column in places)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("12", 12),
        ("-3", -3),
        ("1.50", Decimal("1.50")),
        ("0.1", Decimal("0.1")),
        ("32_000", "32_000"),
        ("2026-10-01", "2026-10-01"),
        ("09:30", "09:30"),
        ("12e", "12e"),
        ("'12'", "12"),
        ('"true"', "true"),
        (">-\n  one\n  two", "one two"),
    ],
)
def test_words_mean_what_yaml_1_2_says(written: str, value: object) -> None:
    """Unquoted words follow the core schema of YAML 1.2, and numbers stay exact."""
    documents, _ = read(f"key: {written}\n")

    assert [{"key": value}] == [document.value for document in documents]
    assert [type(value)] == [type(document.value["key"]) for document in documents]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 1_000_000, "too-deep"),
        ("{a: " * 500_000, "too-deep"),
        ("".join(f"{' ' * depth}a:\n" for depth in range(2_000)), "too-deep"),
        ("- " * 1_000_000, "too-deep"),
        ("? " * 1_000_000, "too-deep"),
        ("- a\n" * 1_200_000, "too-large"),
        ("---\na\n" * 800_000, "too-large"),
        ("a: 1\n" * 900_000, "too-many-problems"),
        ("- *a\n" * 900_000, "too-many-problems"),
        ("a: " + "9" * 4_000_000, "not-a-number"),
        ("a: 1e400", "not-a-number"),
        ("a: -.inf", "not-a-number"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "alias"),
        ("a: !!python/object/apply:os.system [x]", "tag"),
        ("a: !include secrets.yaml", "tag"),
        ("a: \x00", "control-character"),
        ("a: \x1b[31m", "control-character"),
        ("%FOO bar baz\n--- a", None),
        ("a: '" + "x" * 4_000_000, "yaml-syntax"),
    ],
)
def test_hostile_text_ends_in_an_error_within_two_seconds(text: str, code: str | None) -> None:
    """Bombs, depth, floods and forbidden constructs end in a problem that says which limit was met."""
    started = time.process_time()

    _, problems = read(text)

    seconds = time.process_time() - started
    codes = {problem.code for problem in problems.found}

    assert code is None or code in codes
    assert seconds < SECONDS_MAX


def test_a_message_never_grows_with_the_text() -> None:
    """A megabyte in one word does not become a megabyte in a message."""
    _, problems = read(f"a: {'9' * 1_000_000}\n? {'k' * 1_000_000}\n: 1\n!{'t' * 1_000_000} x: 1\n")

    longest = max(len(str(problem)) for problem in problems.found)

    assert longest < 500


def test_places_are_right_in_later_documents() -> None:
    """A key in the second document of a file stands where an editor shows it."""
    documents, _ = read("a: 1\n---\n# a comment\nb:\n  - c: 2\n    d: 3\n")

    place = documents[1].locate(("b", 0, "d"))
    key = documents[1].locate(("b", 0, "d"), key=True)

    assert ((6, 8), (6, 5)) == ((place.line, place.column), (key.line, key.column))


def test_a_duplicate_key_names_both_lines() -> None:
    """The second of two equal keys is the problem, and the message leads to the first."""
    _, problems = read("a: 1\nb: 2\na: 3\n")

    (problem,) = problems.found

    assert (3, 1, "duplicate-key", Severity.ERROR) == (problem.line, problem.column, problem.code, problem.severity)
    assert "line 1" in problem.message
