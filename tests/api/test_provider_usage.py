"""``provider_usage`` on ``POST /usage``: a provider's own object, alone, in a list and as CloudEvents."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governor.core.keys import Role
from governor.edges.api.wire_answers import EventsAnswer
from tests.api.test_usage import event, held_and_used, report
from tests.api.world import Server, StandingClock, question, running, settings_for, write_policies
from tests.core.provider_usage.objects import ANYTHING, OBJECTS, PROVIDER_NAMES

CHAT = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
ANTHROPIC = {"input_tokens": 800, "cache_read_input_tokens": 200, "output_tokens": 50, "service_tier": "standard"}
ADVISED = {
    "input_tokens": 1000,
    "output_tokens": 50,
    "iterations": [
        {"type": "message", "input_tokens": 1000, "output_tokens": 50},
        {"type": "advisor_message", "model": "gpt-4o-mini", "input_tokens": 10_000, "output_tokens": 1_000},
    ],
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """Give one server for many made-up events."""
    folder: Path = tmp_path_factory.mktemp("provider_usage")
    settings_here = settings_for(f"sqlite:///{folder}/governor.db", write_policies(folder / "policies"))
    async with running(settings_here, StandingClock()) as server:
        yield server


def by(provider: str, usage: Any, **changes: Any) -> dict[str, Any]:
    """Return an event with a provider's object."""
    return event(usage=None, provider_usage={"provider": provider, "usage": usage}, **changes)


_numbers = iter(range(10**9))


async def spent(viewer: httpx.AsyncClient) -> Decimal:
    """Return what the whole company has used."""
    listed = (await viewer.get("/budgets?quota=company-spend")).json()["budgets"]
    return sum((Decimal(budget["used"]) for budget in listed), Decimal(0))


async def test_an_object_settles_like_the_counts_that_it_means(any_server: Server) -> None:
    """The hold goes and the cost comes, to the cent; the answer says how the object was read."""
    async with any_server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        [result] = await report(client, by("openai", CHAT, decision_id=decision["decision_id"], subject=None))

        assert ("recorded", "0.003750000", None) == (result["status"], result["cost_usd"], result["reason"])
        assert {
            "provider": "openai",
            "shape": "chat",
            "reported_cost_usd": None,
            "unknown": [],
            "warnings": [],
        } == result["provider_usage"]
        assert ("0", "0.00375") == await held_and_used(client)


async def test_the_object_is_kept_and_shown_with_its_decision(any_server: Server) -> None:
    """What is unknown today may be known tomorrow: years later the object is still there as it was sent."""
    given_object = {**CHAT, "video_minutes": 3, "nested": {"deep": [1, 2.5, None]}}
    async with any_server.client() as client, any_server.client(Role.VIEWER) as viewer:
        decision = (await client.post("/decide", json=question())).json()
        [result] = await report(client, by("openai", given_object, decision_id=decision["decision_id"], subject=None))
        explained = (await viewer.get(f"/decisions/{decision['decision_id']}")).json()

    assert ["video_minutes", "nested"] == result["provider_usage"]["unknown"]
    assert given_object == explained["usage"][0]["provider_usage"]


async def test_lists_and_cloud_events_take_objects_too(server: Server) -> None:
    """The same event in any wrapping is the same event, and one bad object does not refuse the others."""
    plain = by("anthropic", ANTHROPIC, source="gw", time="2026-11-20T11:00:00Z")
    data = {name: value for name, value in plain.items() if name not in {"event_id", "source", "time"}}
    envelope = {"specversion": "1.0", "type": "t", "id": "e-1", "source": "gw", "time": plain["time"], "data": data}
    bad = {**plain, "event_id": "e-2", "provider_usage": {"provider": "anthropic", "usage": {"input_tokens": -1}}}
    async with server.client() as client:
        first, second = await report(client, [plain, bad])
        wrapped = await client.post(
            "/usage", content=msgspec.json.encode(envelope), headers={"content-type": "application/cloudevents+json"}
        )

    assert ("recorded", 1000, 200) == (
        first["status"],
        first["tokens"]["input_tokens"],
        first["tokens"]["cached_input_tokens"],
    )
    assert ("rejected", "e-2") == (second["status"], second["event_id"])
    assert second["reason"].startswith("`input_tokens` is -1; a count is from 0")
    assert {**first, "status": "duplicate"} == wrapped.json()["events"][0]


async def test_answers_have_exactly_the_documented_fields(server: Server) -> None:
    """What is documented is what is sent, also for parts of other models and for rejected objects."""
    async with server.client() as client:
        response = await client.post(
            "/usage",
            json=[
                by("anthropic", ADVISED),
                by("openai", {}, event_id="e-2"),
                by("openrouter", {**CHAT, "cost": 0.004}, event_id="e-3"),
            ],
        )

    advised, unreadable, costly = msgspec.json.decode(response.content, type=EventsAnswer).events
    assert "rejected" == unreadable.status
    assert isinstance(advised.other_models, list)
    assert isinstance(costly.provider_usage, msgspec.Struct)
    assert ("0.003750000", "0.004000000") == (costly.cost_usd, costly.provider_usage.reported_cost_usd)


async def test_another_models_part_of_a_call_costs_what_that_model_costs(any_server: Server) -> None:
    """An advisor's tokens are an event of their own, for the same decision, and a repetition counts once."""
    async with any_server.client() as client, any_server.client(Role.VIEWER) as viewer:
        decision = (await client.post("/decide", json=question())).json()
        asked = by("anthropic", ADVISED, decision_id=decision["decision_id"], subject=None)
        [result] = await report(client, asked)
        [again] = await report(client, asked)
        explained = (await viewer.get(f"/decisions/{decision['decision_id']}")).json()

        assert ("recorded", "0.003750000") == (result["status"], result["cost_usd"])
        [advisor] = result["other_models"]
        assert ("e-1/gpt-4o-mini", "recorded", "0.002100000") == (
            advisor["event_id"],
            advisor["status"],
            advisor["cost_usd"],
        )
        assert ("duplicate", "duplicate") == (again["status"], again["other_models"][0]["status"])
        assert {"anthropic/claude-sonnet-4", "openai/gpt-4o-mini"} == {one["model"] for one in explained["usage"]}
        assert ("0", "0.00585") == await held_and_used(client)


async def test_a_late_count_brings_the_other_models_with_it(any_server: Server) -> None:
    """A guess for a call that was cut off knew of no advisor; a second correction corrects the advisor, too."""
    async with any_server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        about = {"decision_id": decision["decision_id"], "subject": None}
        await report(client, event(**about, status="cancelled", usage=None))
        [late] = await report(client, by("anthropic", ADVISED, **about, event_id="e-2", corrects="e-1"))
        after_late = await held_and_used(client)
        less = {**ADVISED, "iterations": [ADVISED["iterations"][0], {**ADVISED["iterations"][1], "output_tokens": 0}]}
        [later] = await report(client, by("anthropic", less, **about, event_id="e-3", corrects="e-2"))

        assert ("recorded", "model_mismatch") == tuple(late["other_models"][0][name] for name in ("status", "reason"))
        assert ("0", "0.00585") == after_late
        assert "0.001500000" == later["other_models"][0]["cost_usd"]
        assert ("0", "0.00525") == await held_and_used(client)


@pytest.mark.parametrize(
    ("provider", "usage", "reason"),
    [
        ("openai", {}, "the usage object has no count that we know of `openai`"),
        (
            "openai",
            {"prompt_tokens": "9", "completion_tokens": 1},
            "`prompt_tokens` is text; a count is a whole number",
        ),
        ("anthropic", {"input_tokens": 1}, "`output_tokens` is missing"),
        (
            "openai",
            {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 10}},
            "`prompt_tokens_details.cached_tokens` is 10 but `prompt_tokens`, which includes it, is 9",
        ),
        ("openai", {"prompt_tokens": 2**63 - 1, "completion_tokens": 1}, "`input_tokens` and `output_tokens` together"),
        ("openai", {"prompt_tokens": 2**63 - 1, "completion_tokens": 0}, "is outside 0 to 9223372036854775807"),
    ],
)
async def test_an_object_that_cannot_be_counted_is_rejected_with_its_reason(
    server: Server, provider: str, usage: dict[str, Any], reason: str
) -> None:
    """It is never taken for nothing: no charge, and a sentence about what is wrong."""
    async with server.client() as client:
        [result] = await report(client, by(provider, usage))

        assert "rejected" == result["status"]
        assert reason in result["reason"]
        assert ("0", "0") == await held_and_used(client)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"usage": {"input_tokens": 1}, "provider_usage": {"provider": "openai", "usage": CHAT}}, "provider_usage"),
        ({"provider_usage": {"provider": "", "usage": CHAT}, "usage": None}, "provider_usage.provider"),
        ({"provider_usage": {"provider": "openai", "usage": [CHAT]}, "usage": None}, "provider_usage.usage"),
        (
            {"provider_usage": {"provider": "openai", "usage": {**CHAT, "x": "y" * 16_384}}, "usage": None},
            "provider_usage.usage",
        ),
        (
            {
                "provider_usage": {"provider": "cohere", "usage": {"billed_units": {"search_units": 1}}},
                "units": {"searches": 1},
                "usage": None,
            },
            "units.searches",
        ),
    ],
)
async def test_a_callers_mistake_is_an_error(server: Server, changes: dict[str, Any], field: str) -> None:
    """Counts said twice, an object that is none, or a whole answer instead of its usage."""
    async with server.client() as client:
        response = await client.post("/usage", json=event(**changes))

    assert (422, field) == (response.status_code, response.json()["error"]["details"]["field"])


async def test_units_that_the_caller_knows_stand_beside_the_object(server: Server) -> None:
    """What has no price leaves the price unknown, but what is known of it is charged."""
    async with server.client() as client:
        [result] = await report(client, by("openai", CHAT, units={"images": 2}))

        assert ("recorded", True, None) == (result["status"], result["unpriced"], result["cost_usd"])
        assert {"images": 2} == result["tokens"]["units"]
        assert ("0", "0.00375") == await held_and_used(client)


async def test_a_misspelt_field_beside_the_object_is_named(server: Server) -> None:
    """The object may hold anything; what is around it may not."""
    async with server.client() as client:
        response = await client.post("/usage", json=event(usage=None, provider_usage={"providr": "x", "usage": CHAT}))

    assert ("unknown_field", "provider_usage.providr") == (
        response.json()["error"]["code"],
        response.json()["error"]["details"]["field"],
    )


@pytest.mark.asyncio(loop_scope="module")
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    provider=st.sampled_from(PROVIDER_NAMES) | st.text(max_size=70),
    usage=OBJECTS,
    status=st.sampled_from(["ok", "error", "cancelled"]),
)
async def test_no_object_breaks_the_server_or_earns_money(
    shared: Server, provider: str, usage: dict[str, Any], status: str
) -> None:
    """Whatever is sent, the answer is a result or a refusal, and what is charged is never below zero."""
    async with shared.client() as client, shared.client(Role.VIEWER) as viewer:
        before = await spent(viewer)
        body = {**by(provider, usage, status=status), "event_id": f"e-{next(_numbers)}"}
        response = await client.post("/usage", json=body)
        after = await spent(viewer)

    assert response.status_code in {200, 422}, response.text
    assert after >= before
    if response.status_code == 200:
        [result] = response.json()["events"]
        assert result["cost_usd"] is None or Decimal(result["cost_usd"]) >= 0


@pytest.mark.asyncio(loop_scope="module")
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=ANYTHING)
async def test_anything_in_place_of_the_object_is_answered(shared: Server, value: Any) -> None:
    """Also what is no object at all."""
    async with shared.client() as client:
        response = await client.post("/usage", json=event(usage=None, provider_usage=value))

    assert response.status_code in {200, 422}, response.text
