"""From a provider's usage object to our counts: recognise the shape, take the counts, check what must hold."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from governor.core.model_names import provider_name
from governor.core.provider_usage.draft import Draft
from governor.core.provider_usage.modalities import place_modalities
from governor.core.provider_usage.providers import find_provider
from governor.core.provider_usage.report import Converted, ProviderReport, UnreadableUsageError
from governor.core.provider_usage.shape import Count, Kind, Provider, Shape
from governor.core.usage import Usage

NAMES_MAX = 50
"""Unknown fields named in an answer; the object itself is kept whole."""

_NAME_LENGTH_MAX = 80


def convert(provider: str, given: Mapping[str, Any]) -> Converted:
    """Normalise a provider's usage object.

    Args:
        provider: Who wrote it, in any usual spelling; one that we do not know is read as OpenAI-compatible.
        given: The object, decoded from JSON.

    Returns:
        Our counts, which may still contradict each other (``Usage.contradiction``), and what was found beside them.

    Raises:
        UnreadableUsageError: If it has no shape of the provider, misses a count or has one that is no count.
    """
    writer = find_provider(provider)
    shape = _shape(writer, provider, given)
    draft = Draft(given)
    for count in shape.counts:
        _take(draft, count)
    for fact in shape.facts:
        _note(draft, fact.name, fact.plain)
    if shape.finish is not None:
        shape.finish(draft)
    _check_parts(draft, shape)
    _check_total(draft, shape)
    usage = _usage(draft)
    unknown = [name[:_NAME_LENGTH_MAX] for name in draft.unknown()]
    if len(unknown) > NAMES_MAX:
        draft.warnings.append(f"{len(unknown) - NAMES_MAX} more fields are unknown")
    report = ProviderReport(
        provider=provider_name(provider)[:_NAME_LENGTH_MAX],
        shape=shape.name,
        reported_cost_nano_usd=draft.reported_cost_nano_usd,
        unknown=tuple(unknown[:NAMES_MAX]),
        warnings=tuple(dict.fromkeys(draft.warnings)),
    )
    return Converted(usage, report, tuple(draft.others.values()), tuple(_part(counts) for counts in draft.parts))


def _shape(writer: Provider, provider: str, given: Mapping[str, Any]) -> Shape:
    for shape in writer.shapes:
        if any(Draft(given).raw(name) is not None for name in shape.known_by):
            return shape
    known = "; ".join(f"{shape.name}: {', '.join(f'`{name}`' for name in shape.known_by)}" for shape in writer.shapes)
    raise UnreadableUsageError(
        f"the usage object has no count that we know of `{provider[:40]}` ({known}); "
        "send the object as the provider wrote it, or `usage` in our own counts"
    )


def _take(draft: Draft, count: Count) -> None:
    """Take one count from the object."""
    value = draft.seconds(count.names[0]) if count.unit == "audio_seconds" else draft.count(*count.names)
    if value is None:
        if count.required:
            raise UnreadableUsageError(f"`{count.names[0]}` is missing; send the usage object of the whole answer")
        return
    draft.taken[count.names[0]] = value
    for kind in count.adds_to:
        draft.add(kind, value)
    if count.unit and value:
        draft.units[count.unit] = draft.units.get(count.unit, 0) + value
    if count.modality:
        draft.modalities[count.modality] = draft.modalities.get(count.modality, 0) + value
    if count.apart and value:
        draft.warnings.append(f"`{count.names[0]}` is {value}: the provider bills it apart, and it is not priced here")


def _note(draft: Draft, name: str, plain: frozenset[str]) -> None:
    value = draft.raw(name)
    draft.know(name, wholly=True)
    if not plain or not isinstance(value, str) or value.lower() in plain:
        return
    if value.lower() == "batch":
        draft.warnings.append(f"`{name}` is `batch`; batch prices go by the event's own `operation`")
    else:
        draft.warnings.append(f"`{name}` is `{value[:40]}`; a price that depends on it is not applied")


def _check_parts(draft: Draft, shape: Shape) -> None:
    """Refuse a part that is larger than the count that includes it.

    Raises:
        UnreadableUsageError: If there is one.
    """
    for count in shape.counts:
        name = count.names[0]
        if not count.inside or name in draft.placed:
            continue
        inner, outer = draft.taken.get(name, 0), draft.taken.get(count.inside, 0)
        if inner > outer:
            raise UnreadableUsageError(f"`{name}` is {inner} but `{count.inside}`, which includes it, is {outer}")


def _check_total(draft: Draft, shape: Shape) -> None:
    """Warn of a total that is not what the counts come to."""
    total = draft.count(*shape.totals) if shape.totals else None
    counted = draft.of(Kind.INPUT) + draft.of(Kind.OUTPUT)
    if total is not None and total != counted and not draft.total_is_explained:
        draft.warnings.append(f"`{shape.totals[0]}` is {total} but the counts come to {counted}; the counts are taken")


def _usage(draft: Draft) -> Usage:
    return replace(_part(draft.counts), units=draft.units, modalities=place_modalities(draft))


def _part(counts: Mapping[str, int]) -> Usage:
    return Usage(
        input_tokens=counts.get(Kind.INPUT, 0),
        cached_input_tokens=counts.get(Kind.CACHED, 0),
        cache_write_tokens=counts.get(Kind.WRITE, 0),
        cache_write_1h_tokens=counts.get(Kind.WRITE_1H, 0),
        output_tokens=counts.get(Kind.OUTPUT, 0),
        reasoning_tokens=counts.get(Kind.REASONING, 0),
    )
