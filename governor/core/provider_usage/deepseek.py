"""DeepSeek: cache hits and misses together are the prompt."""

from dataclasses import replace

from governor.core.provider_usage.anthropic import MESSAGES
from governor.core.provider_usage.draft import Draft
from governor.core.provider_usage.openai import CHAT, CHAT_DETAILS, CHAT_MODALITIES, COMPLETION, PROMPT, REASONING
from governor.core.provider_usage.shape import Kind, Provider, part, said

_HITS = "prompt_cache_hit_tokens"
_MISSES = "prompt_cache_miss_tokens"


def _finish(draft: Draft) -> None:
    """Warn of hits and misses that are not the prompt."""
    hits, misses, prompt = draft.count(_HITS), draft.count(_MISSES), draft.of(Kind.INPUT)
    if hits is not None and misses is not None and hits + misses != prompt:
        draft.warnings.append(
            f"`{_HITS}` and `{_MISSES}` come to {hits + misses} but `prompt_tokens` is {prompt}; the prompt is counted"
        )


DEEPSEEK = Provider(
    "deepseek",
    "DeepSeek",
    (
        replace(
            CHAT,
            counts=(
                PROMPT,
                COMPLETION,
                part(_HITS, "prompt_tokens_details.cached_tokens", kind=Kind.CACHED, inside="prompt_tokens"),
                said(_MISSES, inside="prompt_tokens"),
                REASONING,
                *CHAT_MODALITIES,
                *CHAT_DETAILS,
            ),
            finish=_finish,
            rules=("`prompt_tokens` is `prompt_cache_hit_tokens` + `prompt_cache_miss_tokens`.",),
            sources=(
                "https://api-docs.deepseek.com/api/create-chat-completion",
                "https://api-docs.deepseek.com/guides/kv_cache",
            ),
        ),
        MESSAGES,
    ),
)
