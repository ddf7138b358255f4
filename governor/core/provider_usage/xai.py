"""xAI: in chat, reasoning stands beside the completion; in responses inside the output. It says its own cost."""

from dataclasses import replace

from governor.core.provider_usage.compatible import REASONING
from governor.core.provider_usage.draft import Draft
from governor.core.provider_usage.openai import (
    CACHED,
    CHAT_DETAILS,
    CHAT_MODALITIES,
    COMPLETION,
    EMBEDDINGS,
    PROMPT,
    RESPONSES,
)
from governor.core.provider_usage.shape import Count, Kind, Provider, Shape, beside, facts

_TICKS_PER_USD = 10_000_000_000
_COST_RULE = "`cost_in_usd_ticks` is what xAI charged, in 10^-10 USD: it is given back as `reported_cost_usd`."
_COST_SOURCE = "https://docs.x.ai/developers/cost-tracking"

_TOOLS = (
    *(
        Count((f"server_side_tool_usage_details.{name}",), apart=True)
        for name in (
            "web_search_calls",
            "x_search_calls",
            "code_interpreter_calls",
            "file_search_calls",
            "document_search_calls",
            "image_generation_calls",
        )
    ),
    Count(("num_sources_used",), apart=True),
)
_FACTS = facts("num_server_side_tools_used", "server_side_tool_usage_details.mcp_calls", "context_details")


def _finish_chat(draft: Draft) -> None:
    """Believe a total that leaves no room for reasoning beside the completion."""
    _cost(draft)
    thought = draft.of(Kind.REASONING)
    if thought and draft.count("total_tokens") == draft.of(Kind.INPUT) + draft.of(Kind.OUTPUT) - thought:
        draft.add(Kind.OUTPUT, -thought)


def _cost(draft: Draft) -> None:
    draft.reported_cost_nano_usd = draft.money("cost_in_usd_ticks", _TICKS_PER_USD)


CHAT = Shape(
    name="chat",
    known_by=("completion_tokens",),
    counts=(
        PROMPT,
        COMPLETION,
        CACHED,
        beside(REASONING, whole_kind=Kind.OUTPUT, kind=Kind.REASONING),
        *CHAT_MODALITIES,
        *CHAT_DETAILS,
        *_TOOLS,
    ),
    facts=_FACTS,
    totals=("total_tokens",),
    finish=_finish_chat,
    rules=(
        (
            "Reasoning stands beside `completion_tokens`, and the total is prompt, completion and reasoning; only "
            "where `total_tokens` is prompt and completion alone, reasoning is inside."
        ),
        _COST_RULE,
    ),
    sources=(
        "https://docs.x.ai/docs/key-information/consumption-and-rate-limits",
        "https://github.com/vercel/ai/pull/12425",
        "https://docs.x.ai/developers/advanced-api-usage/prompt-caching/usage-and-pricing",
        _COST_SOURCE,
    ),
)

XAI = Provider(
    "xai",
    "xAI",
    (
        CHAT,
        replace(
            RESPONSES,
            counts=(*RESPONSES.counts, *_TOOLS),
            facts=(*RESPONSES.facts, *_FACTS),
            finish=_cost,
            rules=("Reasoning is inside `output_tokens`.", _COST_RULE),
            sources=(
                "https://docs.x.ai/developers/advanced-api-usage/prompt-caching/usage-and-pricing",
                _COST_SOURCE,
            ),
        ),
        replace(EMBEDDINGS, finish=_cost, rules=(_COST_RULE,), sources=(_COST_SOURCE,)),
    ),
)
