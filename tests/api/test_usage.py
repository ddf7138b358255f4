"""``POST /usage`` through HTTP: single events, lists, and CloudEvents in three modes."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import Connection, select, update

from governor.edges.api.wire_answers import EventsAnswer
from governor.store.tables import ENTRIES
from tests.api.world import Server, StandingClock, question, running, settings_for
from tests.ledger.faults import stuck

COUNTS = {"input_tokens": 1000, "cached_input_tokens": 200, "output_tokens": 50}


def event(**changes: Any) -> dict[str, Any]:
    """Return an unreserved event, with changes; a change to None leaves the field out."""
    fields = {
        "event_id": "e-1",
        "model": "claude-sonnet-4",
        "subject": {"user": "eve@acme.example"},
        "usage": COUNTS,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


async def report(client: httpx.AsyncClient, body: Any) -> list[dict[str, Any]]:
    """Report and return the results."""
    response = await client.post("/usage", json=body)
    assert 200 == response.status_code, response.text
    results: list[dict[str, Any]] = response.json()["events"]
    return results


async def held_and_used(client: httpx.AsyncClient) -> tuple[str, str]:
    """Return what engineering holds and has used."""
    listed = (await client.get("/budgets?quota=department-spend&department=engineering")).json()["budgets"][0]
    return listed["held"], listed["used"]


async def test_usage_settles_what_was_held_to_the_cent(any_server: Server) -> None:
    """The hold goes, the actual cost comes: 1,000 input and 50 output tokens of Sonnet are 0.00375 USD."""
    async with any_server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        [result] = await report(client, event(decision_id=decision["decision_id"], subject=None))

        assert ("recorded", "0.003750000", None) == (result["status"], result["cost_usd"], result["reason"])
        assert ("0", "0.00375") == await held_and_used(client)


async def test_results_have_exactly_the_documented_fields(server: Server) -> None:
    """What is documented is what is sent, for recorded and for rejected events."""
    async with server.client() as client:
        response = await client.post("/usage", json=[event(), event(event_id="e-2", usage={"input_tokens": -1})])

    statuses = [result.status for result in msgspec.json.decode(response.content, type=EventsAnswer).events]
    assert ["recorded", "rejected"] == statuses


async def test_a_lost_answer_may_be_asked_for_again(any_server: Server) -> None:
    """The same event twice counts once, and the second answer is the first (litellm#30460)."""
    async with any_server.client() as client:
        [first] = await report(client, event())
        [again] = await report(client, event())

        assert {**first, "status": "duplicate"} == again
        assert ("0", "0.00375") == await held_and_used(client)


async def test_a_ledger_that_hangs_is_a_503_and_the_event_can_be_sent_again(
    database_url: str, policies: Path, standing: StandingClock
) -> None:
    """A report waits ten times as long as a decision; sent until it is answered, it counts once."""
    hanging, entered = threading.Event(), threading.Event()
    async with running(settings_for(database_url, policies, decide_deadline_ms=1), standing) as server:
        waiting = asyncio.ensure_future(server.governor.ledger.submit(stuck(hanging, entered)))
        await asyncio.to_thread(entered.wait)
        async with server.client() as client:
            refused = await client.post("/usage", json=[event(), event(event_id="e-2")])
            still_hanging = not waiting.done()
            hanging.set()
            await waiting
            while (again := await client.post("/usage", json=event())).status_code == 503:
                pass
            balance = await held_and_used(client)

    assert (503, "1", "ledger_unavailable") == (
        refused.status_code,
        refused.headers["retry-after"],
        refused.json()["error"]["code"],
    )
    assert still_hanging
    assert (True, ("0", "0.00375")) == (again.json()["events"][0]["status"] in {"recorded", "duplicate"}, balance)


async def test_the_same_event_with_another_body_is_a_conflict(any_server: Server) -> None:
    """An event id that comes back with other counts is told so, and counts once."""
    async with any_server.client() as client:
        await report(client, event())
        [result] = await report(client, event(usage={"input_tokens": 7}))

        assert "conflict" == result["status"]
        assert ("0", "0.00375") == await held_and_used(client)


async def test_an_event_that_an_older_version_recorded_can_be_corrected(any_server: Server) -> None:
    """Its record does not say how its budgets count; the quotas do."""

    def forget_budgets(connection: Connection) -> None:
        fields = msgspec.msgpack.decode(connection.execute(select(ENTRIES.c.record)).scalar_one())
        connection.execute(update(ENTRIES).values(record=msgspec.msgpack.encode(fields[:8])))

    async with any_server.client() as client:
        await report(client, event())
        await any_server.governor.database.write(forget_budgets)
        await report(client, event(event_id="e-2", corrects="e-1", usage={"input_tokens": 400}))

        assert ("0", "0.0012") == await held_and_used(client)


async def test_an_event_is_the_same_however_it_is_written(server: Server) -> None:
    """The order of fields, a list around it, or a CloudEvents envelope make no other event of it."""
    plain = event(source="gw", time="2026-11-20T11:00:00Z")
    data = {name: value for name, value in plain.items() if name not in {"event_id", "source", "time"}}
    envelope = {"specversion": "1.0", "type": "governor.usage", "id": "e-1", "source": "gw", "time": plain["time"]}
    async with server.client() as client:
        [first] = await report(client, plain)
        [listed] = await report(client, [dict(reversed(plain.items()))])
        wrapped = await client.post(
            "/usage",
            content=msgspec.json.encode({**envelope, "data": data}),
            headers={"content-type": "application/cloudevents+json"},
        )

    assert "recorded" == first["status"]
    assert ["duplicate", "duplicate"] == [listed["status"], wrapped.json()["events"][0]["status"]]


async def test_one_bad_event_does_not_refuse_the_others(any_server: Server) -> None:
    """Each slot has its own result, with the id given back where one can be made out."""
    bad = {"event_id": "e-2", "modle": "x"}
    async with any_server.client() as client:
        results = await report(client, [event(), bad, "nonsense", event(event_id="e-3")])

    assert ["recorded", "rejected", "rejected", "recorded"] == [result["status"] for result in results]
    assert ["e-1", "e-2", "", "e-3"] == [result["event_id"] for result in results]
    assert results[1]["reason"].startswith("unknown_field: `modle` is not a field")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"usage": {"input_tokens": 10, "cached_input_tokens": 11}}, "more cached than input"),
        ({"usage": None}, "ok without usage"),
        ({"usage": {"output_tokens": 1, "reasoning_tokens": 2}}, "more reasoning than output"),
        ({"time": "2026-11-20T12:05:01Z"}, "from the future"),
        ({"time": "2026-08-01T00:00:00Z"}, "too old"),
        ({"decision_id": "not-an-id"}, "no decision id"),
    ],
)
async def test_usage_that_cannot_be_is_rejected_visibly(server: Server, changes: dict[str, Any], reason: str) -> None:
    """Usage that contradicts itself or says nothing is never counted as nothing (envoyproxy/ai-gateway#2248)."""
    async with server.client() as client:
        [result] = await report(client, event(**changes))

        assert "rejected" == result["status"], reason
        assert result["reason"]
        assert ("0", "0") == await held_and_used(client)


@pytest.mark.parametrize("status", ["error", "cache_hit"])
async def test_calls_that_used_nothing_settle_at_zero(server: Server, status: str) -> None:
    """An error and a cache hit give back all that was held (Kong counted cache hits)."""
    async with server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        [result] = await report(
            client, event(decision_id=decision["decision_id"], status=status, usage=None, subject=None)
        )

        assert ("recorded", "0.000000000") == (result["status"], result["cost_usd"])
        assert ("0", "0") == await held_and_used(client)


async def test_a_cancelled_call_settles_at_the_hold_and_is_corrected_by_the_late_count(any_server: Server) -> None:
    """Until the provider's count arrives, what was held is charged and marked as an estimate (litellm#36008)."""
    async with any_server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        [cancelled] = await report(
            client, event(decision_id=decision["decision_id"], status="cancelled", usage=None, subject=None)
        )
        before = await held_and_used(client)
        [late] = await report(
            client, event(decision_id=decision["decision_id"], event_id="e-2", corrects="e-1", subject=None)
        )

        assert ("0.004500000", True) == (cancelled["cost_usd"], cancelled["estimated"])
        assert ("0", "0.0045") == before
        assert ("recorded", False) == (late["status"], late["estimated"])
        assert ("0", "0.00375") == await held_and_used(client)


async def test_a_cancelled_call_that_counted_nothing_settles_at_its_hold(server: Server) -> None:
    """An object without counts is no usage: it does not make a call free that was cut off."""
    async with server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        [cancelled] = await report(
            client, event(decision_id=decision["decision_id"], status="cancelled", usage={}, subject=None)
        )

    assert ("0.004500000", True) == (cancelled["cost_usd"], cancelled["estimated"])


async def test_zero_null_and_absent_counts_are_three_different_inputs(server: Server) -> None:
    """Zero is recorded as zero; null is no count and is refused; absent usage is not a count of zero."""
    async with server.client() as client:
        [zero] = await report(client, event(usage={"input_tokens": 0, "output_tokens": 0}))
        null = await client.post("/usage", json=event(event_id="e-2", usage={"input_tokens": None}))
        [absent] = await report(client, event(event_id="e-3", usage=None))
        [empty] = await report(client, event(event_id="e-4", usage={}))
        [images] = await report(client, event(event_id="e-5", usage={}, units={"images": 0}))
        parts = [
            (await report(client, event(event_id=f"of {part}", usage={part: 0})))[0]["status"]
            for part in ("input_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens")
        ]
        [same] = await report(client, event(event_id="of input_tokens", usage={"output_tokens": 0, "input_tokens": 0}))

    assert ("recorded", "0.000000000") == (zero["status"], zero["cost_usd"])
    assert (422, "rejected") == (null.status_code, absent["status"])
    assert ("rejected", absent["reason"]) == (empty["status"], empty["reason"])
    assert "recorded" == images["status"]
    assert (["recorded"] * 4, "duplicate") == (parts, same["status"])


async def test_a_source_is_bound_to_its_key(server: Server) -> None:
    """Another key's event with the same source and id is an event of its own: nobody can take another's ids."""
    other = await server.make_key("gw2")
    async with server.client() as first, server.client(secret=other) as second:
        [one] = await report(first, event(source="shared"))
        [two] = await report(second, event(source="shared", usage={"input_tokens": 1}))

    assert ["recorded", "recorded"] == [one["status"], two["status"]]


async def test_a_released_decision_takes_late_usage_in_full(any_server: Server) -> None:
    """The money is spent, so it is recorded, and marked as late."""
    async with any_server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        await client.post(f"/reservations/{decision['decision_id']}/release")
        [result] = await report(client, event(decision_id=decision["decision_id"], subject=None))

        assert ("recorded", "settled_late") == (result["status"], result["reason"])
        assert ("0", "0.00375") == await held_and_used(client)


async def test_a_thousand_events_are_taken_and_one_more_is_refused(server: Server) -> None:
    """A list is bounded."""
    async with server.client() as client:
        response = await client.post("/usage", json=[event()] * 1001)

    assert (422, "invalid_request") == (response.status_code, response.json()["error"]["code"])
