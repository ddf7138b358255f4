"""The tables of counts are what the conversion does: the documentation is made from them."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from governor.core.provider_usage.convert import convert
from governor.core.provider_usage.providers import PROVIDERS
from governor.core.provider_usage.report import UnreadableUsageError
from governor.core.provider_usage.shape import WHOLES, Count, Kind, Provider, Shape
from governor.core.usage import Usage
from tests.core.provider_usage.objects import OBJECTS, PROVIDER_NAMES

SHAPES = [
    pytest.param(provider, shape, id=f"{provider.name} {shape.name}")
    for provider in PROVIDERS
    for shape in provider.shapes
]
COUNTS = [
    pytest.param(provider, shape, count, name, id=f"{provider.name} {shape.name} {name}")
    for provider in PROVIDERS
    for shape in provider.shapes
    for count in shape.counts
    for name in count.names
]
LARGE = 1000
SMALL = 10


def put(given_object: dict[str, Any], name: str, value: int) -> None:
    """Write a count at a dotted path."""
    *above, last = name.split(".")
    for step in above:
        given_object = given_object.setdefault(step, {})
    given_object[last] = value


def whole_object(shape: Shape, *, without: Count | None = None) -> dict[str, Any]:
    """Return an object with every count that others need: the required ones, wholes, and what includes others."""
    made: dict[str, Any] = {}
    needed = {count.inside for count in shape.counts} | set(shape.known_by)
    for count in shape.counts:
        if count is not without and (count.required or count.names[0] in needed):
            put(made, count.names[0], SMALL * 5 if count.inside else LARGE)
    for name in shape.known_by:
        below = [count for count in shape.counts if count.names[0].startswith(f"{name}.") and count is not without]
        if below:
            put(made, below[0].names[0], LARGE)
    if set(shape.known_by) & set(shape.totals):
        put(made, shape.totals[0], 2 * LARGE)
    return made


def amounts(usage: Usage) -> dict[str, int]:
    """Return every count of a usage by name."""
    named = {name: getattr(usage, name) for name in Usage.__slots__ if name not in {"units", "modalities"}}
    return {**named, **usage.units}


@pytest.mark.parametrize(("provider", "shape"), SHAPES)
def test_every_shape_is_recognised_among_its_provider(provider: Provider, shape: Shape) -> None:
    """An object of a shape is read as that shape, although others are tried before it."""
    assert shape.name == convert(provider.name, whole_object(shape)).report.shape


@pytest.mark.parametrize(("provider", "shape", "count", "name"), COUNTS)
def test_a_count_adds_to_exactly_what_its_table_says(provider: Provider, shape: Shape, count: Count, name: str) -> None:
    """What is inside another adds nothing to input and output; what stands beside adds all of itself."""
    before = whole_object(shape, without=count)
    after = whole_object(shape, without=count)
    if count.required:
        put(before, name, LARGE)
        put(after, name, LARGE + SMALL)
    else:
        put(before, name, 0)
        put(after, name, SMALL)
    first, second = (amounts(convert(provider.name, given_object).usage) for given_object in (before, after))
    added = {name: second[name] - first.get(name, 0) for name in second if second[name] != first.get(name, 0)}
    wanted = {**dict.fromkeys(map(str, count.adds_to), SMALL), **({count.unit: SMALL} if count.unit else {})}
    if name.endswith("ephemeral_1h_input_tokens"):
        wanted = {"cache_write_tokens": -SMALL, "cache_write_1h_tokens": SMALL}

    assert wanted == added


@pytest.mark.parametrize(("provider", "shape"), SHAPES)
def test_a_table_is_complete_and_sourced(provider: Provider, shape: Shape) -> None:
    """A part adds to no whole, what stands beside adds to its whole, and every shape says where that is written."""
    first_names = {count.names[0] for count in shape.counts}

    assert shape.sources
    assert all(source.startswith("https://") for source in shape.sources)
    for count in shape.counts:
        if count.inside:
            assert count.inside in first_names
            assert not WHOLES & set(count.adds_to), count.names
        elif count.adds_to:
            assert WHOLES & set(count.adds_to), count.names


TOTALLED = [
    pytest.param(provider, shape, id=f"{provider.name} {shape.name}")
    for provider in PROVIDERS
    for shape in provider.shapes
    if shape.totals
]


@pytest.mark.parametrize(("provider", "shape"), TOTALLED)
@given(data=st.data())
def test_parts_come_to_the_total(provider: Provider, shape: Shape, data: st.DataObject) -> None:
    """Whatever the counts are: input and output together are the provider's total, and nothing is warned of."""
    given_object: dict[str, Any] = {}
    total = 0
    for count in shape.counts:
        if count.inside or not count.adds_to:
            continue
        amount = data.draw(st.integers(0, 10**9), label=count.names[0])
        put(given_object, count.names[0], amount)
        total += amount
    put(given_object, shape.totals[0], total)
    converted = convert(provider.name, given_object)

    assert total == converted.usage.input_tokens + converted.usage.output_tokens
    assert () == converted.report.warnings
    assert converted.usage.contradiction() is None


@given(provider=st.sampled_from(PROVIDER_NAMES), given_object=OBJECTS)
@example(provider="openai", given_object={"prompt_tokens": 10**4000, "completion_tokens": 1})
@example(provider="openrouter", given_object={"prompt_tokens": 1, "completion_tokens": 1, "cost": 10**4000})
@example(
    provider="litellm", given_object={"prompt_tokens": 1, "completion_tokens": 1, "cache_creation_input_tokens": 2}
)
def test_any_object_is_counted_or_refused(provider: str, given_object: dict[str, Any]) -> None:
    """Nothing breaks, and no count is ever below zero."""
    try:
        converted = convert(provider, given_object)
    except UnreadableUsageError:
        return

    assert all(count >= 0 for one in (converted, *converted.others) for count in amounts(one.usage).values())
    assert Kind.INPUT in amounts(converted.usage)
