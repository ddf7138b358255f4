"""Gemini, by its own API and on Vertex: thoughts and tool-use prompts stand beside, cached content inside."""

from dataclasses import replace

from governor.core.provider_usage.anthropic import MESSAGES
from governor.core.provider_usage.draft import Draft, whole_number
from governor.core.provider_usage.openai import CHAT, EMBEDDINGS
from governor.core.provider_usage.shape import Count, Fact, Kind, Provider, Shape, beside, part, whole

# In each spelling: the API's, and that of the Python library.
_DETAILS = {
    "input": ("promptTokensDetails", "prompt_tokens_details"),
    "tool": ("toolUsePromptTokensDetails", "tool_use_prompt_tokens_details"),
    "cached": ("cacheTokensDetails", "cache_tokens_details"),
    "output": ("candidatesTokensDetails", "candidates_tokens_details", "responseTokensDetails"),
}
_DETAIL_FIELDS = {"modality", "tokenCount", "token_count"}
_MODALITIES = {"AUDIO": "audio", "IMAGE": "image", "VIDEO": "video"}


def _finish(draft: Draft) -> None:
    for where, names in _DETAILS.items():
        # A tool's prompt is input like any other.
        side = "input" if where == "tool" else where
        for name in names:
            # One list in two spellings is one list.
            if _read_details(draft, name, side):
                break


def _read_details(draft: Draft, name: str, side: str) -> bool:
    """Read a list of ``{"modality", "tokenCount"}``, if there is one; text and documents are priced as they come."""
    number = -1
    for number, item in enumerate(draft.items(name)):
        path = f"{name}[{number}]"
        tokens = whole_number(f"{path}.tokenCount", item.get("tokenCount", item.get("token_count"))) or 0
        named = item.get("modality")
        modality = _MODALITIES.get(named.upper()) if isinstance(named, str) else None
        if modality is not None:
            key = f"{side}_{modality}"
            draft.modalities[key] = draft.modalities.get(key, 0) + tokens
        unknown = sorted(
            key for key in item.keys() - {"modality", "tokenCount", "token_count"} if item[key] is not None
        )
        draft.unknown_parts.extend(f"{path}.{key}" for key in unknown)
    return number >= 0


def _thoughts_by_total(draft: Draft) -> None:
    """Count as reasoning what the total has more than prompt and completion."""
    total, counted = draft.count("total_tokens"), draft.of(Kind.INPUT) + draft.of(Kind.OUTPUT)
    if total is not None and total > counted:
        draft.add(Kind.REASONING, total - counted)
        draft.add(Kind.OUTPUT, total - counted)


USAGE_METADATA = Shape(
    name="usageMetadata",
    known_by=("totalTokenCount", "promptTokenCount", "total_token_count", "prompt_token_count"),
    counts=(
        whole("promptTokenCount", "prompt_token_count", kind=Kind.INPUT),
        part("cachedContentTokenCount", "cached_content_token_count", kind=Kind.CACHED, inside="promptTokenCount"),
        whole("toolUsePromptTokenCount", "tool_use_prompt_token_count", kind=Kind.INPUT, required=False),
        Count(
            ("candidatesTokenCount", "candidates_token_count", "responseTokenCount", "response_token_count"),
            (Kind.OUTPUT,),
        ),
        beside("thoughtsTokenCount", "thoughts_token_count", whole_kind=Kind.OUTPUT, kind=Kind.REASONING),
    ),
    facts=(
        Fact("trafficType", frozenset({"on_demand", "traffic_type_unspecified"})),
        Fact("traffic_type", frozenset({"on_demand", "traffic_type_unspecified"})),
        Fact("serviceTier", frozenset({"standard"})),
        Fact("service_tier", frozenset({"standard"})),
    ),
    totals=("totalTokenCount", "total_token_count"),
    finish=_finish,
    rules=(
        "Any other count than the prompt's is 0 where it is not there: Google leaves zeros out.",
        (
            "The lists of modalities (`promptTokensDetails`, `toolUsePromptTokensDetails`, `cacheTokensDetails`, "
            "`candidatesTokensDetails`) are parts of their counts: audio, images and video become `modalities`; "
            "text and documents stay as they are."
        ),
        "`responseTokenCount` is the Live API's name of `candidatesTokenCount`.",
    ),
    sources=(
        "https://ai.google.dev/api/generate-content#UsageMetadata",
        "https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse#UsageMetadata",
        "https://docs.langchain4j.dev/apidocs/dev/langchain4j/model/google/genai/GoogleGenAiTokenUsage.html",
    ),
)

EMBEDDING_STATISTICS = Shape(
    name="embedding statistics",
    known_by=("token_count", "tokenCount"),
    counts=(whole("token_count", "tokenCount", kind=Kind.INPUT),),
    facts=(Fact("truncated"),),
    sources=("https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api",),
)

_CHAT = replace(
    CHAT,
    name="openai-compatible chat",
    finish=_thoughts_by_total,
    rules=(
        (
            "`completion_tokens` is without thoughts and nothing else says how many there were, but the total has "
            "them: what it has more than prompt and completion is reasoning."
        ),
    ),
    sources=("https://discuss.ai.google.dev/t/question-with-usage-in-openai-compatibility/98760",),
)

_OWN = (USAGE_METADATA, _CHAT, EMBEDDINGS, EMBEDDING_STATISTICS)

GOOGLE = Provider("google", "Gemini", _OWN)
VERTEX = Provider("vertex", "Vertex AI", (*_OWN, MESSAGES))
