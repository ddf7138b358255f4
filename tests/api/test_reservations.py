"""Releasing and extending what a decision holds, through HTTP."""

from pathlib import Path

from tests.api.test_reads import budgets
from tests.api.world import QUOTAS, Server, StandingClock, question, write_policies


async def test_a_hold_is_released_once_and_only_by_its_owner(any_server: Server) -> None:
    """Releasing gives everything back; again changes nothing; another client's reservation is not found."""
    other = await any_server.make_key("gw2")
    async with any_server.client() as client, any_server.client(secret=other) as stranger:
        decision = (await client.post("/decide", json=question())).json()
        path = f"/reservations/{decision['reservation']['id']}/release"
        refused = await stranger.post(path)
        first = await client.post(path)
        again = await client.post(path)
        held = {budget["held"] for budget in await budgets(client)}

    assert (404, 200, 200) == (refused.status_code, first.status_code, again.status_code)
    assert ("released", "already_released") == (first.json()["outcome"], again.json()["outcome"])
    assert {"0"} == held


async def test_a_release_takes_no_fields(server: Server) -> None:
    """Nothing, `{}` or a mistake: what a release would not read is refused, and the hold stays."""
    async with server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        path = f"/reservations/{decision['reservation']['id']}/release"
        refused = await client.post(path, json={"cost_usd": "0.001"})
        held = {budget["held"] for budget in await budgets(client, "quota=company-spend")}
        form = await client.post(path, content=b"a=b", headers={"content-type": "application/x-www-form-urlencoded"})
        released = await client.post(path, json={})
    error = refused.json()["error"]

    assert (422, "unknown_field", "cost_usd", None) == (
        refused.status_code,
        error["code"],
        error["details"]["field"],
        error["details"]["nearest"],
    )
    assert "`cost_usd` is not a field of this request; it takes none; leave it out" == error["message"]
    assert ({"0.0045"}, 415, 200) == (held, form.status_code, released.status_code)


async def test_a_hold_is_extended_in_time_and_money(any_server: Server) -> None:
    """A longer life and a higher cost are held if budgets have room, up to 24 hours in all."""
    async with any_server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        path = f"/reservations/{decision['reservation']['id']}/extend"
        longer = await client.post(path, json={"hold_for": "2 hours", "cost_usd": "1.5"})
        too_dear = await client.post(path, json={"hold_for": "2 hours", "cost_usd": "500"})
        not_money = await client.post(path, json={"hold_for": "2 hours", "cost_usd": "NaN"})
        [budget] = await budgets(client, "quota=department-spend&department=engineering")

    assert ("extended", "2026-11-20T14:00:00Z") == (
        longer.json()["outcome"],
        longer.json()["reservation"]["expires_at"],
    )
    assert [(409, "quota_exceeded"), (422, "invalid_amount")] == [
        (response.status_code, response.json()["error"]["code"]) for response in (too_dear, not_money)
    ]
    assert "1.5" == budget["held"]


async def test_a_hold_is_raised_without_being_prolonged(server: Server) -> None:
    """What is left out stays as it is; leaving out both is a mistake."""
    async with server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        path = f"/reservations/{decision['reservation']['id']}/extend"
        dearer = await client.post(path, json={"cost_usd": "1.5"})
        nothing = await client.post(path, json={})

    before, after = decision["reservation"], dearer.json()["reservation"]
    assert (before["expires_at"], "1.500000000") == (after["expires_at"], after["cost_usd"])
    assert (422, "hold_for") == (nothing.status_code, nothing.json()["error"]["details"]["field"])


async def test_a_hold_is_extended_under_the_limit_in_force_now(any_server: Server, policies: Path) -> None:
    """A limit that was lowered since the decision refuses more money, and one that was raised allows it."""

    async def extended_under(limit: str, cost_usd: str) -> int:
        write_policies(policies, QUOTAS.replace("limit: 100 USD", f"limit: {limit} USD"))
        await any_server.governor.publisher.reload()
        answer = await client.post(path, json={"hold_for": "1 hour", "cost_usd": cost_usd})
        return answer.status_code

    async with any_server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        path = f"/reservations/{decision['reservation']['id']}/extend"
        codes = [await extended_under(*case) for case in (("3", "4"), ("3", "2"), ("300", "200"), ("300", "301"))]
        [department] = await budgets(client, "quota=department-spend&department=engineering")

    assert ([409, 200, 200, 409], "200") == (codes, department["held"])


async def test_an_expired_hold_cannot_be_extended_or_released(server: Server, standing: StandingClock) -> None:
    """What has ended has ended: ask again."""
    async with server.client() as client:
        decision = (await client.post("/decide", json=question(hold_for="1 minute"))).json()
        standing.advance(71)
        extended = await client.post(
            f"/reservations/{decision['reservation']['id']}/extend", json={"hold_for": "1 minute"}
        )

    assert (409, "not_held") == (extended.status_code, extended.json()["error"]["code"])
