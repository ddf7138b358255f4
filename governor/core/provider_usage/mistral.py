"""Mistral: OpenAI's form, with audio in seconds beside the tokens."""

from dataclasses import replace

from governor.core.provider_usage.draft import Draft
from governor.core.provider_usage.openai import CHAT, EMBEDDINGS
from governor.core.provider_usage.shape import Count, Kind, Provider, Shape

_SECONDS = "prompt_audio_seconds"
_CACHED = "prompt_tokens_details.cached_tokens"


def _finish(draft: Draft) -> None:
    """Leave alone what is said of audio tokens: audio is billed by the second."""
    if not draft.units.get("audio_seconds"):
        return
    draft.total_is_explained = True
    cached = draft.of(Kind.CACHED)
    draft.placed |= {_CACHED, "prompt_tokens_details.audio_tokens"}
    draft.modalities.clear()
    if cached:
        draft.counts[Kind.CACHED] = 0
        draft.warnings.append(f"`{_CACHED}` is {cached}, of text and audio together; the text counts as not cached")


MISTRAL = Provider(
    "mistral",
    "Mistral",
    (
        replace(
            CHAT,
            counts=(*CHAT.counts, Count((_SECONDS,), unit="audio_seconds", meaning="a begun second counts whole")),
            facts=(),
            finish=_finish,
            rules=(
                (
                    "Audio is billed by the second: its tokens are in `total_tokens`, but not in `prompt_tokens`, and "
                    "are not counted."
                ),
            ),
            sources=(
                "https://docs.mistral.ai/api/endpoint/chat",
                "https://docs.mistral.ai/studio-api/conversations/advanced/prompt-caching",
                "https://docs.mistral.ai/capabilities/audio/speech_to_text",
            ),
        ),
        EMBEDDINGS,
        Shape(
            name="ocr",
            known_by=("pages_processed",),
            counts=(Count(("pages_processed",), unit="pages", required=True),),
            facts=(),
            sources=("https://docs.mistral.ai/api/endpoint/ocr",),
        ),
    ),
)
