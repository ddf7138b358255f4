"""What grants add to what somebody may use, and to what budgets have free: listed as it is decided."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governor.core.grants import Grant, GrantKind, UnitAmount
from governor.core.keys import Role
from governor.core.units import Unit
from tests.api.test_grants import issue
from tests.api.world import NOON, QUOTAS, Server, question, write_policies

LIMITS = """\
---
apiVersion: governor/v1
kind: ContextLimit
name: short
max_input: 10k tokens
max_output: 2k tokens
---
apiVersion: governor/v1
kind: ContextLimit
name: clamped
max_output: 4k tokens
when_over: clamp
"""
LARGE = Grant(
    id="01990000-0000-7000-8000-000000000011",
    exception_id="x-1",
    kind=GrantKind.CONTEXT,
    scope=(("team", "growth"),),
    lifts=("ContextLimit/short",),
    amount_nano_usd=10**9,
    starts_at=NOON,
    ends_at=NOON + timedelta(days=1),
    issued_at=NOON,
    input_tokens_max=50_000,
    output_tokens_max=12_000,
)
MORE = replace(
    LARGE,
    id="01990000-0000-7000-8000-000000000012",
    kind=GrantKind.BUDGET,
    lifts=("Quota/department-spend", "Quota/user-requests"),
    input_tokens_max=None,
    output_tokens_max=None,
    amount_nano_usd=3 * 10**9,
    amounts=(UnitAmount("Quota/user-requests", Unit.REQUESTS, 40),),
)
MIA, EVE = "mia@acme.example", "eve@acme.example"


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give a folder with limits that refuse and clamp."""
    return write_policies(tmp_path / "policies", QUOTAS + LIMITS)


async def usable(server: Server, user: str = MIA) -> dict[str, Any]:
    """Return what somebody may use of the small model."""
    async with server.client(Role.VIEWER) as viewer:
        models = (await viewer.get("/entitlements", params={"user": user})).json()["environments"][0]["models"]
    found: dict[str, Any] = next(model for model in models if model["model"] == "openai/gpt-4o-mini")
    return found


async def decided(server: Server, input_tokens: int, output_tokens: int) -> tuple[str, int]:
    """Return the verdict about a request of Mia's, and how long its answer may be."""
    asked = {"model": "gpt-4o-mini", "subject": {"user": MIA}, "can": ["clamp"]}
    sizes = {"input_tokens": input_tokens, "max_output_tokens": output_tokens}
    async with server.client() as gateway:
        answer = (await gateway.post("/decide", json=question(**asked, **sizes))).json()
    return answer["verdict"], answer["max_output_tokens"]


@pytest.mark.parametrize(
    ("lifts", "inputs", "outputs"),
    [
        (("ContextLimit/short", "ContextLimit/clamped"), 50_000, 12_000),
        (("ContextLimit/short",), 50_000, 4_000),
    ],
    ids=["both limits", "the one that refuses"],
)
async def test_entitlements_show_how_far_a_grant_lets_requests_go(
    any_server: Server, lifts: tuple[str, ...], inputs: int, outputs: int
) -> None:
    """As much as the grant gives, and no more than limits that it does not name; nothing for others."""
    before = await usable(any_server)
    await issue(any_server, replace(LARGE, lifts=lifts))
    granted, other = await usable(any_server), await usable(any_server, EVE)

    assert (10_000, 2_000, None) == tuple(
        before.get(name) for name in ("max_input_tokens", "max_output_tokens", "granted_by")
    )
    assert {**before, "max_input_tokens": inputs, "max_output_tokens": outputs, "granted_by": LARGE.id} == granted
    assert before == other
    assert ("allow", outputs) == await decided(any_server, inputs, outputs)
    assert "deny" == (await decided(any_server, inputs + 1, outputs))[0]


async def test_a_grant_that_is_used_up_makes_nothing_larger(any_server: Server) -> None:
    """Listed as it is decided: refused again."""
    await issue(any_server, replace(LARGE, amount_nano_usd=2_000_000))
    before = await usable(any_server)
    asked = question(model="gpt-4o-mini", subject={"user": MIA}, input_tokens=11_000)
    async with any_server.client() as gateway:
        held = (await gateway.post("/decide", json=asked)).json()
        used = {"input_tokens": 11_000, "output_tokens": 1000}
        event = {"event_id": "e", "model": "gpt-4o-mini", "decision_id": held["decision_id"], "usage": used}
        await gateway.post("/usage", json=event)
    after = await usable(any_server)

    assert ("allow", LARGE.id) == (held["verdict"], before["granted_by"])
    assert (10_000, 2_000, None) == (after["max_input_tokens"], after["max_output_tokens"], after.get("granted_by"))


async def test_budgets_say_what_grants_would_pay(any_server: Server) -> None:
    """In the budget's own unit, for whom, and until when; a budget of others says nothing of it."""
    await issue(any_server, MORE)
    async with any_server.client(Role.VIEWER) as viewer:
        listed = (await viewer.get("/budgets")).json()["budgets"]
        entitled = (await viewer.get("/entitlements", params={"user": MIA})).json()["environments"][0]["budgets"]
    rest = {"id": MORE.id, "scope": {"team": "growth"}, "ends_at": "2026-11-21T12:00:00Z"}
    told = {(one["policy"], *one["scope"].values()): one["grants"] for one in listed if "grants" in one}

    assert {
        ("Quota/department-spend", "marketing"): [{**rest, "left": "3"}],
        ("Quota/user-requests", MIA): [{**rest, "left": "40"}],
    } == told
    assert told == {(one["policy"], *one["scope"].values()): one["grants"] for one in entitled if "grants" in one}


async def test_what_a_grant_has_paid_is_left_no_more(any_server: Server) -> None:
    """Held and used alike; the budget's own numbers stay as they are."""
    await issue(any_server, MORE)
    big = question(model="gpt-4o-mini", subject={"user": MIA}, input_tokens=9_000, max_output_tokens=100, n=1)
    async with any_server.client(Role.VIEWER) as viewer, any_server.client() as gateway:
        used = {
            "event_id": "e0",
            "model": "gpt-4o-mini",
            "subject": {"user": MIA},
            "usage": {"input_tokens": 66_666_666},
        }
        await gateway.post("/usage", json=used)
        answer = (await gateway.post("/decide", json=big)).json()
        [budget] = (
            await viewer.get("/budgets", params={"quota": "department-spend", "department": "marketing"})
        ).json()["budgets"]

    assert ("allow", [MORE.id]) == (answer["verdict"], [grant["id"] for grant in answer["grants"]])
    assert (answer["reservation"]["cost_usd"], "2.99859") == ("0.001410000", budget["grants"][0]["left"])
    assert ("9.9999999", "0") == (budget["used"], budget["held"])
