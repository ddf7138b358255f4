"""Any OpenAI-compatible server: OpenAI's forms, with the total as judge of where reasoning stands."""

from dataclasses import replace

from governor.core.provider_usage.draft import Draft
from governor.core.provider_usage.openai import CHAT, EMBEDDINGS, RESPONSES
from governor.core.provider_usage.shape import Kind, Provider

REASONING = "completion_tokens_details.reasoning_tokens"


def reasoning_by_total(draft: Draft) -> None:
    """Put reasoning beside the completion if that, and only that, is what the total comes to."""
    thought, total = draft.of(Kind.REASONING), draft.count("total_tokens")
    if thought and total == draft.of(Kind.INPUT) + draft.of(Kind.OUTPUT) + thought:
        draft.add(Kind.OUTPUT, thought)
        draft.placed.add(REASONING)


COMPATIBLE_CHAT = replace(
    CHAT,
    name="openai-compatible chat",
    finish=reasoning_by_total,
    rules=(
        (
            "Reasoning is inside `completion_tokens`, as with OpenAI, unless `total_tokens` is prompt, completion and "
            "reasoning together: then it stands beside it."
        ),
    ),
    sources=(*CHAT.sources, "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html"),
)

COMPATIBLE = Provider(
    "openai-compatible",
    "Any other OpenAI-compatible server",
    (
        COMPATIBLE_CHAT,
        replace(RESPONSES, name="openai-compatible responses"),
        replace(EMBEDDINGS, name="openai-compatible embeddings"),
    ),
)
