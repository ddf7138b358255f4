"""Prices of what is not plain text, and of calls that a provider went through several times."""

from pathlib import Path
from typing import Any

import pytest

from governor.store.verify import verify
from tests.api.test_rerate import AS_BILLED, decide, event, report, rerate
from tests.api.world import POLICIES, Server

TIERED = f"{AS_BILLED}, above: [{{context: 200k tokens, input: 6 USD per 1M tokens, output: 22.5 USD per 1M tokens}}]"
LONG = {"type": "compaction", "input_tokens": 250_000, "output_tokens": 1000}
SHORT = {"type": "message", "input_tokens": 150_000, "output_tokens": 2000}


async def publish(server: Server, policies: Path, rates: str) -> None:
    """Let Sonnet have other prices, since ever."""
    (policies / "organization.yaml").write_text(POLICIES.replace(AS_BILLED, rates))
    assert await server.governor.publisher.reload()


def anthropic(*iterations: dict[str, Any], **top: int) -> dict[str, Any]:
    """Return a usage object of Anthropic's, whose top level is its last iteration."""
    last = {name: iterations[-1][name] for name in ("input_tokens", "output_tokens")}
    return {"provider": "anthropic", "usage": {**last, **top, "iterations": list(iterations)}}


@pytest.mark.parametrize(
    ("iterations", "cost"),
    [
        # 150k at 3, 2k at 15, twice: neither is a long one, though they come to 300k.
        ((SHORT, SHORT), "0.960000000"),
        # The compaction alone is long: 250k at 6 and 1k at 22.5; then 150k at 3 and 2k at 15.
        ((LONG, SHORT), "2.002500000"),
        ((LONG,), "1.522500000"),
    ],
)
async def test_each_iteration_chooses_its_own_tier(
    any_server: Server, policies: Path, iterations: tuple[dict[str, Any], ...], cost: str
) -> None:
    """Anthropic bills the long context of an iteration, not of their sum."""
    await publish(any_server, policies, TIERED)
    used = anthropic(*iterations)
    [answer] = await report(any_server, event("e1", await decide(any_server), usage=None, provider_usage=used))

    assert ("recorded", cost) == (answer["status"], answer["cost_usd"])


async def test_iterations_keep_their_tiers_when_they_are_corrected_or_rated_anew(
    any_server: Server, policies: Path
) -> None:
    """A corrected price rates each iteration by itself, as it was settled; a correction brings its own."""
    await publish(any_server, policies, TIERED)
    first = await decide(any_server)
    await report(any_server, event("e1", first, usage=None, provider_usage=anthropic(SHORT, SHORT)))
    unchanged = await rerate(any_server)
    [corrected] = await report(
        any_server, event("e2", None, corrects="e1", usage=None, provider_usage=anthropic(LONG, SHORT))
    )
    await publish(any_server, policies, TIERED.replace("input: 6 USD", "input: 8 USD"))
    dearer = await rerate(any_server)
    differences = await any_server.governor.database.read(
        lambda connection: list(verify(connection, any_server.governor.clock.time()))
    )

    assert (0, "2.002500000") == (unchanged.total.events, corrected["cost_usd"])
    assert (2_002_500_000, 2_502_500_000) == (dearer.total.before_nano_usd, dearer.total.after_nano_usd)
    assert [] == differences


async def test_thinking_is_priced_within_the_iterations(any_server: Server, policies: Path) -> None:
    """The top level alone says how much of the output was thought; a price of its own counts for it."""
    await publish(any_server, policies, f"{TIERED}, reasoning: 30 USD per 1M tokens")
    used = anthropic(SHORT, SHORT, input_tokens=300_000, output_tokens=4000)
    used["usage"]["output_tokens_details"] = {"thinking_tokens": 3000}
    [answer] = await report(any_server, event("e1", await decide(any_server), usage=None, provider_usage=used))

    # 300k at 3, 1k at 15, 3k at 30.
    assert "1.005000000" == answer["cost_usd"]


@pytest.mark.parametrize(
    ("modalities", "cost"),
    [
        ("", "0.420000000"),
        (", modalities: {input_audio: 40 USD per 1M tokens}", "2.270000000"),
        (", modalities: {input_audio: 40 USD per 1M tokens, output_audio: 80 USD per 1M tokens}", "2.595000000"),
    ],
)
async def test_a_contract_may_price_tokens_that_are_not_text(
    any_server: Server, policies: Path, modalities: str, cost: str
) -> None:
    """Audio tokens cost what the PriceBook says, else what the tokens cost among which they are counted."""
    await publish(any_server, policies, AS_BILLED + modalities)
    used = {
        "prompt_tokens": 115_000,
        "completion_tokens": 5000,
        "prompt_tokens_details": {"audio_tokens": 50_000},
        "completion_tokens_details": {"audio_tokens": 5000},
    }
    provider_usage = {"provider": "openai", "usage": used}
    [answer] = await report(any_server, event("e1", None, usage=None, provider_usage=provider_usage, subject=EVE))

    assert ("recorded", cost) == (answer["status"], answer["cost_usd"])


EVE = {"user": "eve@acme.example"}
