"""LiteLLM: every provider's counts in OpenAI's form; it has put the cache inside the prompt."""

from dataclasses import replace

from governor.core.provider_usage.draft import Draft
from governor.core.provider_usage.openai import (
    CHAT,
    CHAT_DETAILS,
    CHAT_MODALITIES,
    COMPLETION,
    EMBEDDINGS,
    PROMPT,
    REASONING,
    RESPONSES,
)
from governor.core.provider_usage.shape import Count, Fact, Kind, Provider, facts, part, said

_READS = "prompt_tokens_details.cached_tokens"
_WRITES = "prompt_tokens_details.cache_creation_tokens"
_HOUR = "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens"
_FIVE_MINUTES = "prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens"


def _finish(draft: Draft) -> None:
    """Move one-hour writes out of the ordinary ones."""
    hour = draft.count(_HOUR) or 0
    draft.add(Kind.WRITE, -hour)
    draft.add(Kind.WRITE_1H, hour)


LITELLM = Provider(
    "litellm",
    "LiteLLM",
    (
        replace(
            CHAT,
            counts=(
                PROMPT,
                COMPLETION,
                part(_READS, "cache_read_input_tokens", kind=Kind.CACHED, inside="prompt_tokens"),
                part(_WRITES, "cache_creation_input_tokens", kind=Kind.WRITE, inside="prompt_tokens"),
                said(_FIVE_MINUTES, inside=_WRITES, meaning="stays `cache_write_tokens`"),
                said(_HOUR, inside=_WRITES, meaning="moves to `cache_write_1h_tokens`"),
                REASONING,
                *CHAT_MODALITIES,
                *CHAT_DETAILS,
                Count(("server_tool_use.web_search_requests",), unit="searches"),
            ),
            facts=(
                Fact("inference_geo", frozenset({"global", "not_available"})),
                Fact("speed", frozenset({"standard"})),
                *facts("server_tool_use.tool_search_requests"),
            ),
            finish=_finish,
            rules=(
                "LiteLLM adds cache reads and writes to `prompt_tokens`, also for providers that keep them beside.",
            ),
            sources=(
                "https://docs.litellm.ai/docs/completion/prompt_caching",
                "https://github.com/BerriAI/litellm/blob/main/litellm/llms/anthropic/chat/transformation.py",
            ),
        ),
        RESPONSES,
        EMBEDDINGS,
    ),
)
