"""``POST /decide`` and ``/decide/batch`` through HTTP."""

import asyncio

import msgspec
import pytest

from governor.core.keys import Role
from governor.edges.api.wire_answers import DecisionAnswer, ErrorAnswer
from tests.api.world import Server, question


async def test_an_allowed_request_is_answered_with_its_hold(any_server: Server) -> None:
    """An allow names the model, what is held, and the budgets with what is left."""
    async with any_server.client() as client:
        answer = (await client.post("/decide", json=question())).json()

    assert "allow" == answer["verdict"]
    assert "anthropic/claude-sonnet-4" == answer["model"]
    assert "0.004500000" == answer["reservation"]["cost_usd"]
    assert ["Quota/company-spend", "Quota/department-spend", "Quota/user-requests"] == [
        budget["policy"] for budget in answer["budgets"]
    ]


async def test_every_answer_has_exactly_the_documented_fields(server: Server) -> None:
    """What is documented is what is sent: allow, deny, and error."""
    async with server.client() as client:
        allowed = await client.post("/decide", json=question())
        denied = await client.post("/decide", json=question(subject={"user": "mia@acme.example"}))
        refused = await client.post("/decide", json={"modl": "x"})

    assert "allow" == msgspec.json.decode(allowed.content, type=DecisionAnswer).verdict
    assert "model_not_allowed" == msgspec.json.decode(denied.content, type=DecisionAnswer).reasons[0].code
    assert "unknown_field" == msgspec.json.decode(refused.content, type=ErrorAnswer).error.code


async def test_a_deny_is_an_answer_and_not_an_error(server: Server) -> None:
    """An exhausted budget is answered with 200, the numbers compared and when it resets."""
    async with server.client() as client:
        response = await client.post("/decide", json=question(max_output_tokens=60_000, n=200))
        answer = response.json()

    assert 200 == response.status_code
    assert "deny" == answer["verdict"]
    assert {"quota_exceeded"} == {reason["code"] for reason in answer["reasons"]}
    assert "2026-11-30T23:00:00Z" == answer["reasons"][0]["resets_at"]


async def test_a_deny_changes_no_counter(server: Server) -> None:
    """A refused request leaves every budget as it was, request counters included (litellm#39309)."""
    async with server.client() as client:
        before = (await client.get("/budgets")).json()
        await client.post("/decide", json=question(max_output_tokens=60_000, n=200))
        after = (await client.get("/budgets")).json()

    assert before == after


async def test_the_number_in_a_deny_is_the_number_that_budgets_shows(any_server: Server) -> None:
    """There is one truth: what a deny compared is what ``GET /budgets`` returns at that moment (litellm#27735)."""
    async with any_server.client() as client:
        await client.post("/decide", json=question(max_output_tokens=60_000, n=100))
        denied = (await client.post("/decide", json=question(max_output_tokens=60_000, n=100))).json()
        listed = (await client.get("/budgets?quota=department-spend&department=engineering")).json()["budgets"]

    reason = denied["reasons"][0]
    assert "Quota/department-spend" == reason["policy"]
    assert [(reason["limit"], reason["used"], reason["held"])] == [
        (budget["limit"], budget["used"], budget["held"]) for budget in listed
    ]


async def test_200_parallel_requests_on_a_budget_with_room_for_10_give_10_allows(any_server: Server) -> None:
    """Concurrency never overspends: 10 of 200 are allowed, and held stays within the limit (litellm#34732)."""
    asked = question(subject={"user": "mia@acme.example"}, model="gpt-4o-mini", max_output_tokens=16_000, n=104)
    async with any_server.client() as client:
        responses = await asyncio.gather(*(client.post("/decide", json=asked) for _ in range(200)))
        budget = (await client.get("/budgets?quota=department-spend&department=marketing")).json()["budgets"][0]

    assert 10 == sum(response.json()["verdict"] == "allow" for response in responses)
    assert float(budget["held"]) <= 10


async def test_a_repeated_request_gets_the_first_answer_again(any_server: Server) -> None:
    """The same id, attempt and body are answered alike, and nothing is held twice."""
    async with any_server.client() as client:
        first = (await client.post("/decide", json=question(request_id="r1"))).json()
        again = (await client.post("/decide", json=question(request_id="r1"))).json()

    assert {**first, "replayed": True} == again


async def test_the_same_request_id_with_another_body_is_a_conflict(any_server: Server) -> None:
    """An idempotency key that comes back with another body is refused with 409 and changes nothing."""
    async with any_server.client() as client:
        await client.post("/decide", json=question(request_id="r1"))
        response = await client.post("/decide", json=question(request_id="r1", input_tokens=2000))

    assert (409, "conflict") == (response.status_code, response.json()["error"]["code"])


async def test_request_ids_of_two_clients_do_not_meet(server: Server) -> None:
    """A client is the key's name: another client's request with the same id is a request of its own."""
    other = await server.make_key("gw2")
    async with server.client() as first, server.client(secret=other) as second:
        one = (await first.post("/decide", json=question(request_id="r1"))).json()
        two = (await second.post("/decide", json=question(request_id="r1", input_tokens=5))).json()

    assert (False, False) == (one["replayed"], two["replayed"])


async def test_requests_without_an_id_are_never_taken_for_a_repetition(server: Server) -> None:
    """Two equal requests without an id are two requests."""
    async with server.client() as client:
        ids = {(await client.post("/decide", json=question())).json()["decision_id"] for _ in range(2)}

    assert 2 == len(ids)


async def test_a_dry_run_holds_and_stores_nothing(server: Server) -> None:
    """A dry run has no id, and the budgets stay as they were."""
    async with server.client() as client:
        before = (await client.get("/budgets")).json()
        answer = (await client.post("/decide", json=question(dry_run=True))).json()
        after = (await client.get("/budgets")).json()

    assert (None, None) == (answer["decision_id"], answer["reservation"])
    assert before == after


async def test_a_request_without_token_counts_is_estimated(server: Server) -> None:
    """``input_tokens`` may be absent or null; the answer says that its basis is an estimate."""
    async with server.client() as client:
        absent = (await client.post("/decide", json=question(input_tokens=None, max_output_tokens=None))).json()
        null = (
            await client.post(
                "/decide", content=b'{"model":"gpt-4o-mini","subject":{"user":"eve"},"input_tokens":null}'
            )
        ).json()

    assert ("estimated", "estimated") == (absent["basis"], null["basis"])


async def test_zero_tokens_are_not_an_absent_count(server: Server) -> None:
    """``0``, null and absent are three different inputs: zero is counted (litellm#37992)."""
    async with server.client() as client:
        answer = (await client.post("/decide", json=question(input_tokens=0, max_output_tokens=0))).json()

    assert ("counted", 0) == (answer["basis"], answer["reservation"]["tokens"])


async def test_first_requests_of_unknown_users_share_one_budget(server: Server) -> None:
    """Invented names mint no budgets: they are all the scope ``(unknown)`` (litellm#40095)."""
    async with server.client() as client:
        answers = [
            (
                await client.post("/decide", json=question(model="gpt-4o-mini", subject={"user": f"u{n}@x.example"}))
            ).json()
            for n in range(3)
        ]

    scopes = [budget["scope"] for budget in answers[-1]["budgets"] if budget["policy"] == "Quota/user-requests"]
    assert [{"user": "(unknown)"}] == scopes


async def test_a_batch_is_answered_in_order_and_a_bad_request_fails_in_its_slot(any_server: Server) -> None:
    """Each slot stands alone; the errors are of the shape of all errors."""
    batch = {"requests": [question(request_id="a"), {"modl": 1}, question(request_id="c", model="gpt-4o-mini")]}
    async with any_server.client() as client:
        slots = (await client.post("/decide/batch", json=batch)).json()["decisions"]

    assert ["anthropic/claude-sonnet-4", None, "openai/gpt-4o-mini"] == [slot.get("model") for slot in slots]
    assert "unknown_field" == slots[1]["error"]["code"]


async def test_a_control_character_fails_in_its_slot(server: Server) -> None:
    """What is wrong inside one request of a batch is that request's fault alone."""
    async with server.client() as client:
        batch = {"requests": [question(use_case="a\nb"), question()]}
        slots = (await client.post("/decide/batch", json=batch)).json()["decisions"]

    assert ("invalid_request", "allow") == (slots[0]["error"]["code"], slots[1]["verdict"])


async def test_a_conflict_inside_a_batch_stays_in_its_slot(server: Server) -> None:
    """A used request id in one slot leaves the others alone."""
    async with server.client() as client:
        await client.post("/decide", json=question(request_id="a"))
        batch = {"requests": [question(request_id="a", input_tokens=7), question(request_id="b")]}
        slots = (await client.post("/decide/batch", json=batch)).json()["decisions"]

    assert ("conflict", "allow") == (slots[0]["error"]["code"], slots[1]["verdict"])


async def test_all_or_nothing_takes_none_if_one_is_denied(any_server: Server) -> None:
    """With one request that does not fit, nothing is held."""
    batch = {"requests": [question(), question(max_output_tokens=60_000, n=200)], "all_or_nothing": True}
    async with any_server.client() as client:
        slots = (await client.post("/decide/batch", json=batch)).json()["decisions"]
        budgets = (await client.get("/budgets")).json()["budgets"]

    assert ["deny", "deny"] == [slot["verdict"] for slot in slots]
    assert {"0"} == {budget["held"] for budget in budgets}


async def test_all_or_nothing_with_an_unreadable_request_is_refused_whole(server: Server) -> None:
    """A group of which one member cannot be read is refused with the index of that member."""
    async with server.client() as client:
        response = await client.post("/decide/batch", json={"requests": [question(), {}], "all_or_nothing": True})

    assert (422, 1) == (response.status_code, response.json()["error"]["details"]["index"])


@pytest.mark.parametrize("count", [0, 1001])
async def test_a_batch_has_one_to_a_thousand_requests(server: Server, count: int) -> None:
    """An empty batch is a mistake, and a larger one is refused before anything is decided."""
    async with server.client() as client:
        response = await client.post("/decide/batch", json={"requests": [question()] * count})

    assert 422 == response.status_code


async def test_a_batch_that_is_half_a_dry_run_is_refused(server: Server) -> None:
    """Real and dry requests in one batch would see different worlds."""
    async with server.client() as client:
        response = await client.post("/decide/batch", json={"requests": [question(), question(dry_run=True)]})

    assert 422 == response.status_code


async def test_a_key_bound_to_a_user_beats_the_claim(server: Server) -> None:
    """Whatever the body claims, the request is made for the key's own user, and the claim need not be there."""
    secret = await server.make_key("mias-laptop", user="mia@acme.example")
    async with server.client(secret=secret) as client, server.client(Role.VIEWER) as viewer:
        claimed = (await client.post("/decide", json=question(model="gpt-4o-mini"))).json()
        silent = (await client.post("/decide", json=question(model="gpt-4o-mini", subject=None))).json()
        seen = [
            (await viewer.get(f"/decisions/{answer['decision_id']}")).json()["attributes"]["user"]
            for answer in (claimed, silent)
        ]

    assert ["mia@acme.example", "mia@acme.example"] == seen


async def test_a_key_bound_to_a_service_account_is_that_account(server: Server) -> None:
    """A request of a bot's key is the bot's, with its team and use case."""
    secret = await server.make_key("bot", service_account="triage-bot")
    async with server.client(secret=secret) as client, server.client(Role.VIEWER) as viewer:
        answer = (await client.post("/decide", json=question(subject=None))).json()
        seen = (await viewer.get(f"/decisions/{answer['decision_id']}")).json()["attributes"]

    assert ("triage-bot", "platform", "support-triage") == (seen["user"], seen["team"], seen["use_case"])


async def test_attributes_that_only_a_client_asserts_move_no_budget(server: Server) -> None:
    """``asserted_by: client`` cannot shift spend to somebody else's budget (litellm#11083)."""
    subject = {"user": "eve@acme.example", "department": "engineering", "asserted_by": "client"}
    async with server.client() as client:
        answer = (await client.post("/decide", json=question(model="gpt-4o-mini", subject=subject))).json()

    scopes = [b["scope"] for b in answer["budgets"] if b["policy"] == "Quota/department-spend"]
    assert [{"department": "guests"}] == scopes
