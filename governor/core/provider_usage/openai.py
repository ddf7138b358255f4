"""OpenAI and Azure OpenAI: every part is inside its whole."""

from governor.core.provider_usage.shape import Count, Kind, Provider, Shape, facts, part, said, whole

_CHAT_PAGE = "https://platform.openai.com/docs/api-reference/chat/object"
_RESPONSES_PAGE = "https://platform.openai.com/docs/api-reference/responses/object"
_CACHING_PAGE = "https://platform.openai.com/docs/guides/prompt-caching"

PROMPT = whole("prompt_tokens", kind=Kind.INPUT)
COMPLETION = whole("completion_tokens", kind=Kind.OUTPUT)
CACHED = part("prompt_tokens_details.cached_tokens", kind=Kind.CACHED, inside="prompt_tokens")
CACHE_WRITE = part("prompt_tokens_details.cache_write_tokens", kind=Kind.WRITE, inside="prompt_tokens")
REASONING = part("completion_tokens_details.reasoning_tokens", kind=Kind.REASONING, inside="completion_tokens")

CHAT_MODALITIES = (
    Count(("prompt_tokens_details.audio_tokens",), inside="prompt_tokens", modality="input_audio"),
    Count(("prompt_tokens_details.image_tokens",), inside="prompt_tokens", modality="input_image"),
    Count(("prompt_tokens_details.video_tokens",), inside="prompt_tokens", modality="input_video"),
    Count(("completion_tokens_details.audio_tokens",), inside="completion_tokens", modality="output_audio"),
    Count(("completion_tokens_details.image_tokens",), inside="completion_tokens", modality="output_image"),
)
CHAT_DETAILS = (
    said("prompt_tokens_details.text_tokens", inside="prompt_tokens"),
    said("completion_tokens_details.text_tokens", inside="completion_tokens"),
    said("completion_tokens_details.accepted_prediction_tokens", inside="completion_tokens"),
    said(
        "completion_tokens_details.rejected_prediction_tokens",
        inside="completion_tokens",
        meaning="predicted, not used, and billed as output",
    ),
)

CHAT = Shape(
    name="chat",
    known_by=("completion_tokens",),
    counts=(PROMPT, COMPLETION, CACHED, CACHE_WRITE, REASONING, *CHAT_MODALITIES, *CHAT_DETAILS),
    totals=("total_tokens",),
    sources=(_CHAT_PAGE, _CACHING_PAGE),
)

EMBEDDINGS = Shape(
    name="embeddings",
    known_by=("prompt_tokens",),
    counts=(PROMPT,),
    totals=("total_tokens",),
    rules=("An object with `prompt_tokens` and without `completion_tokens` is one of embeddings.",),
    sources=("https://platform.openai.com/docs/api-reference/embeddings/create",),
)


def _input(name: str) -> tuple[str, str]:
    """Return a detail of the input in the spellings of responses and of realtime."""
    return f"input_tokens_details.{name}", f"input_token_details.{name}"


def _output(name: str) -> tuple[str, str]:
    return f"output_tokens_details.{name}", f"output_token_details.{name}"


RESPONSES = Shape(
    name="responses",
    known_by=("input_tokens", "output_tokens"),
    counts=(
        whole("input_tokens", kind=Kind.INPUT),
        whole("output_tokens", kind=Kind.OUTPUT),
        part(*_input("cached_tokens"), kind=Kind.CACHED, inside="input_tokens"),
        part(*_input("cache_write_tokens"), kind=Kind.WRITE, inside="input_tokens"),
        part(*_output("reasoning_tokens"), kind=Kind.REASONING, inside="output_tokens"),
        Count(_input("audio_tokens"), inside="input_tokens", modality="input_audio"),
        Count(_input("image_tokens"), inside="input_tokens", modality="input_image"),
        Count(
            _input("cached_tokens_details.audio_tokens"),
            inside="input_tokens_details.cached_tokens",
            modality="cached_audio",
        ),
        Count(
            _input("cached_tokens_details.image_tokens"),
            inside="input_tokens_details.cached_tokens",
            modality="cached_image",
        ),
        Count(_output("audio_tokens"), inside="output_tokens", modality="output_audio"),
        Count(_output("image_tokens"), inside="output_tokens", modality="output_image"),
        said(*_input("text_tokens"), inside="input_tokens"),
        said(*_input("cached_tokens_details.text_tokens"), inside="input_tokens_details.cached_tokens"),
        said(*_output("text_tokens"), inside="output_tokens"),
    ),
    facts=facts("type"),
    totals=("total_tokens",),
    rules=(
        (
            "Image, transcription and realtime objects have the same form; realtime and transcription write "
            "`input_token_details` and `output_token_details`."
        ),
    ),
    sources=(
        _RESPONSES_PAGE,
        "https://platform.openai.com/docs/api-reference/images/object",
        "https://platform.openai.com/docs/api-reference/audio/json-object",
        "https://platform.openai.com/docs/api-reference/realtime-server-events/response/done",
    ),
)

DURATION = Shape(
    name="duration",
    known_by=("seconds",),
    counts=(Count(("seconds",), unit="audio_seconds", required=True, meaning="a begun second counts whole"),),
    facts=facts("type"),
    sources=("https://platform.openai.com/docs/api-reference/audio/json-object",),
)

OPENAI = Provider("openai", "OpenAI", (CHAT, RESPONSES, EMBEDDINGS, DURATION))
