"""What the interfaces page promises of every route, proved where no other test does."""

from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from governor.edges.api.roles import RULES
from tests.api.world import QUOTAS, Server, write_policies

NO_LISTS = {"/entitlements", "/exceptions/report", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"}
LISTS = [
    f"{rule.path}?by=user" if rule.path == "/usage/summary" else rule.path
    for rule in RULES
    if rule.method == "GET" and "{" not in rule.path and rule.path not in NO_LISTS
]


@pytest.mark.parametrize(
    "path", [rule.path for rule in RULES if rule.method == "GET" and "{" not in rule.path and "ent" not in rule.path]
)
async def test_what_can_be_read_can_be_asked_for_without_its_body(server: Server, path: str) -> None:
    """A HEAD is answered like the GET: monitors and proxies ask so."""
    async with server.client(Role.ADMIN) as client:
        answers = [await client.head(path), await client.get(path)]

    assert [(200, False), (200, True)] == [(answer.status_code, bool(answer.content)) for answer in answers]
    assert 1 == len({answer.headers["content-type"] for answer in answers})


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/budgets?departement=x", "department"),
        ("/decisions?verdicts=deny", "verdict"),
        ("/usage/summary?buy=team", "by"),
        ("/policies?limits=3", "limit"),
        ("/entitlements?user=x&usr=y", "user"),
        ("/budgets?zzz=x", None),
    ],
)
async def test_an_unknown_parameter_is_refused_with_the_nearest_valid_name(
    server: Server, path: str, nearest: str | None
) -> None:
    """A misspelt filter would show everything: it is an error like a misspelt field of a body."""
    async with server.client(Role.ADMIN) as client:
        response = await client.get(path)
    error = response.json()["error"]

    assert (422, "unknown_field", nearest) == (response.status_code, error["code"], error["details"]["nearest"])
    assert (f"did you mean `{nearest}`" if nearest else "known are at, cursor, department, ") in error["message"]


async def test_all_that_is_wrong_with_parameters_is_said_at_once(server: Server) -> None:
    """An unknown name does not hide a wrong value."""
    async with server.client(Role.ADMIN) as client:
        error = (await client.get("/budgets?usr=x&limit=many")).json()["error"]

    assert {"usr", "limit"} == set(error["details"]["fields"])
    assert (
        "`usr` is not a parameter of this route; did you mean `user`; `limit`: must be a whole number"
        == (error["message"])
    )


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/decide", {"subject": {"user": "eve@acme.example"}}, "model"),
        ("/decide/batch", {}, "requests"),
        ("/usage", {"model": "gpt-4o-mini"}, "event_id"),
    ],
)
async def test_a_missing_field_is_named(server: Server, path: str, body: dict[str, Any], field: str) -> None:
    """Programs read it in the details, people in the message."""
    async with server.client() as client:
        error = (await client.post(path, json=body)).json()["error"]

    assert ("invalid_request", field) == (error["code"], error["details"]["field"])
    assert f"`{field}`" in error["message"]


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_is_paged_by_a_cursor(server: Server, path: str) -> None:
    """A `limit`, a `next`, and a refusal of cursors that no page gave."""
    async with server.client(Role.ADMIN) as client:
        separator = "&" if "?" in path else "?"
        page = (await client.get(f"{path}{separator}limit=1")).json()
        refused = await client.get(f"{path}{separator}cursor=bm90aGluZw")

    assert "next" in page
    assert (422, "invalid_cursor") == (refused.status_code, refused.json()["error"]["code"])


async def test_policies_are_paged_within_their_version(server: Server, policies: Path) -> None:
    """Pages together are all policies once; a page of a version that is gone is refused, not mixed into another's."""
    listed: list[str] = []
    async with server.client(Role.ADMIN) as client:
        whole = (await client.get("/policies")).json()
        cursor: str | None = ""
        while cursor is not None:
            page = (await client.get(f"/policies?limit=3&cursor={cursor}")).json()
            listed += [policy["policy"] for policy in page["policies"]]
            stale, cursor = cursor, page["next"]
        write_policies(policies, QUOTAS.replace("500 requests", "600 requests"))
        await server.governor.publisher.reload()
        refused = await client.get(f"/policies?limit=3&cursor={stale}")

    assert [policy["policy"] for policy in whole["policies"]] == listed
    assert (None, 8) == (whole["next"], len(listed))
    assert (422, "invalid_cursor") == (refused.status_code, refused.json()["error"]["code"])
