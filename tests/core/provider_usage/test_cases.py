"""Usage objects from the providers' documentation and from real calls, one YAML case each."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from governor.core.money import NANO_PER_USD, Rounding, usd_text
from governor.core.prices import Price, Rates, cost_nano_usd
from governor.core.provider_usage.convert import convert
from governor.core.provider_usage.providers import PROVIDERS, find_provider
from governor.core.provider_usage.report import Converted, UnreadableUsageError
from governor.core.usage import Usage

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['description']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
DATA = Path(__file__).parents[4] / "shared" / "data"
RECORDED = DATA / "provider-usage-examples.json"
TRACES = DATA / "otel"

NAMES = {
    "anthropic": "anthropic",
    "aws-bedrock-converse": "bedrock",
    "google": "google",
    "groq": "groq",
    "mistral(openai-compatible)": "mistral",
    "openai-chat(-compatible)": "openai",
    "openai-responses": "openai",
}
"""The recordings' names of providers and ours."""


PRICE = Price(
    Rates(
        input=1 * NANO_PER_USD,
        cached_input=NANO_PER_USD // 10,
        cache_write=5 * NANO_PER_USD // 4,
        cache_write_1h=2 * NANO_PER_USD,
        output=5 * NANO_PER_USD,
        reasoning=6 * NANO_PER_USD,
        units={"search": NANO_PER_USD // 100, "audio_minute": 6 * NANO_PER_USD // 1000, "page": NANO_PER_USD // 500},
        modalities={
            "input_audio": 10 * NANO_PER_USD,
            "cached_audio": 3 * NANO_PER_USD // 2,
            "input_image": 2 * NANO_PER_USD,
            "input_video": 3 * NANO_PER_USD,
            "output_image": 30 * NANO_PER_USD,
            "output_audio": 20 * NANO_PER_USD,
        },
    )
)
"""USD per million tokens, and for one unit. No two kinds cost the same, so that a token in a wrong place is seen."""


def cost_usd(usage: Usage) -> str:
    """Return what usage costs at these prices."""
    cost = cost_nano_usd(PRICE, usage, Rounding.HALF_UP)
    assert cost is not None
    return usd_text(cost)


def counts(**given: int) -> dict[str, int]:
    """Return all counts of a usage, those not given as 0."""
    usage = Usage(**given)
    return {name: getattr(usage, name) for name in Usage.__slots__ if name not in {"units", "modalities"}}


def found(converted: Converted) -> dict[str, Any]:
    """Return everything that a conversion found, as a case writes it."""
    usage, report = converted.usage, converted.report
    return {
        "shape": report.shape,
        "tokens": {name: getattr(usage, name) for name in counts()},
        "units": usage.units,
        "modalities": usage.modalities,
        "cost_usd": cost_usd(usage),
        "unknown": list(report.unknown),
        "reported_cost_usd": None if report.reported_cost_nano_usd is None else usd_text(report.reported_cost_nano_usd),
        "others": [
            {
                "model": other.model,
                "cost_usd": cost_usd(other.usage),
                **{name: getattr(other.usage, name) for name in counts()},
            }
            for other in converted.others
        ],
    }


@pytest.mark.parametrize("case", CASES)
def test_an_object_is_counted_and_priced_as_its_provider_documents_it(case: dict[str, Any]) -> None:
    """Everything that a case does not name is 0, or not there; what it costs was worked out apart from our rules."""
    if "rejected" in case:
        with pytest.raises(UnreadableUsageError) as refusal:
            convert(case["provider"], case["usage"])

        assert case["rejected"] in refusal.value.message
        return
    converted = convert(case["provider"], case["usage"])
    want = case["want"]
    warnings = want.get("warnings", [])

    assert {
        "shape": want["shape"],
        "tokens": counts(**want.get("tokens", {})),
        "units": want.get("units", {}),
        "modalities": want.get("modalities", {}),
        "cost_usd": want["cost_usd"],
        "unknown": want.get("unknown", []),
        "reported_cost_usd": want.get("reported_cost_usd"),
        "others": [{**counts(), **other} for other in want.get("others", [])],
    } == found(converted)
    assert converted.usage.contradiction() is None
    assert want.get("provider", case["provider"]) == converted.report.provider
    assert len(warnings) == len(converted.report.warnings), converted.report.warnings
    for expected, actual in zip(warnings, converted.report.warnings, strict=True):
        assert expected in actual


def test_every_provider_has_an_object_that_costs_something() -> None:
    """A new one cannot be forgotten."""
    priced = {
        find_provider(case["provider"]).name
        for [case] in (param.values for param in CASES)
        if float(case.get("want", {}).get("cost_usd", 0))
    }

    assert {provider.name for provider in PROVIDERS} == priced


EXPECTED = [
    counts(input_tokens=55376, cache_write_tokens=55096, output_tokens=90),
    counts(input_tokens=14, output_tokens=65),
    counts(input_tokens=401468, output_tokens=792),
    counts(input_tokens=1837, output_tokens=82),
    counts(input_tokens=40, output_tokens=302),
    counts(input_tokens=2514, cache_write_tokens=2492, output_tokens=13),
    counts(input_tokens=510, output_tokens=18, reasoning_tokens=18),
    counts(input_tokens=7, output_tokens=61, reasoning_tokens=53),
    counts(input_tokens=3520, cached_input_tokens=3512, output_tokens=44, reasoning_tokens=42),
    counts(input_tokens=42, output_tokens=8),
    counts(input_tokens=268, cached_input_tokens=224, output_tokens=5),
    counts(input_tokens=156, output_tokens=561, reasoning_tokens=512),
    counts(input_tokens=81, output_tokens=72),
    counts(input_tokens=41, output_tokens=1457, reasoning_tokens=704),
    counts(input_tokens=142, cache_write_tokens=27, output_tokens=33, reasoning_tokens=11),
]
"""What each recording comes to, in their order; worked out by hand."""

COSTS_USD = [
    "0.069600000",
    "0.000339000",
    "0.505428000",
    "0.002247000",
    "0.001550000",
    "0.003202000",
    "0.000618000",
    "0.000365000",
    "0.000621200",
    "0.000082000",
    "0.000091400",
    "0.003473000",
    "0.001062000",
    "0.008030000",
    "0.000324750",
]
"""What each recording costs at the prices above, searches and audio included; worked out apart from our rules."""

BESIDE_TOKENS = {2: ({"searches": 10}, {}), 12: ({}, {"input_audio": 69})}
"""Units and modalities of the recordings that have any."""

UNKNOWN = {7: ("pydantic_ai_gateway",), 9: ("pydantic_ai_gateway",)}
"""What a gateway on the way has added."""


def need(path: Path) -> None:
    """Skip a test whose recordings are not beside the project; in CI they must be."""
    if path.exists():
        return
    message = f"the recorded usage objects are not in ../shared/data/{path.name}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def test_recorded_objects_are_counted_without_a_warning() -> None:
    """Real objects of real calls: every token in its place, and nothing to be surprised about."""
    need(RECORDED)
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    converted = [convert(NAMES[example["provider"]], example["usage"]) for example in recorded]

    assert EXPECTED == [{name: getattr(one.usage, name) for name in counts()} for one in converted]
    assert COSTS_USD == [cost_usd(one.usage) for one in converted]
    assert [BESIDE_TOKENS.get(index, ({}, {})) for index in range(len(recorded))] == [
        (one.usage.units, one.usage.modalities) for one in converted
    ]
    assert [UNKNOWN.get(index, ()) for index in range(len(recorded))] == [one.report.unknown for one in converted]
    assert [()] * len(recorded) == [one.report.warnings for one in converted]


def traced() -> list[tuple[str, dict[str, Any]]]:
    """Return the distinct usage objects of the recorded traces, with their providers."""
    found_objects: dict[str, tuple[str, dict[str, Any]]] = {}
    for path in sorted(TRACES.glob("*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            given = json.loads(line)["case"].get("raw_usage")
            if given is not None:
                found_objects[json.dumps(given, sort_keys=True)] = (path.name.partition(".")[0], given)
    return list(found_objects.values())


def test_objects_of_recorded_traces_come_to_their_totals() -> None:
    """A hundred more of OpenAI and Google; only a blocked prompt, which reports nothing, is told to be unreadable."""
    need(TRACES)
    counted = 0
    for provider, given in traced():
        if given == {"trafficType": "ON_DEMAND"}:
            with pytest.raises(UnreadableUsageError, match="no count that we know of `google`"):
                convert(provider, given)
            continue
        converted = convert(provider, given)
        counted += 1

        assert ((), ()) == (converted.report.warnings, converted.report.unknown), given
        assert converted.usage.contradiction() is None
        assert given.get("total_tokens", given.get("totalTokenCount")) == (
            converted.usage.input_tokens + converted.usage.output_tokens
        )

    assert counted > 100


ONE_CALL: dict[str, dict[str, Any]] = {
    "openai": {
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "total_tokens": 1200,
        "prompt_tokens_details": {"cached_tokens": 600},
        "completion_tokens_details": {"reasoning_tokens": 150},
    },
    "anthropic": {
        "input_tokens": 400,
        "cache_read_input_tokens": 600,
        "output_tokens": 200,
        "output_tokens_details": {"thinking_tokens": 150},
    },
    "google": {
        "promptTokenCount": 1000,
        "cachedContentTokenCount": 600,
        "candidatesTokenCount": 50,
        "thoughtsTokenCount": 150,
        "totalTokenCount": 1200,
    },
    "xai": {
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "total_tokens": 1200,
        "prompt_tokens_details": {"cached_tokens": 600},
        "completion_tokens_details": {"reasoning_tokens": 150},
    },
    "deepseek": {
        "prompt_tokens": 1000,
        "prompt_cache_hit_tokens": 600,
        "prompt_cache_miss_tokens": 400,
        "completion_tokens": 200,
        "completion_tokens_details": {"reasoning_tokens": 150},
    },
}
"""The same call as five providers would tell it."""


@pytest.mark.parametrize("provider", ONE_CALL)
def test_one_call_is_the_same_in_every_convention(provider: str) -> None:
    """What is inside with one stands beside with another (litellm#6215, litellm#11364, bifrost#904)."""
    expected = Usage(input_tokens=1000, cached_input_tokens=600, output_tokens=200, reasoning_tokens=150)

    assert expected == convert(provider, ONE_CALL[provider]).usage
