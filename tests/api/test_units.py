"""What is not counted in tokens, batches, and calls that go on, through HTTP."""

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from governor.core.keys import Role
from governor.store.tables import ENTRIES, USAGE_UNITS_HOURLY
from governor.store.verify import verify
from tests.api.world import Server, question


async def test_a_unit_without_a_price_is_named_before_and_after_the_call(any_server: Server) -> None:
    """A deny says what was meant; usage is recorded all the same, with a note."""
    async with any_server.client() as client:
        asked = await client.post("/decide", json=question(units={"imges": 2}))
        event = {"event_id": "e1", "model": "claude-sonnet-4", "subject": {"user": "eve@acme.example"}}
        report = await client.post("/usage", json={**event, "usage": {"input_tokens": 10}, "units": {"searches": 1}})

    decision, [recorded] = asked.json(), report.json()["events"]
    [reason] = decision["reasons"]
    assert ("deny", "unknown_price") == (decision["verdict"], reason["code"])
    assert (
        "no price is known for the unit `imges` of anthropic/claude-sonnet-4; did you mean `images`?"
        == reason["message"]
    )
    assert ("recorded", True, None) == (recorded["status"], recorded["unpriced"], recorded["cost_usd"])
    assert recorded["note"].startswith("no price is known for the unit `searches` of anthropic/claude-sonnet-4; add it")


async def test_of_all_or_nothing_batches_count_with_all_their_requests(any_server: Server) -> None:
    """A batch whose average request is too long takes the group with it; a long total of short ones does not."""
    fits = question(operation="batch", requests=100, input_tokens=500_000, max_output_tokens=10_000)
    too_long = question(operation="batch", requests=2, input_tokens=9_000_000, max_output_tokens=10)
    async with any_server.client() as client:
        refused = (
            await client.post("/decide/batch", json={"requests": [fits, too_long], "all_or_nothing": True})
        ).json()
        placed = (await client.post("/decide/batch", json={"requests": [fits, fits], "all_or_nothing": True})).json()

    assert [["batch_denied"], ["context_too_large"]] == [
        [reason["code"] for reason in answer["reasons"]] for answer in refused["decisions"]
    ]
    assert [("allow", "1.650000000")] * 2 == [
        (answer["verdict"], answer["reservation"]["cost_usd"]) for answer in placed["decisions"]
    ]


async def test_a_summary_says_units_what_has_no_price_and_what_was_not_said(any_server: Server) -> None:
    """Beside tokens and money, by any grouping, also after a correction of the model, and in the totals of all."""
    eve = {"subject": {"user": "eve@acme.example"}, "model": "claude-sonnet-4"}
    events: list[dict[str, Any]] = [
        {"event_id": "e1", **eve, "usage": {"input_tokens": 10}, "units": {"searches": 1}, "use_case": "drafts"},
        {"event_id": "e2", **eve, "usage": {"input_tokens": 10}, "units": {"searches": 2, "pages": 4}},
        {"event_id": "e3", **eve, "usage": {"input_tokens": 10}},
        {"event_id": "e4", **eve, "model": "gpt-4o-mini", "corrects": "e2", "units": {"searches": 5}},
        {"event_id": "e5", **eve, "corrects": "e1", "usage": {"input_tokens": 20}},
    ]
    async with any_server.client() as client, any_server.client(Role.VIEWER) as viewer:
        for event in events:
            answer = (await client.post("/usage", json=event)).json()["events"]
            assert ["recorded"] == [one["status"] for one in answer]
        by_model = (await viewer.get("/usage/summary?by=model,use_case")).json()
        by_day = (await viewer.get("/usage/summary?by=day&limit=1")).json()
        unsaid = (await viewer.get("/usage/summary?by=use_case&use_case=(none)")).json()
    now_s = any_server.governor.clock.now().timestamp()
    found = await any_server.governor.database.read(lambda connection: list(verify(connection, now_s)))

    assert [
        ("anthropic/claude-sonnet-4", "(none)", 1, {}, 0),
        ("anthropic/claude-sonnet-4", "drafts", 1, {}, 0),
        ("openai/gpt-4o-mini", "(none)", 1, {"searches": 5}, 1),
    ] == [(*one["group"].values(), one["requests"], one["units"], one["unpriced"]) for one in by_model["groups"]]
    assert ({"searches": 5}, 1) == (by_model["totals"]["units"], by_model["totals"]["unpriced"])
    assert [{"searches": 5}] == [one["units"] for one in by_day["groups"]]
    assert [({"use_case": "(none)"}, 2)] == [(one["group"], one["requests"]) for one in unsaid["groups"]]
    assert [] == found


async def test_what_was_recorded_before_units_were_summed_up_takes_none_away(any_server: Server) -> None:
    """A correction, or a price found later, of such an event takes back only what was ever added."""
    eve = {"subject": {"user": "eve@acme.example"}, "usage": {"input_tokens": 10}}
    events: list[dict[str, Any]] = [
        {"event_id": "e1", **eve, "model": "gpt-4o-mini", "units": {"searches": 5}},
        {"event_id": "e2", **eve, "model": "claude-sonnet-4", "units": {"searches": 3}, "corrects": "e1"},
        {"event_id": "e3", **eve, "model": "claude-sonnet-4", "units": {"searches": 2}, "corrects": "e1"},
    ]

    def forget_units(connection: Connection) -> None:
        fields = msgspec.msgpack.decode(connection.execute(select(ENTRIES.c.record)).scalar_one())
        for posting in fields[4]:
            del posting["units"]
        connection.execute(update(ENTRIES).values(record=msgspec.msgpack.encode(fields)))
        connection.execute(delete(USAGE_UNITS_HOURLY))

    seen = []
    async with any_server.client() as client, any_server.client(Role.VIEWER) as viewer:
        for event in events:
            await client.post("/usage", json=event)
            if len(seen) == 0:
                await any_server.governor.database.write(forget_units)
            totals = (await viewer.get("/usage/summary")).json()["totals"]
            seen.append((totals["units"], totals["unpriced"]))
    now_s = any_server.governor.clock.now().timestamp()
    found = await any_server.governor.database.read(lambda connection: list(verify(connection, now_s)))

    assert [({}, 0), ({"searches": 3}, 1), ({"searches": 2}, 1)] == seen
    assert [] == found
