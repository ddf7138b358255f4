"""Adjusting budgets by hand: dated entries that every number includes, posted once, by admins alone."""

from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from governor.store.verify import verify
from tests.api.world import QUOTAS, Server, StandingClock, question


def wish(**changes: Any) -> dict[str, Any]:
    """Return an adjustment of engineering's budget, with changes; a change to None leaves the field out."""
    body = {
        "request_id": "a1",
        "kind": "debit",
        "quota": "department-spend",
        "scope": {"department": "engineering"},
        "amount": "12.5",
        "reason": "calls beside the gateway",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


async def adjust(server: Server, **changes: Any) -> tuple[int, dict[str, Any]]:
    """Adjust as an admin; return status and answer."""
    async with server.client(Role.ADMIN) as admin:
        response = await admin.post("/adjustments", json=wish(**changes))
    return response.status_code, response.json()


async def listed(server: Server, **filters: str) -> dict[str, str]:
    """Return engineering's budget as ``GET /budgets`` shows it."""
    async with server.client(Role.VIEWER) as viewer:
        asked = {"quota": "department-spend", "department": "engineering", **filters}
        [budget] = (await viewer.get("/budgets", params=asked)).json()["budgets"]
    return {name: budget[name] for name in ("used", "held", "free")}


async def differences(server: Server) -> list[Any]:
    """Recompute everything."""
    now_s = server.governor.clock.time()
    return await server.governor.database.read(lambda connection: list(verify(connection, now_s)))


async def test_opening_balance_debit_and_credit_are_in_every_number(any_server: Server) -> None:
    """In the answer, in the budget, in the next decision, and in what verify recomputes."""
    opening = await adjust(any_server, kind="opening_balance", amount="80")
    debit = await adjust(any_server, amount="19.999")
    async with any_server.client() as gateway:
        refused = (await gateway.post("/decide", json=question())).json()
    credit = await adjust(any_server, request_id="a2", kind="credit", amount="10")
    async with any_server.client() as gateway:
        allowed = (await gateway.post("/decide", json=question())).json()

    assert [200, 200, 200] == [status for status, _ in (opening, debit, credit)]
    assert ("deny", "99.999") == (refused["verdict"], refused["reasons"][0]["used"])
    assert ("allow", "89.999") == (allowed["verdict"], credit[1]["budget"]["used"])
    assert "89.999" == (await listed(any_server))["used"]
    assert [] == await differences(any_server)


async def test_the_same_again_posts_nothing(any_server: Server, standing: StandingClock) -> None:
    """A lost answer is asked for again; another adjustment under the same id is a conflict."""
    _, first = await adjust(any_server)
    standing.advance(60)
    again = await adjust(any_server)
    other = await adjust(any_server, amount="13")

    assert (200, True, first["adjustment"]) == (again[0], again[1]["duplicate"], again[1]["adjustment"])
    assert (409, "conflict") == (other[0], other[1]["error"]["code"])
    assert "12.5" == (await listed(any_server))["used"]


async def test_a_budget_has_one_opening_balance(any_server: Server) -> None:
    """Whatever the request's id; the same again is the same, another amount says what there is."""
    await adjust(any_server, kind="opening_balance", amount="80")
    again = await adjust(any_server, kind="opening_balance", amount="80", request_id="a2")
    other = await adjust(any_server, kind="opening_balance", amount="90", request_id="a3")

    assert (200, True) == (again[0], again[1]["duplicate"])
    assert (409, True) == (other[0], "an opening balance of 80 USD already" in other[1]["error"]["message"])
    assert "80" == (await listed(any_server))["used"]


async def test_a_credit_gives_back_at_most_what_was_used(any_server: Server) -> None:
    """No adjustment mints a budget: more room is a limit, or an exception."""
    await adjust(any_server, amount="5")
    status, body = await adjust(any_server, request_id="a2", kind="credit", amount="5.000000001")

    assert (409, "credit_too_large", "5") == (status, body["error"]["code"], body["error"]["details"]["used"])
    assert "5" == (await listed(any_server))["used"]


async def test_an_adjustment_belongs_to_the_period_of_its_date(any_server: Server) -> None:
    """October's budget, and none other; dates are read in the quota's zone."""
    _, body = await adjust(any_server, at="2026-10-31T22:59:59Z")
    october = await listed(any_server, at="2026-10-15T12:00:00Z")
    november = await listed(any_server)

    assert {"start": "2026-09-30T22:00:00Z", "end": "2026-10-31T23:00:00Z"} == body["adjustment"]["period"]
    assert ("12.5", "0") == (october["used"], november["used"])


async def test_the_audit_tells_who_when_and_why(any_server: Server) -> None:
    """Newest first, by pages."""
    secret = await any_server.make_key("fin", Role.ADMIN, person="eve@acme.example")
    async with any_server.client(secret=secret) as admin:
        for number in range(3):
            body = wish(request_id=f"a{number}", scope={"user": "EVE"}, quota="Quota/user-requests", amount="3")
            assert 200 == (await admin.post("/adjustments", json=body)).status_code
    async with any_server.client(Role.VIEWER) as viewer:
        first = (await viewer.get("/adjustments", params={"limit": "2"})).json()
        second = (await viewer.get("/adjustments", params={"limit": "2", "cursor": first["next"]})).json()

    found = [*first["adjustments"], *second["adjustments"]]
    assert {"a0", "a1", "a2"} == {one["request_id"] for one in found}
    assert (2, 1, None) == (len(first["adjustments"]), len(second["adjustments"]), second["next"])
    assert {("eve@acme.example", "fin", "2026-11-20T12:00:00Z", "calls beside the gateway", "requests", "3")} == {
        (one["posted_by"], one["posted_with_key"], one["posted_at"], one["reason"], one["unit"], one["amount"])
        for one in found
    }
    assert [{"user": "eve@acme.example"}] * 3 == [one["scope"] for one in found]


async def test_a_share_has_an_opening_balance_of_its_own(any_server: Server, policies: Path) -> None:
    """Who moves here brings along what each team had taken of a budget; the whole is opened by itself."""
    quotas = QUOTAS.replace("per: [department]\n", "per: [department]\nmax_share: {per: team, percent: 40}\n")
    (policies / "quotas.yaml").write_text(quotas)
    assert await any_server.governor.publisher.reload()
    whole = {"department": "engineering"}
    share = {**whole, "team": "platform"}
    opened = await adjust(any_server, kind="opening_balance", amount="60", scope=whole)
    of_share = await adjust(any_server, kind="opening_balance", amount="40", scope=share)
    again = await adjust(any_server, kind="opening_balance", amount="39", scope=share)
    async with any_server.client() as gateway:
        refused = (await gateway.post("/decide", json=question())).json()
    credit = await adjust(any_server, request_id="c", kind="credit", amount="1", scope=share)
    misspelt = await adjust(any_server, request_id="m", scope={**whole, "team": "platfrom"})

    assert [200, 200, 409, 200, 422] == [status for status, _ in (opened, of_share, again, credit, misspelt)]
    assert (share, "40", "40") == tuple(of_share[1]["budget"][name] for name in ("scope", "used", "ceiling"))
    assert share == of_share[1]["adjustment"]["scope"]
    assert [("deny", share, "40")] == [(refused["verdict"], r["scope"], r["used"]) for r in refused["reasons"]]
    assert ("60", "39") == (opened[1]["budget"]["used"], credit[1]["budget"]["used"])
    assert [] == await differences(any_server)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"quota": "departmnt-spend"}, "invalid_request", "quota"),
        ({"scope": {}}, "invalid_request", "scope"),
        ({"scope": {"department": "enginering"}}, "invalid_request", "scope"),
        ({"scope": {"department": "engineering", "team": "platform"}}, "invalid_request", "scope"),
        ({"amount": "-5"}, "invalid_amount", None),
        ({"amount": "0"}, "invalid_amount", None),
        ({"amount": "NaN"}, "invalid_amount", None),
        ({"amount": "1e3"}, "invalid_amount", None),
        ({"amount": "0.0000000001"}, "invalid_amount", None),
        ({"quota": "user-requests", "scope": {"user": "eve"}, "amount": "1.5"}, "invalid_amount", None),
        ({"kind": "gift"}, "invalid_request", "kind"),
        ({"reason": ""}, "invalid_request", "reason"),
        ({"request_id": None}, "invalid_request", "request_id"),
        ({"at": "2026-11-20T09:00:00"}, "invalid_request", "at"),
        ({"scpe": {}}, "unknown_field", "scpe"),
    ],
)
async def test_what_adjusts_no_budget_is_refused(
    server: Server, changes: dict[str, Any], code: str, field: str | None
) -> None:
    """A misspelt scope would adjust nothing that counts."""
    status, body = await adjust(server, **changes)

    assert (422, code, field) == (status, body["error"]["code"], body["error"]["details"].get("field"))
