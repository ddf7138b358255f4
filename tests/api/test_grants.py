"""``GET /grants``: what was granted, what it has paid, and which grants nobody uses."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from jsonschema import Draft202012Validator

from governor.core.grants import Grant, GrantKind
from governor.core.keys import Role
from tests.api.world import NOON, Server, StandingClock, question

ASKED = {"subject": {"user": "mia@acme.example"}, "model": "claude-sonnet-4"}
MODEL = Grant(
    id="01990000-0000-7000-8000-000000000001",
    exception_id="x-1",
    kind=GrantKind.MODEL,
    scope=(("user", "mia@acme.example"),),
    lifts=("ModelAllowlist/everyone-economy",),
    models=("anthropic/claude-sonnet-4",),
    amount_nano_usd=5 * 10**9,
    starts_at=NOON,
    ends_at=NOON + timedelta(days=1),
    issued_at=NOON,
    approved_by=("eve@acme.example",),
)


async def issue(server: Server, *grants: Grant) -> None:
    """Issue grants; this worker knows of them."""
    for grant in grants:
        await server.governor.grant_keeper.issue(grant, NOON)
    await server.governor.grants.refresh()


async def listed(server: Server, **filters: Any) -> list[tuple[str, str, str]]:
    """Return number, state and use of the grants that are listed."""
    async with server.client(Role.VIEWER) as viewer:
        page = (await viewer.get("/grants", params=filters)).json()
    return [(grant["id"][-1], grant["state"], grant["use"]) for grant in page["grants"]]


async def test_what_nobody_uses_stands_out(any_server: Server, standing: StandingClock) -> None:
    """Drawn on, there when a request came that it could have paid for, or never matched by any."""
    await issue(
        any_server,
        MODEL,
        replace(MODEL, id=MODEL.id[:-1] + "2", ends_at=NOON + timedelta(days=2)),
        replace(MODEL, id=MODEL.id[:-1] + "3", scope=(("team", "search"),)),
        replace(MODEL, id=MODEL.id[:-1] + "4", ends_at=NOON + timedelta(hours=1)),
    )
    async with any_server.client() as gateway:
        first = (await gateway.post("/decide", json=question(**ASKED))).json()
    await any_server.governor.grant_keeper.revoke(MODEL.id[:-1] + "2", by="eve", reason="a mistake", now=NOON)
    before = await listed(any_server)
    standing.advance(7200)
    after = await listed(any_server)

    assert ["granted"] == [warning["code"] for warning in first["warnings"]]
    assert [
        ("4", "active", "drawn"),
        ("3", "active", "never_matched"),
        ("2", "revoked", "unused"),
        ("1", "active", "unused"),
    ] == before
    assert ("4", "ended", "unused") == after[0]
    assert [("3", "active", "never_matched")] == await listed(any_server, use="never_matched")
    assert [("2", "revoked", "unused")] == await listed(any_server, state="revoked")
    assert [("1", "active", "unused")] == await listed(any_server, state="active", use="unused", exception_id="x-1")


async def test_grants_are_listed_by_pages(any_server: Server) -> None:
    """Newest first, also where a filter leaves most of them out."""
    await issue(any_server, *(replace(MODEL, id=f"{MODEL.id[:-1]}{number}") for number in range(1, 8)))
    async with any_server.client(Role.VIEWER) as viewer:
        first = (await viewer.get("/grants", params={"limit": 4, "state": "active"})).json()
        second = (await viewer.get("/grants", params={"limit": 4, "cursor": first["next"]})).json()

    assert ["7", "6", "5", "4", "3", "2", "1"] == [
        grant["id"][-1] for page in (first, second) for grant in page["grants"]
    ]
    assert second["next"] is None


async def test_a_grant_of_models_shows_its_models_alone(any_server: Server) -> None:
    """The fields of other kinds are absent."""
    await issue(any_server, MODEL)
    async with any_server.client(Role.VIEWER) as viewer:
        [grant] = (await viewer.get("/grants")).json()["grants"]

    assert ["anthropic/claude-sonnet-4"] == grant["models"]
    assert not {"amounts", "input_tokens_max"} & grant.keys()


async def test_an_explanation_says_of_what_shape_its_grants_are(any_server: Server) -> None:
    """The OpenAPI document types the grants and the answer of an explanation, and a real one is like that."""
    await issue(any_server, MODEL)
    async with any_server.client() as gateway:
        decided = (await gateway.post("/decide", json=question(**ASKED))).json()
    async with any_server.client(Role.VIEWER) as viewer:
        explained = (await viewer.get(f"/decisions/{decided['decision_id']}")).json()
        document = (await viewer.get("/openapi.json")).json()
    schema = document["components"]["schemas"]["ExplanationWire"]
    validator = Draft202012Validator({"$ref": "#/components/schemas/ExplanationWire", **document})

    assert ("allow", [MODEL.id]) == (decided["verdict"], [one["id"] for one in explained["grants"]])
    assert [] == [error.message for error in validator.iter_errors(explained)]
    assert {"$ref": "#/components/schemas/GrantWire"} == schema["properties"]["grants"]["items"]
    assert {"$ref": "#/components/schemas/DecisionAnswer"} in schema["properties"]["answer"]["anyOf"]
    assert "amounts" not in explained["grants"][0]
