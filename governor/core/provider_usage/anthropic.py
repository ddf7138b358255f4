"""Anthropic's Messages: cache reads and writes stand beside ``input_tokens``, and iterations beside the top level."""

from collections.abc import Iterable, Mapping
from typing import Any

from governor.core.provider_usage.compatible import COMPATIBLE_CHAT
from governor.core.provider_usage.draft import Draft, whole_number
from governor.core.provider_usage.report import OtherModel, UnreadableUsageError
from governor.core.provider_usage.shape import Count, Fact, Kind, Provider, Shape, beside, facts, part, said, whole
from governor.core.usage import Usage

_OWN = ("message", "compaction")
_FALLBACK = "fallback_message"
_ADVISOR = "advisor_message"
_OTHERS_MAX = 4
"""Each is an event of its own: an object must not become hundreds of them."""

_WRITES = {"ephemeral_5m_input_tokens": Kind.WRITE, "ephemeral_1h_input_tokens": Kind.WRITE_1H}
_PARTS = (
    ("input_tokens", (Kind.INPUT,)),
    ("cache_read_input_tokens", (Kind.INPUT, Kind.CACHED)),
    ("cache_creation_input_tokens", (Kind.INPUT, Kind.WRITE)),
    ("output_tokens", (Kind.OUTPUT,)),
)
_ITERATION_FIELDS = {name for name, _ in _PARTS} | {"type", "model", "cache_creation", "output_tokens_details"}


def _finish(draft: Draft) -> None:
    """Tell five-minute from one-hour writes, and count what the top level leaves out."""
    _split_writes(draft.counts, "cache_creation", draft.given.get("cache_creation"), draft)
    iterations = list(draft.items("iterations"))
    if iterations:
        _count_iterations(draft, iterations)


def _split_writes(counts: dict[str, int], name: str, creation: object, draft: Draft) -> None:
    """Move one-hour writes out of the ordinary ones; the breakdown is a part of ``cache_creation_input_tokens``.

    Raises:
        UnreadableUsageError: If there are more one-hour writes than writes.
    """
    if creation is None:
        return
    if not isinstance(creation, dict):
        raise UnreadableUsageError(f"`{name}` must be an object")
    found = {kind: whole_number(f"{name}.{key}", creation.get(key)) or 0 for key, kind in _WRITES.items()}
    writes, split = counts.get(Kind.WRITE, 0), sum(found.values())
    if split > writes:
        raise UnreadableUsageError(
            f"`{name}` comes to {split} but `cache_creation_input_tokens`, which includes it, is {writes}"
        )
    if split < writes:
        draft.warnings.append(
            f"`{name}` comes to {split} of {writes} cache writes; the rest counts as five-minute ones"
        )
    counts[Kind.WRITE] = writes - found[Kind.WRITE_1H]
    counts[Kind.WRITE_1H] = found[Kind.WRITE_1H]


def _count_iterations(draft: Draft, iterations: list[Mapping[str, Any]]) -> None:
    """Take the counts of the iterations of this model, and set those of other models apart."""
    own_types = (_FALLBACK, "compaction") if any(item.get("type") == _FALLBACK for item in iterations) else _OWN
    own: list[dict[str, int]] = []
    for number, item in enumerate(iterations):
        name = f"iterations[{number}]"
        counts = _iteration(draft, name, item)
        kind = item.get("type")
        if kind in own_types:
            own.append(counts)
        elif kind in {_ADVISOR, "message"}:
            _set_apart(draft, name, item, counts)
        else:
            draft.warnings.append(f"`{name}.type` is not one that we know; its tokens are not counted")
    if not own:
        draft.warnings.append("`iterations` has none of this model's own; the top level is counted")
        return
    summed = _sum(own)
    compacted = any(item.get("type") == "compaction" for item in iterations)
    top = {kind: draft.of(kind) for kind in Kind}
    # They may have more than the top level, never less: then something is missing in them.
    complete = summed[Kind.INPUT] >= top[Kind.INPUT] and summed[Kind.OUTPUT] >= top[Kind.OUTPUT]
    if complete:
        draft.counts = {**summed, Kind.REASONING: top[Kind.REASONING]}
        if len(own) > 1:
            draft.parts = _with_thoughts(own, top[Kind.REASONING])
    if not (complete and compacted) and any(top[kind] != summed[kind] for kind in (Kind.INPUT, Kind.OUTPUT)):
        taken = "iterations are" if complete else "top level is"
        draft.warnings.append(
            f"the iterations come to {summed[Kind.INPUT]} input and {summed[Kind.OUTPUT]} output tokens, the top level "
            f"to {top[Kind.INPUT]} and {top[Kind.OUTPUT]}; the {taken} counted"
        )


def _with_thoughts(own: list[dict[str, int]], thoughts: int) -> list[dict[str, int]]:
    """Spread the thinking tokens, which the top level alone tells, over the iterations as far as their output goes."""
    parts = []
    for counts in own:
        here = min(thoughts, counts[Kind.OUTPUT])
        thoughts -= here
        parts.append({**counts, Kind.REASONING: here})
    return parts


def _iteration(draft: Draft, name: str, item: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of one iteration, which are written like the top level."""
    counts: dict[str, int] = {}
    for key, kinds in _PARTS:
        value = whole_number(f"{name}.{key}", item.get(key)) or 0
        for kind in kinds:
            counts[kind] = counts.get(kind, 0) + value
    _split_writes(counts, f"{name}.cache_creation", item.get("cache_creation"), draft)
    unknown = sorted(key for key in item.keys() - _ITERATION_FIELDS if item[key] is not None)
    draft.unknown_parts.extend(f"{name}.{key}" for key in unknown)
    return counts


def _set_apart(draft: Draft, name: str, item: Mapping[str, Any], counts: dict[str, int]) -> None:
    """Set apart what another model did: an advisor, or a model that declined and handed over.

    A model that declined before it had written anything is not billed.

    Raises:
        UnreadableUsageError: If there are too many.
    """
    if item.get("type") == "message" and not counts[Kind.OUTPUT]:
        return
    model = item.get("model")
    if not isinstance(model, str) or not model or len(model) > 256:
        draft.warnings.append(f"`{name}` is of another model but does not name it; its tokens are not counted")
        return
    before = draft.others.get(model)
    draft.others[model] = OtherModel(model, _usage(counts, before.usage if before is not None else Usage()))
    if len(draft.others) > _OTHERS_MAX:
        raise UnreadableUsageError(f"`iterations` names more than {_OTHERS_MAX} other models; that is no single call")


def _usage(counts: Mapping[str, int], before: Usage) -> Usage:
    return Usage(
        input_tokens=before.input_tokens + counts[Kind.INPUT],
        cached_input_tokens=before.cached_input_tokens + counts[Kind.CACHED],
        cache_write_tokens=before.cache_write_tokens + counts[Kind.WRITE],
        cache_write_1h_tokens=before.cache_write_1h_tokens + counts.get(Kind.WRITE_1H, 0),
        output_tokens=before.output_tokens + counts[Kind.OUTPUT],
    )


def _sum(several: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in several:
        for kind, count in counts.items():
            total[kind] = total.get(kind, 0) + count
    return total


MESSAGES = Shape(
    name="messages",
    known_by=("input_tokens", "output_tokens"),
    counts=(
        whole("input_tokens", kind=Kind.INPUT),
        beside("cache_read_input_tokens", whole_kind=Kind.INPUT, kind=Kind.CACHED),
        beside("cache_creation_input_tokens", whole_kind=Kind.INPUT, kind=Kind.WRITE),
        said(
            "cache_creation.ephemeral_5m_input_tokens",
            inside="cache_creation_input_tokens",
            meaning="stays `cache_write_tokens`",
        ),
        said(
            "cache_creation.ephemeral_1h_input_tokens",
            inside="cache_creation_input_tokens",
            meaning="moves to `cache_write_1h_tokens`",
        ),
        whole("output_tokens", kind=Kind.OUTPUT),
        part("output_tokens_details.thinking_tokens", kind=Kind.REASONING, inside="output_tokens"),
        Count(("server_tool_use.web_search_requests",), unit="searches"),
        Count(("server_tool_use.code_execution_requests",), apart=True, meaning="billed by the hour of its container"),
    ),
    facts=(
        Fact("service_tier", frozenset({"standard"})),
        Fact("inference_geo", frozenset({"global", "not_available"})),
        Fact("speed", frozenset({"standard"})),
        *facts("server_tool_use.web_fetch_requests", "server_tool_use.tool_search_requests"),
    ),
    finish=_finish,
    rules=(
        "Input is `input_tokens` + `cache_read_input_tokens` + `cache_creation_input_tokens`: none includes another.",
        (
            "`iterations`, where they are there, are counted instead of the top level: it leaves out `compaction`, and "
            "in older answers all but the first `message`."
        ),
        "Each iteration chooses the tier of its price by its own input, as Anthropic bills it.",
        (
            "`advisor_message`, and with a `fallback_message` each `message` of the model that declined, is another "
            "model's work: it is recorded as an event of its own, `<event_id>/<model>`, at that model's price. A "
            "model that declined before it wrote anything is not billed."
        ),
        "Web fetches and tool searches cost nothing beside their tokens.",
    ),
    sources=(
        "https://platform.claude.com/docs/en/build-with-claude/prompt-caching",
        "https://platform.claude.com/docs/en/build-with-claude/compaction",
        "https://platform.claude.com/docs/en/api/beta/messages (BetaUsage.iterations)",
        "https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool",
        "https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback",
        "https://github.com/ccusage/ccusage/issues/1552",
    ),
)

ANTHROPIC = Provider("anthropic", "Anthropic", (COMPATIBLE_CHAT, MESSAGES))
