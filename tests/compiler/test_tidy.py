"""One layout for all policies: nothing that was written is lost, and what is tidy stays as it is."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.compiler.problems import Problems
from governor.compiler.source import read_documents
from governor.compiler.tidy import tidy

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "policies").glob("*.yaml"))


def tidied(text: str) -> str:
    """Lay out a text that can be read."""
    problems = Problems()
    made = tidy("p.yaml", text, problems)
    assert made is not None, problems.found
    return made


def meaning(text: str) -> str:
    """Return everything that a text says, with types and order."""
    return repr([document.value for document in read_documents("p.yaml", text, Problems())])


def comments(text: str) -> list[str]:
    """Return every comment in its order."""
    return [match.rstrip() for match in re.findall(r"(?:^|(?<=\s))#.*$", text, re.MULTILINE)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_tidy(path: Path) -> None:
    """What we show is laid out as we say."""
    text = path.read_text(encoding="utf-8")

    assert text == tidied(text)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
@pytest.mark.parametrize("seed", range(3))
def test_messy_examples_mean_the_same_and_keep_their_comments(path: Path, seed: int) -> None:
    """Spaces and blank lines come and go; comments and values stay, and a second time changes nothing."""
    dice = random.Random(seed)
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        lines.append(line + " " * dice.choice([0, 0, 3]))
        lines += [""] * dice.choice([0, 0, 0, 1, 4])
    messy = "\n".join(lines)
    made = tidied(messy)

    assert meaning(messy) == meaning(made)
    assert comments(messy) == comments(made)
    assert made == tidied(made)


SCALARS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(
        [
            "yes",
            "no",
            "~",
            "null",
            "1_000",
            "0x10",
            "12:30",
            "04-01",
            "1.50",
            "2026-11-20",
            "'it''s'",
            '"a # b"',
            "12k USD",
        ]
    ),
    st.text("abcXYZ ./@%-", min_size=1, max_size=12).map(lambda text: "x" + text.strip()),
)
LINES = st.lists(st.tuples(st.integers(1, 4), SCALARS, st.booleans(), st.booleans()), min_size=1, max_size=12)


@given(LINES)
def test_whatever_is_written_means_the_same(lines: list[tuple[int, str, bool, bool]]) -> None:
    """Any indentation, lists, texts, numbers and comments."""
    text = "apiVersion: governor/v1\n"
    for number, (indent, value, is_list, noted) in enumerate(lines):
        note = f"   # note {number}" if noted else ""
        pad = " " * indent
        text += (
            f"k{number}:{note}\n{pad}- {value}\n{pad}- {{a:  {value}}}\n"
            if is_list
            else f"k{number}:   {value}{note}\n"
        )
    problems = Problems()
    made = tidy("p.yaml", text, problems)
    if made is None:
        assert problems.fatal
        return

    assert meaning(text) == meaning(made)
    assert comments(text) == comments(made)
    assert made == tidied(made)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:   1\r\nb:\r\n- x\r\n- y", "a: 1\nb:\n  - x\n  - y\n"),
        ("a: 1\n\n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n"),
        ("a: {b:  1}\n", "a: {b: 1}\n"),
        ("a: [ {b: 1} ]  # why\n", "a: [{b: 1}]    # why\n"),
        ("# only a comment  \n", "# only a comment\n"),
        ("", ""),
        ("a: |\n  two  \n  lines\n", "a: |\n  two  \n  lines\n"),
        ("a: 'quoted'\nb: \"too\"\nc: plain\n", "a: 'quoted'\nb: \"too\"\nc: plain\n"),
        ("a: 1\n---\nb: 2\n", "a: 1\n---\nb: 2\n"),
        ("# why\n{a:   1, b: {c: [1]}}\n", "# why\na: 1\nb: {c: [1]}\n"),
        ("{a:   1, b: {c: [1]}} # end\n", "{a: 1, b: {c: [1]}}   # end\n"),
        ('{\n\t"a": "1",\n  "b": [\n    1]\n}\n', '"a": "1"\n"b": [1]\n'),
    ],
)
def test_layout(text: str, expected: str) -> None:
    """Two spaces for a mapping, two more for a list, no spaces at an end, one blank line at most."""
    assert expected == tidied(text)
    assert expected == tidied(expected)


@pytest.mark.parametrize("text", ["{a: 1, # one\n b: 2}\n", "a: [\n 1, # one\n 2 # two\n]\n"])
def test_what_would_be_lost_in_a_layout_keeps_its_own(text: str) -> None:
    """A comment inside braces or brackets has no place on one line: the file stays, and a warning says why."""
    problems = Problems()

    assert text == tidy("p.yaml", text, problems)
    assert [("p.yaml", "not-laid-out")] == [(problem.file, problem.code) for problem in problems.found]
    assert not problems.fatal


def test_unreadable_text_is_left_alone() -> None:
    """Why is said with the place."""
    problems = Problems()

    assert tidy("p.yaml", "a: [1\n", problems) is None
    assert [("p.yaml", "yaml-syntax")] == [(problem.file, problem.code) for problem in problems.found]
