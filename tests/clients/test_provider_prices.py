"""Providers' usage objects and list prices together: what a call costs, by the library and by a provider's own bill."""

from datetime import UTC, datetime
from typing import Any

import genai_prices
import pytest

from governor.clients.price_catalogue import GenaiPrices
from governor.core.money import NANO_PER_USD, Rounding
from governor.core.prices import Price, Rates, cost_nano_usd
from governor.core.provider_usage.convert import convert
from governor.core.usage import Usage

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CATALOGUE = GenaiPrices()

OBJECTS: list[tuple[str, str, str, str, dict[str, Any]]] = [
    (
        "openai",
        "openai/gpt-audio",
        "gpt-audio",
        "chat",
        {
            "prompt_tokens": 81,
            "completion_tokens": 72,
            "total_tokens": 153,
            "prompt_tokens_details": {"audio_tokens": 69, "cached_tokens": 0, "text_tokens": 12},
            "completion_tokens_details": {"audio_tokens": 40, "reasoning_tokens": 0},
        },
    ),
    (
        "google",
        "google/gemini-2.5-flash",
        "gemini-2.5-flash",
        "default",
        {
            "promptTokenCount": 1000,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 300},
                {"modality": "AUDIO", "tokenCount": 700},
            ],
            "cachedContentTokenCount": 400,
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 400}],
            "candidatesTokenCount": 20,
            "thoughtsTokenCount": 30,
            "toolUsePromptTokenCount": 50,
            "totalTokenCount": 1100,
        },
    ),
    (
        "anthropic",
        "anthropic/claude-sonnet-4-5",
        "claude-sonnet-4-5",
        "default",
        {
            "input_tokens": 2048,
            "cache_read_input_tokens": 1800,
            "cache_creation_input_tokens": 248,
            "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
            "output_tokens": 503,
            "server_tool_use": {"web_search_requests": 3},
        },
    ),
    (
        "deepseek",
        "deepseek/deepseek-chat",
        "deepseek-chat",
        "chat",
        {
            "prompt_tokens": 1000,
            "completion_tokens": 20,
            "total_tokens": 1020,
            "prompt_cache_hit_tokens": 640,
            "prompt_cache_miss_tokens": 360,
            "prompt_tokens_details": {"cached_tokens": 640},
        },
    ),
    (
        "xai",
        "xai/grok-4-1-fast",
        "grok-4-1-fast-reasoning",
        "chat",
        {
            "prompt_tokens": 10120,
            "completion_tokens": 1499,
            "total_tokens": 14428,
            "prompt_tokens_details": {"cached_tokens": 128},
            "completion_tokens_details": {"reasoning_tokens": 2809},
        },
    ),
]
SELLERS = {"xai": "x-ai"}


@pytest.mark.parametrize(("provider", "model_id", "ref", "flavor", "given"), OBJECTS)
def test_an_object_costs_what_the_library_makes_of_it(
    provider: str, model_id: str, ref: str, flavor: str, given: dict[str, Any]
) -> None:
    """Two readings of one object, and two ways to price it, agree to the nano-USD."""
    seller = SELLERS.get(provider, provider)
    body = {"usage": given, "usageMetadata": given, "model": ref, "modelVersion": ref}
    read = genai_prices.extract_usage(body, provider_id=seller, api_flavor=flavor)
    listed = genai_prices.calc_price(read.usage, ref, provider_id=seller, genai_request_timestamp=NOW)
    price = CATALOGUE.price(model_id, provider, NOW)
    assert price is not None

    assert int(listed.total_price * NANO_PER_USD) == cost_nano_usd(
        price, convert(provider, given).usage, Rounding.HALF_UP
    )


def test_our_cost_is_what_the_provider_charged() -> None:
    """A real bill of xAI, told in its own object: Grok 4.20 at 1.25, 0.20 and 2.50 USD per million tokens."""
    price = Price(Rates(input=1_250_000_000, cached_input=200_000_000, output=2_500_000_000))
    converted = convert("xai", {**OBJECTS[4][4], "cost_in_usd_ticks": 232856000})

    assert 23_285_600 == converted.report.reported_cost_nano_usd
    assert 23_285_600 == cost_nano_usd(price, converted.usage, Rounding.HALF_UP)


@pytest.mark.parametrize(
    ("model_id", "given", "nano_usd"),
    [
        (
            "mistral/voxtral-mini-2602",
            {"prompt_audio_seconds": 203, "prompt_tokens": 4, "total_tokens": 3264, "completion_tokens": 635},
            10_150_000,
        ),
        ("mistral/mistral-ocr-2512", {"pages_processed": 3}, 6_000_000),
    ],
)
def test_what_is_sold_by_the_hour_or_page_costs_that_alone(model_id: str, given: dict[str, Any], nano_usd: int) -> None:
    """203 seconds at 0.18 USD an hour, three pages at 2 USD a thousand: the tokens beside them are not billed."""
    price = CATALOGUE.price(model_id, "mistral", NOW)
    assert price is not None

    assert nano_usd == cost_nano_usd(price, convert("mistral", given).usage, Rounding.HALF_UP)


def test_a_modality_without_a_price_costs_what_its_part_costs() -> None:
    """Audio is 10 times text here, images have no price of their own, and a cached part without one is cached."""
    price = Price(Rates(input=1000, cached_input=100, output=2000, modalities={"input_audio": 10_000}))
    usage = Usage(
        input_tokens=3_000_000,
        cached_input_tokens=1_000_000,
        output_tokens=1_000_000,
        modalities={"input_audio": 1_000_000, "input_image": 1_000_000, "cached_audio": 1_000_000, "output_audio": 5},
    )

    assert 10_000 + 1000 + 100 + 2000 == cost_nano_usd(price, usage, Rounding.HALF_UP)


def test_a_modality_may_be_cheaper_than_its_part_but_never_earns() -> None:
    """All of the input is audio at half the price."""
    price = Price(Rates(input=1000, output=2000, modalities={"input_audio": 500}))
    usage = Usage(input_tokens=1_000_000, modalities={"input_audio": 1_000_000})

    assert 500 == cost_nano_usd(price, usage, Rounding.HALF_UP)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input_tokens=10, cached_input_tokens=5, modalities={"input_audio": 6}),
        Usage(input_tokens=10, cached_input_tokens=5, modalities={"cached_audio": 3, "cached_image": 3}),
        Usage(output_tokens=10, reasoning_tokens=5, modalities={"output_video": 6}),
        Usage(input_tokens=10, modalities={"input_audio": -1}),
    ],
)
def test_modalities_are_parts(usage: Usage) -> None:
    """More of a modality than of the part that it is in cannot be."""
    assert usage.contradiction() is not None
