"""Every lesson of the design is shown by a test, and whatever the table of lessons names is there."""

import ast
from functools import cache
from pathlib import Path
from typing import TypedDict

import pytest
import yaml

TESTS = Path(__file__).parent
PAGE = TESTS.parents[1] / "shared" / "design" / "lessons.md"


class Lesson(TypedDict):
    """A line of the page, and what shows that it was learned."""

    lesson: str
    shown: list[str]


LESSONS: dict[str, list[Lesson]] = yaml.safe_load((TESTS / "lessons.yaml").read_text(encoding="utf-8"))
SHOWN = [(each["lesson"], shown) for several in LESSONS.values() for each in several for shown in each["shown"]]


def lines_of(page: str) -> dict[str, list[str]]:
    """Return the lessons of each section of a page."""
    sections = (section.partition("\n") for section in page.split("\n## ")[1:])
    return {
        heading: [line.removeprefix("- ") for line in rest.splitlines() if line.startswith("- ")]
        for heading, _, rest in sections
    }


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the tests of a file, or the descriptions of its cases."""
    text = (TESTS / path).read_text(encoding="utf-8")
    if path.endswith(".yaml"):
        return frozenset(case["description"] for case in yaml.safe_load(text))
    return frozenset(
        node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_lesson_is_shown() -> None:
    """None stands there without a test, or twice in its section."""
    for several in LESSONS.values():
        assert all(each["shown"] for each in several)
        assert len(several) == len({each["lesson"] for each in several})


def test_the_table_has_every_line_of_the_page() -> None:
    """In its words and order. The table is what is checked everywhere; a change of the page is seen beside it."""
    table = {heading: [each["lesson"] for each in several] for heading, several in LESSONS.items()}

    assert 133 == sum(map(len, table.values()))
    assert not PAGE.exists() or table == lines_of(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("lesson", "shown"), SHOWN, ids=[shown[:80] for _, shown in SHOWN])
def test_what_shows_a_lesson_is_there(lesson: str, shown: str) -> None:
    """A test that was renamed or deleted leaves its lesson without a proof."""
    path, _, name = shown.partition("::") if "::" in shown else shown.partition(": ")
    found = names_in(path)

    assert name in found if "::" in shown else any(each.startswith(name) for each in found), lesson
