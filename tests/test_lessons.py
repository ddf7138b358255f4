"""The table of lessons is true: whatever it names is there."""

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

TESTS = Path(__file__).parent
LESSONS: dict[str, dict[str, list[str]]] = yaml.safe_load((TESTS / "lessons.yaml").read_text(encoding="utf-8"))
SHOWN = [(lesson, shown) for lessons in LESSONS.values() for lesson, several in lessons.items() for shown in several]


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
    """None stands there without a test."""
    assert all(several for lessons in LESSONS.values() for several in lessons.values())


@pytest.mark.parametrize(("lesson", "shown"), SHOWN, ids=[shown[:80] for _, shown in SHOWN])
def test_what_shows_a_lesson_is_there(lesson: str, shown: str) -> None:
    """A test that was renamed or deleted leaves its lesson without a proof."""
    path, _, name = shown.partition("::") if "::" in shown else shown.partition(": ")
    found = names_in(path)

    assert name in found if "::" in shown else any(each.startswith(name) for each in found), lesson
