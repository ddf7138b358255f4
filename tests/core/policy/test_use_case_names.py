"""Former names of use cases: remembered when ``formerly`` is cleaned up, and never those of another use case."""

import pytest

from governor.core.policy.header import Header, Source
from governor.core.policy.use_case import Audience, Stage, UseCase
from governor.core.policy.use_case_lineage import former_names, trace_use_cases


def use_case(name: str, *formerly: str) -> UseCase:
    """Return a use case of which only the names matter."""
    header = Header("UseCase", name, Source("u.yaml", 1), formerly=formerly)
    return UseCase(header, Stage.PRODUCTION, Audience.INTERNAL)


def last_names(*versions: list[UseCase]) -> dict[str, str]:
    """Publish versions one after the other and return the former names that the last one knows.

    What is read of the names is as in the database: those that are not their own root, and those that were asked for.
    """
    published: dict[str, str] = {}
    found: dict[str, str] = {}
    for number, listed in enumerate(versions, start=1):
        asked = {f"UseCase/{name}" for each in listed for name in (each.name, *each.header.formerly)}
        remembered = {name: root for name, root in published.items() if name != root or name in asked}
        roots = {**remembered, **trace_use_cases(listed, remembered, f"v{number}")}
        published.update(roots)
        found = former_names({each.name: each for each in listed}, roots)
    return found


@pytest.mark.parametrize("last", [("a", "b"), ("b", "a"), ("b",), ("a",), ()])
def test_names_of_the_past_are_remembered_whatever_formerly_still_says(last: tuple[str, ...]) -> None:
    """Also the first one, which is its own root, and with only the last version before."""
    assert {"a": "c", "b": "c"} == last_names(
        [use_case("a")], [use_case("b", "a")], [use_case("c", "b")], [use_case("c", *last)]
    )


def test_a_name_that_another_use_case_took_over_is_of_nobody_else() -> None:
    """While that one is there, when it is gone, and when it has another name itself."""
    versions = ([use_case("a")], [use_case("b", "a")], [use_case("a"), use_case("b")])

    assert {} == last_names(*versions)
    assert {} == last_names(*versions, [use_case("b")])
    assert {"a": "c"} == last_names(*versions, [use_case("b"), use_case("c", "a")], [use_case("b"), use_case("c")])


def test_a_use_case_that_is_gone_leaves_its_names_to_nobody() -> None:
    """One that is registered later is another one."""
    assert {} == last_names([use_case("a")], [use_case("b", "a")], [use_case("c")])
