"""Who may raise a limit: the table of docs/security.md is complete, and each row refuses whom it does not name."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from governor.edges.api.approvals.wire import ApproveWire, DelegationWire, ExceptionWire, ExtensionWire
from governor.edges.api.roles import RULES
from governor.edges.api.wire_adjustments import AdjustmentWire
from tests.api.world import Server, StandingClock, running, settings_for
from tests.approvals.world import policies_in, user

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
HARMLESS = {
    "event_id", "justification", "expected_value_usd", "outcome", "reason", "request_id",
}  # fmt: skip
"""Fields that say why or which, and give nothing."""

RAISES: dict[tuple[str, str], type[Any] | None] = {
    ("POST", "/exceptions"): ExceptionWire,
    ("POST", "/exceptions/{exception_id}/extend"): ExtensionWire,
    ("POST", "/exceptions/break-glass"): ExceptionWire,
    ("POST", "/exceptions/{exception_id}/approve"): ApproveWire,
    ("POST", "/exceptions/delegations"): DelegationWire,
    ("POST", "/adjustments"): AdjustmentWire,
    ("DELETE", "/blocks/{block_id}"): None,
    ("POST", "/policies/sync"): None,
}
RAISES_NOTHING = {
    *(("POST", path) for path in ("/decide", "/decide/batch", "/usage", "/outcomes", "/blocks", "/slack/events")),
    *(("POST", f"/reservations/{{reservation_id}}/{verb}") for verb in ("release", "extend")),
    *(("POST", f"/exceptions/{path}") for path in ("preview", "delegations/end")),
    *(
        ("POST", f"/exceptions/{{exception_id}}/{verb}")
        for verb in ("deny", "withdraw", "cancel", "revoke", "ask", "review", "outcome")
    ),
    ("ANY", "/ext_authz/{path}"),
    ("ANY", "/web/{path}"),
}
"""Routes that change something and give nobody more: the pages go through the same services as the rest."""


def documented() -> dict[tuple[str, str], set[str]]:
    """Return routes and fields of the page's table."""
    rows = re.findall(r"^\| `(POST|DELETE) (/[^`]+)` \| (?:`([^`]*)`)? ?\|", PAGE.read_text(), re.MULTILINE)
    return {(method, path): set(fields.split()) for method, path, fields in rows}


def test_the_table_names_every_way_and_every_field() -> None:
    """A new route that changes something, or a new field of one, is put into the table or declared harmless."""
    changing = {(rule.method, rule.path) for rule in RULES if rule.method != "GET"}
    fields = {
        route: {name for name in shape.__struct_encode_fields__ if name not in HARMLESS} if shape else set()
        for route, shape in RAISES.items()
    }

    assert changing - {one for one in changing if "forecast" in one[1]} == RAISES.keys() | RAISES_NOTHING
    assert fields == documented()


@pytest.fixture
async def server(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    """Give a server of the company of the exceptions' tests."""
    settings = settings_for(sqlite_url, policies_in(tmp_path / "policies"))
    async with running(settings, StandingClock()) as server:
        yield server


ASK = {
    "kind": "budget",
    "lifts": ["Quota/team-spend"],
    "for": "1 hour",
    "amount_usd": "40",
    "justification": "for the run",
}
PLATFORM = {**ASK, "scope": {"team": "platform"}}
CREDIT = {
    "request_id": "r1", "kind": "credit", "quota": "team-spend", "scope": {"team": "platform"}, "amount": "1",
    "reason": "because I can",
}  # fmt: skip
MACHINES = ("gateway", "viewer", "approver", "admin")
ROWS: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("/exceptions", PLATFORM, (*MACHINES, "mia", "lena", "nobody")),
    ("/exceptions/{id}/extend", {"for": "2 hours", "amount_usd": "40"}, (*MACHINES, "mia", "lena", "nobody")),
    ("/exceptions/break-glass", PLATFORM, (*MACHINES, "mia", "lena", "eve", "fin", "nobody")),
    ("/exceptions/{pending}/approve", {}, (*MACHINES, "ada", "eve-look", "bob", "mia", "lena", "nobody")),
    ("/exceptions/{pending}/approve", {"amount_usd": "1"}, (*MACHINES, "ada", "eve-look", "bob", "mia", "nobody")),
    ("/exceptions/{pending}/approve", {"until": "2026-11-20T12:30:00Z"}, (*MACHINES, "ada", "bob", "mia", "nobody")),
    ("/exceptions/delegations", {"to": user("bob"), "for": "1 day"}, (*MACHINES, "eve-look", "nobody")),
    ("/adjustments", CREDIT, ("gateway", "viewer", "approver", "ada", "eve", "fin", "lena", "nobody")),
    ("/policies/sync", {}, ("gateway", "viewer", "approver", "ada", "eve", "fin", "lena", "nobody")),
]


@pytest.mark.parametrize(("path", "body", "refused"), ROWS, ids=lambda value: value if isinstance(value, str) else "")
async def test_whom_the_table_does_not_name_is_refused(
    server: Server, path: str, body: dict[str, Any], refused: tuple[str, ...]
) -> None:
    """401 or 403, for machines of every role, strangers, requesters, and people of other teams."""
    roles = {
        "ada": Role.APPROVER,
        "bob": Role.APPROVER,
        "eve": Role.APPROVER,
        "fin": Role.APPROVER,
        "lena": Role.APPROVER,
    }
    secrets = {str(role): secret for role, secret in server.keys.items()} | {"nobody": "gov_" + "x" * 43}
    for name, role in {**roles, "mia": Role.VIEWER}.items():
        secrets[name] = await server.make_key(f"{name}-1", role, person=user(name))
    secrets["eve-look"] = await server.make_key("eve-2", Role.VIEWER, person=user("eve"))
    async with server.client(secret=secrets["ada"]) as ada:
        active = (await ada.post("/exceptions", json={**PLATFORM, "amount_usd": "5"})).json()["id"]
        pending = (await ada.post("/exceptions", json={**PLATFORM, "amount_usd": "500"})).json()["id"]
        before = (await ada.get("/exceptions")).json()
        statuses = {}
        for name in refused:
            async with server.client(secret=secrets[name]) as client:
                where = path.replace("{id}", active).replace("{pending}", pending)
                statuses[name] = (await client.post(where, json=body)).status_code
        after = (await ada.get("/exceptions")).json()

    assert dict.fromkeys(refused, True) == {name: status in {401, 403} for name, status in statuses.items()}, statuses
    assert before == after
