"""Cohere: what is billed and what was processed are two things; what is billed counts."""

from governor.core.provider_usage.compatible import COMPATIBLE_CHAT
from governor.core.provider_usage.shape import Count, Kind, Provider, Shape, facts, said

_SOURCES = (
    "https://docs.cohere.com/reference/chat",
    "https://docs.cohere.com/v2/docs/how-does-cohere-pricing-work",
)

BILLED = Shape(
    name="billed units",
    known_by=("billed_units",),
    counts=(
        Count(("billed_units.input_tokens",), (Kind.INPUT,)),
        Count(("billed_units.output_tokens",), (Kind.OUTPUT,)),
        Count(("billed_units.search_units",), unit="searches"),
        Count(("billed_units.classifications",), unit="classifications"),
        Count(("billed_units.images",), apart=True),
        Count(("billed_units.image_tokens",), apart=True),
        said("tokens.input_tokens", inside="", meaning="processed, with what is not billed"),
        said("tokens.output_tokens", inside="", meaning="processed"),
        said("cached_tokens", "tokens.cached_tokens", inside="", meaning="processed; what it saves is not said"),
    ),
    facts=facts("api_version", "warnings"),
    rules=(
        "`billed_units` counts, not `tokens`: those have the model's own preamble, too.",
        "A count that is not there is 0.",
    ),
    sources=_SOURCES,
)

TOKENS = Shape(
    name="tokens",
    known_by=("tokens",),
    counts=(
        Count(("tokens.input_tokens",), (Kind.INPUT,), required=True),
        Count(("tokens.output_tokens",), (Kind.OUTPUT,), required=True),
        said("cached_tokens", "tokens.cached_tokens", inside="", meaning="what it saves is not said"),
    ),
    facts=facts("api_version", "warnings"),
    rules=("Only where there are no `billed_units`: an upper bound of what is billed.",),
    sources=_SOURCES,
)

COHERE = Provider("cohere", "Cohere", (BILLED, TOKENS, COMPATIBLE_CHAT))
