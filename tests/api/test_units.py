"""What is not counted in tokens, batches, and calls that go on, through HTTP."""

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
