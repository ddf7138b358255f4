"""Exceptions over HTTP: asked for, decided by known persons, obeyed by the next decision, and audited."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from governor.core.approvals.request import Act
from governor.core.keys import Role
from governor.services.approvals.tick import tick
from tests.api.approvals import asked, clients_of, write_company
from tests.api.world import Server, StandingClock, question, running, settings_for


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give the small organisation with leads, finance, and a rule."""
    return write_company(tmp_path / "policies")


@pytest.fixture
async def people(any_server: Server) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Give a client for each person."""
    async with clients_of(any_server) as clients:
        yield clients


def obeyed(server: Server) -> list[str]:
    """Return the ids of the grants that the next decision obeys."""
    return [grant.id for grant in server.governor.publisher.snapshots.current.grants.all]


async def verdict(server: Server) -> str:
    """Ask as the gateway whether Eve may."""
    async with server.client() as gateway:
        return str((await gateway.post("/decide", json=question())).json()["verdict"])


async def test_an_approved_exception_is_obeyed_by_the_next_decision(
    any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """Refused, asked for, approved by the lead, allowed; revoked, refused again."""
    verdicts = [await verdict(any_server)]
    request = (await people["eve"].post("/exceptions", json=asked())).json()
    verdicts.append(await verdict(any_server))
    waiting = obeyed(any_server)
    path = f"/exceptions/{request['id']}"
    done = (await people["kim"].post(f"{path}/approve", json={"reason": "worth it"})).json()
    granted = obeyed(any_server)
    verdicts.append(await verdict(any_server))
    shown = (await people["eve"].get(path)).json()
    revoked = await people["kim"].post(f"{path}/revoke", json={"reason": "the run is over"})
    after = obeyed(any_server)
    verdicts.append(await verdict(any_server))

    assert ["deny", "deny", "allow", "deny"] == verdicts
    assert ([], [request["id"]], []) == (waiting, granted, after)
    assert ("pending", "active", 200) == (request["state"], done["state"], revoked.status_code)
    assert ["kim@acme.example"] == done["approved_by"]
    assert {"spent_usd": "0.000000000", "left_usd": "199.995500000"} == shown["grant"]
    assert ["requested", "sent_for_approval", "voted", "approved", "activated"] == [
        one["act"] for one in shown["records"]
    ]
    assert ("kim@acme.example", "api", "kim-key") == tuple(
        shown["records"][3][name] for name in ("actor", "door", "key")
    )


@pytest.mark.parametrize(
    ("who", "verb", "body"),
    [
        ("eve", "approve", {}),
        ("eve", "deny", {"reason": "no thanks"}),
        ("kim", "cancel", {}),
        ("fin", "approve", {}),
        ("fin", "approve", {"amount_usd": "1"}),
        ("fin", "deny", {"reason": "too dear"}),
        ("fay", "ask", {"text": "what for?"}),
        ("admin", "approve", {}),
        ("admin", "approve", {"amount_usd": "1"}),
        ("admin", "cancel", {}),
        ("admin", "revoke", {"reason": "no more"}),
        ("gateway", "approve", {}),
        ("viewer", "approve", {}),
        ("viewer", "extend", {"for": "20 days", "amount_usd": "5000"}),
        ("approver", "approve", {}),
        ("approver", "deny", {"reason": "no more"}),
        ("approver", "withdraw", {}),
        ("nobody", "approve", {}),
    ],
)
async def test_who_may_not_raise_a_limit_does_not(server: Server, who: str, verb: str, body: dict[str, Any]) -> None:
    """The whole table of docs/security.md, from the other side: 401 or 403, and the request is as it was."""
    people = {
        name: await server.make_key(f"{name}-key-2", role, person=f"{name}@acme.example")
        for name, role in (
            ("eve", Role.APPROVER),
            ("kim", Role.APPROVER),
            ("fin", Role.APPROVER),
            ("fay", Role.APPROVER),
        )
    }
    roles = {str(role): server.keys[role] for role in Role}
    secrets = {**roles, **people, "nobody": "gov_" + "x" * 43}
    async with server.client(secret=people["eve"]) as eve, server.client(secret=secrets[who]) as other:
        request = (await eve.post("/exceptions", json=asked())).json()
        refused = await other.post(f"/exceptions/{request['id']}/{verb}", json=body)
        shown = (await eve.get(f"/exceptions/{request['id']}")).json()

    assert refused.status_code in {401, 403}
    assert ("pending", [], 2) == (shown["state"], shown["votes"], shown["revision"])


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"lifts": ["Quota/department-spnd"]}, "invalid_request", "lifts"),
        ({"lifts": []}, "invalid_request", "lifts"),
        ({"kind": "money"}, "invalid_request", "kind"),
        ({"for": None}, "invalid_request", "until"),
        ({"for": "2 months"}, "invalid_request", "for"),
        ({"amount_usd": "NaN"}, "invalid_amount", "amount_usd"),
        ({"amount_usd": "-5"}, "invalid_amount", "amount_usd"),
        ({"amount_usd": "0"}, "invalid_request", "amount_usd"),
        ({"amount_usd": "5001"}, "invalid_request", "amount_usd"),
        ({"amount_usd": None}, "invalid_request", "amount_usd"),
        ({"justification": "because"}, "invalid_request", "justification"),
        ({"scope": {"team": "platform", "user": "eve"}}, "invalid_request", "scope"),
        ({"scope": {"team": "grwth"}}, "invalid_request", "scope"),
        ({"amout_usd": "5"}, "unknown_field", "amout_usd"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    server: Server, changes: dict[str, Any], code: str, field: str
) -> None:
    """422, the code, the field, and nobody is disturbed."""
    secret = await server.make_key("eve-key", Role.VIEWER, person="eve@acme.example")
    async with server.client(secret=secret) as eve:
        refused = await eve.post("/exceptions", json=asked(**changes))
        listed = (await eve.get("/exceptions")).json()

    error = refused.json()["error"]
    assert (422, code, field) == (refused.status_code, error["code"], error["details"]["field"])
    assert [] == listed["exceptions"]


async def test_a_grant_is_used_up_when_its_amount_is_spent(
    any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """To the last nano-USD, as usage says; then who asked is asked what came of it."""
    request = (await people["eve"].post("/exceptions", json=asked(amount_usd="0.0045"))).json()
    governor = any_server.governor
    async with any_server.client() as gateway:
        held = (await gateway.post("/decide", json=question())).json()
        before = await tick(governor.desk, governor.ledger, governor.clock.now())
        used = {"input_tokens": 1000, "output_tokens": 100}
        event = {"event_id": "e1", "decision_id": held["decision_id"], "model": "claude-sonnet-4", "usage": used}
        await gateway.post("/usage", json=event)
    ticked = await tick(governor.desk, governor.ledger, governor.clock.now())
    shown = (await people["eve"].get(f"/exceptions/{request['id']}")).json()

    assert ("active", "allow", []) == (request["state"], held["verdict"], before.happened)
    assert [Act.USED_UP, Act.OUTCOME_ASKED] == [transition.act for _, transition in ticked.happened]
    assert ("used_up", "0.004500000") == (shown["state"], shown["grant"]["spent_usd"])


async def test_a_request_that_is_sent_again_is_granted_once(
    any_server: Server, people: dict[str, httpx.AsyncClient], standing: StandingClock
) -> None:
    """Under the caller's own id: the same request, a conflict for another wish, and nobody else's business."""
    body = asked(amount_usd="4", request_id="eve-17")
    first = (await people["eve"].post("/exceptions", json=body)).json()
    standing.advance(3)
    again = await asyncio.gather(*(people["eve"].post("/exceptions", json=body) for _ in range(3)))
    other = await people["eve"].post("/exceptions", json=asked(amount_usd="5", request_id="eve-17"))
    kims = (await people["kim"].post("/exceptions", json=asked(amount_usd="4", request_id="eve-17"))).json()
    night = asked(amount_usd="20", request_id="night-1", **{"for": "1 hour"})
    broken = [(await people["fin"].post("/exceptions/break-glass", json=night)).json()["id"] for _ in range(3)]

    assert ("active", {first["id"]}) == (first["state"], {one.json()["id"] for one in again})
    assert (409, "conflict") == (other.status_code, other.json()["error"]["code"])
    assert kims["id"] != first["id"]
    assert 1 == len(set(broken))
    assert {first["id"], kims["id"], broken[0]} == {*obeyed(any_server), kims["id"]}


async def test_what_joined_or_prolonged_and_is_sent_again_is_done_once(
    any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """The answer is lost, and somebody decides meanwhile: what was joined stays joined, what prolongs is one."""
    first = (await people["eve"].post("/exceptions", json=asked())).json()
    body = asked(request_id="fay-1", scope={"user": "eve@acme.example"})
    joined = (await people["kim"].post("/exceptions", json=body)).json()
    await people["fin"].post(f"/exceptions/{first['id']}/cancel", json={})
    await people["eve"].post(f"/exceptions/{first['id']}/cancel", json={})
    again = (await people["kim"].post("/exceptions", json=body)).json()
    small = (await people["eve"].post("/exceptions", json=asked(amount_usd="4"))).json()
    longer = {"for": "20 days", "amount_usd": "5", "request_id": "eve-longer"}
    made = [(await people["eve"].post(f"/exceptions/{small['id']}/extend", json=longer)).json() for _ in range(3)]

    assert (first["id"], True) == (joined["id"], joined["joined_existing"])
    assert (first["id"], "cancelled", True) == (again["id"], again["state"], again["joined_existing"])
    assert ("approved", 1) == (made[0]["state"], len({one["id"] for one in made}))


async def test_an_id_names_one_wish(any_server: Server, people: dict[str, httpx.AsyncClient]) -> None:
    """Neither what prolongs, nor another thing to prolong, nor another wish than what joined is found under it."""
    eve, kim = people["eve"], people["kim"]
    parents = []
    for days in ("10 days", "12 days"):
        body = asked(amount_usd="4", request_id=f"eve {days}", **{"for": days})
        parents.append((await eve.post("/exceptions", json=body)).json()["id"])
    longer = {"for": "20 days", "amount_usd": "3"}
    first = await eve.post(f"/exceptions/{parents[0]}/extend", json={**longer, "request_id": "eve-longer"})
    others = [
        await eve.post(
            f"/exceptions/{parents[0]}/extend", json={**longer, "amount_usd": "4", "request_id": "eve 10 days"}
        ),
        await eve.post(f"/exceptions/{parents[1]}/extend", json={**longer, "request_id": "eve-longer"}),
    ]
    pending = (await eve.post("/exceptions", json=asked())).json()
    scope = {"user": "eve@acme.example"}
    joined = (await kim.post("/exceptions", json=asked(request_id="kim-1", scope=scope))).json()
    others += [
        await kim.post("/exceptions", json=asked(request_id="kim-1", scope=scope, amount_usd="201")),
        await kim.post("/exceptions", json=asked(request_id="kim-1")),
    ]

    assert (200, parents[0]) == (first.status_code, first.json()["extends"])
    assert (pending["id"], True) == (joined["id"], joined["joined_existing"])
    assert [(409, "conflict")] * 4 == [(one.status_code, one.json()["error"]["code"]) for one in others]


async def test_a_second_id_finds_what_it_was_answered_with(
    any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """A page is opened twice: what the second one sent is the first one's request, also when it is decided."""
    first = (await people["eve"].post("/exceptions", json=asked(request_id="page-1"))).json()
    second = [(await people["eve"].post("/exceptions", json=asked(request_id="page-2"))).json() for _ in range(2)]
    await people["fin"].post(f"/exceptions/{first['id']}/approve", json={})
    again = (await people["eve"].post("/exceptions", json=asked(request_id="page-2"))).json()
    steps = [one["act"] for one in (await people["eve"].get(f"/exceptions/{first['id']}")).json()["records"]]

    assert [first["id"]] * 3 == [one["id"] for one in (*second, again)]
    assert (1, []) == (steps.count("sent_again"), again["joined"])


async def test_small_ones_are_granted_and_their_sum_is_not(
    any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """Two halves of what a lead would decide are decided by the lead; the preview says so before."""
    first = (await people["eve"].post("/exceptions", json=asked(amount_usd="6"))).json()
    preview = (await people["eve"].post("/exceptions/preview", json=asked(amount_usd="6"))).json()
    second = (await people["eve"].post("/exceptions", json=asked(amount_usd="6"))).json()

    assert ("active", False, "12.000000000", "pending") == (
        first["state"],
        preview["automatic"],
        preview["cost_usd"],
        second["state"],
    )
    assert [{"group": "department-leads", "at_least": 1, "instead": None}] == preview["requires"]


async def test_the_whole_path_is_tried_before_anybody_is_asked(
    any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """Lifting the company's budget alone does not help where the department's is used up: that one is offered."""
    used = {"input_tokens": 1_000_000, "output_tokens": 1000}
    event = {"event_id": "e0", "subject": {"user": "eve@acme.example"}, "model": "claude-sonnet-4", "usage": used}
    async with any_server.client() as gateway:
        await gateway.post("/usage", json=event)
    alone = (await people["eve"].post("/exceptions/preview", json=asked(lifts=["Quota/company-spend"]))).json()
    both = (await people["eve"].post("/exceptions/preview", json=asked())).json()

    assert (False, True) == (alone["trial"]["helps"], both["trial"]["helps"])
    assert ["Quota/department-spend"] == alone["trial"]["lift_as_well"]
    assert "this alone will not help: Quota/department-spend is in the way too" in alone["trial"]["summary"]


async def test_lists_tell_what_waits_for_whom(any_server: Server, people: dict[str, httpx.AsyncClient]) -> None:
    """By state, requester and department; page after page."""
    quotas = (["Quota/department-spend"], ["Quota/company-spend"], ["Quota/department-spend", "Quota/company-spend"])
    made = [(await people["eve"].post("/exceptions", json=asked(lifts=lifts))).json() for lifts in quotas]
    ids = [one["id"] for one in made]
    mine = (await people["kim"].get("/exceptions", params={"waits_for_me": True})).json()
    others = (await people["fin"].get("/exceptions", params={"waits_for_me": True})).json()
    first = (await people["fin"].get("/exceptions", params={"limit": 2, "state": "pending"})).json()
    rest = (await people["fin"].get("/exceptions", params={"limit": 2, "cursor": first["next"]})).json()
    nobody = (await people["fin"].get("/exceptions", params={"requester": "kim@acme.example"})).json()
    wrong = await people["fin"].get("/exceptions", params={"state": "approvd"})

    assert ([*reversed(ids)], [], []) == (
        [one["id"] for one in mine["exceptions"]],
        others["exceptions"],
        nobody["exceptions"],
    )
    assert [*reversed(ids)] == [one["id"] for one in (*first["exceptions"], *rest["exceptions"])]
    assert (422, "state") == (wrong.status_code, wrong.json()["error"]["details"]["field"])


async def test_the_story_of_a_request_goes_on_after_its_grant(
    any_server: Server, people: dict[str, httpx.AsyncClient], standing: StandingClock
) -> None:
    """Question, answer, less than asked, longer, what came of it, and the report of it all."""
    path = f"/exceptions/{(await people['eve'].post('/exceptions', json=asked(expected_value_usd='900'))).json()['id']}"
    await people["kim"].post(f"{path}/ask", json={"text": "is half of it enough?"})
    await people["eve"].post(f"{path}/ask", json={"text": "for a week, yes"})
    standing.advance(3600)
    less = (await people["kim"].post(f"{path}/approve", json={"amount_usd": "100"})).json()
    longer = (await people["eve"].post(f"{path}/extend", json={"for": "20 days", "amount_usd": "50"})).json()
    told = (await people["eve"].post(f"{path}/outcome", json={"count": 3, "worth_usd": "700"})).json()
    report = (await people["fin"].get("/exceptions/report")).json()

    assert ("active", "100.000000000", "200.000000000") == (
        less["state"],
        less["terms"]["amount_usd"],
        less["asked"]["amount_usd"],
    )
    assert ("pending", less["terms"]["until"], less["id"]) == (
        longer["state"],
        longer["asked"]["from"],
        longer["extends"],
    )
    assert "700.000000000" == told["came_of_it"]["worth_usd"]
    assert ("250.000000000", "100.000000000", "700.000000000", 3600) == tuple(
        report["total"][name] for name in ("asked_usd", "granted_usd", "worth_usd", "time_to_decision_s")
    )
    assert [("engineering", 2)] == [(one["department"], one["requests"]) for one in report["departments"]]
    assert [("kim@acme.example", 1, "100.000000000")] == [
        (one["approver"], one["approved"], one["granted_usd"]) for one in report["approvers"]
    ]


async def test_the_glass_is_broken_and_reviewed_over_http(
    any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """Without Slack: the next decision obeys, and another one reviews it."""
    body = asked(amount_usd="20", scope={"user": "eve"}, **{"for": "1 hour"})
    broken = (await people["fin"].post("/exceptions/break-glass", json=body)).json()
    at_once = obeyed(any_server)
    own = await people["fin"].post(f"/exceptions/{broken['id']}/review", json={"justified": True, "note": "it was me"})
    done = await people["kim"].post(
        f"/exceptions/{broken['id']}/review", json={"justified": True, "note": "it was night"}
    )

    assert ("active", True, [broken["id"]], 403) == (broken["state"], broken["break_glass"], at_once, own.status_code)
    assert (True, "kim@acme.example") == (done.json()["review"]["justified"], done.json()["review"]["by"])


async def test_a_delegate_votes_over_http(any_server: Server, people: dict[str, httpx.AsyncClient]) -> None:
    """Kim is away; Fay decides for Kim until Kim takes it back."""
    made = (
        await people["kim"].post("/exceptions/delegations", json={"to": "fay@acme.example", "for": "5 days"})
    ).json()
    request = (await people["eve"].post("/exceptions", json=asked())).json()
    listed = (await people["eve"].get("/exceptions/delegations")).json()["delegations"]
    done = (await people["fay"].post(f"/exceptions/{request['id']}/approve", json={})).json()
    ended = (await people["kim"].post("/exceptions/delegations/end", json={})).json()["delegations"]

    assert [made["id"]] == [one["id"] for one in listed] == [one["id"] for one in ended]
    assert ("active", [("kim@acme.example", "fay@acme.example")]) == (
        done["state"],
        [(vote["member"], vote["by"]) for vote in done["votes"]],
    )


async def test_two_workers_approve_at_once_and_one_grant_comes_of_it(
    database_url: str, policies: Path, any_server: Server, people: dict[str, httpx.AsyncClient]
) -> None:
    """On one database: acts are one after the other, so that slices are counted and votes are not lost."""
    async with running(settings_for(database_url, policies), StandingClock(), with_keys=False) as other:
        secrets = [people[name].headers["authorization"].removeprefix("Bearer ") for name in ("eve", "kim")]
        async with other.client(secret=secrets[0]) as there:
            asked_twice = await asyncio.gather(
                *(client.post("/exceptions", json=asked(amount_usd="9")) for client in (people["eve"], there) * 4)
            )
    states = sorted(answer.json()["state"] for answer in asked_twice)
    ids = {answer.json()["id"] for answer in asked_twice}

    assert ["active", *["pending"] * 7] == states
    assert 2 == len(ids), "the second one waits for the lead, the others join it"
