"""The pages for people: signed in, escaped, guarded against other sites, and with the rules of every other door."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from governor.core.approvals.request import Act, Actor, Door
from governor.core.decisions.ids import id_bytes
from governor.core.keys import Role
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.routes import create_gate
from governor.edges.web.pages import open_pages
from governor.services.approvals.create import create
from governor.services.approvals.read import RequestQuery, list_requests, read_one
from governor.services.approvals.sign_in import make_link
from governor.services.keys import revoke_key
from governor.store.approval_records import read_records
from tests.api.world import Server, StandingClock, running, settings_for
from tests.approvals.world import NOON, actor, user, wish
from tests.web.conftest import Browser


async def asked(site: Server, amount_usd: int = 500, by: str = "ada", **changes: Any) -> str:
    """Ask for something, and return the request's id."""
    created = await create(site.governor.desk, wish(amount_usd, **changes), actor(by), NOON)
    return created.acted.request.id


async def state(site: Server, request_id: str) -> str:
    """Return a request's state."""
    return str((await read_one(site.governor.desk, request_id)).state)


async def test_somebody_asks_and_somebody_else_approves(site: Server, people: dict[str, Browser]) -> None:
    """The form shows what would happen, is sent, waits on the approver's page, and is confirmed."""
    form = await people["ada"].get("/ask?kind=budget&lifts=Quota/team-spend&whom=team%3Dplatform")
    fields = {"amount_usd": "500", "until": "2026-11-30", "justification": "one <b>more</b> run", "do": "preview"}
    shown = await people["ada"].send(form, "/ask", **fields)
    sent = await people["ada"].send(shown, "/ask", **{**fields, "do": "send"})
    home = await people["kim"].get("/")
    [path] = set(re.findall(r"/web(/requests/[0-9a-f-]+)", home.text))
    case = await people["kim"].get(path)
    sure = await people["kim"].send(case, "/confirm", verb="approve", amount_usd="300", reason="for now")
    done = await people["kim"].send(sure, "/approve")
    told = await people["ada"].get(path)

    assert "1 of department-leads" in shown.text
    assert (200, True) == (sent.status_code, "500 USD for team platform" in sent.text)
    assert ("one &lt;b&gt;more&lt;/b&gt; run" in case.text, "<b>more" in case.text) == (True, False)
    assert "300 USD for team platform, until 1 December 2026, 00:00" in sure.text
    assert ("active", True) == (await state(site, path.split("/")[-1]), "300 USD for team platform" in done.text)
    assert "kim@acme.example: voted — for now" in told.text


async def test_the_last_day_counts(site: Server, people: dict[str, Browser]) -> None:
    """Until the end of the thirtieth is until midnight after it, in the organisation's zone; so are shorter terms."""
    path = f"/requests/{await asked(site, until_at=NOON + timedelta(days=20))}"
    ada, kim = people["ada"], people["kim"]
    form = await ada.get("/ask?kind=budget&lifts=Quota/team-spend")
    await ada.send(form, "/ask", amount_usd="40", until="2026-11-30", justification="one more run", do="send")
    sure = await kim.send(await kim.get(path), "/confirm", verb="approve", until="2026-11-22")
    await kim.send(sure, "/approve")
    made = (await list_requests(site.governor.desk, RequestQuery(), NOON)).requests

    assert 'name="until" type="date" value="2026-11-27"' in form.text
    assert ["2026-11-30T23:00:00+00:00", "2026-11-22T23:00:00+00:00"] == [one.terms.ends_at.isoformat() for one in made]


@pytest.mark.parametrize("hours", [2, 12, 13])
async def test_the_day_on_which_it_ends_anyway_is_no_longer_end(
    site: Server, people: dict[str, Browser], hours: int
) -> None:
    """Asked is until some hour of a day, or its midnight: until the end of that day is as asked, and resets no vote."""
    path = f"/requests/{await asked(site, 5000, until_at=NOON + timedelta(days=1, hours=hours - 1))}"
    fin, ina = people["fin"], people["ina"]
    await fin.send(await fin.send(await fin.get(path), "/confirm", verb="approve"), "/approve")
    last = {2: "2026-11-21", 12: "2026-11-21", 13: "2026-11-22"}[hours]
    sure = await ina.send(await ina.get(path), "/confirm", verb="approve", until=last)
    done = await ina.send(sure, "/approve")
    made = await read_one(site.governor.desk, path.rsplit("/", maxsplit=1)[-1])

    assert (200, "Asked was" in sure.text) == (done.status_code, False)
    assert ("active", made.asked.ends_at) == (str(made.state), made.terms.ends_at)


async def test_a_denial_reaches_the_requester_with_its_reason(site: Server, people: dict[str, Browser]) -> None:
    """Without a reason it is no denial."""
    path = f"/requests/{await asked(site)}"
    case = await people["kim"].get(path)
    sure = await people["kim"].send(case, "/confirm", verb="deny", reason="use the small model")
    silent = await people["kim"].send(sure, "/deny", reason="")
    denied = await people["kim"].send(sure, "/deny")
    told = await people["ada"].get(path)

    assert (422, 200) == (silent.status_code, denied.status_code)
    assert "kim@acme.example: use the small model" in told.text


async def test_what_is_decided_on_the_page_only_is_decided_here(site: Server, people: dict[str, Browser]) -> None:
    """The link from Slack leads here; both groups decide."""
    request = await asked(site, 5000)
    for name in ("fin", "ina"):
        case = await people[name].get(f"/requests/{request}")
        await people[name].send(await people[name].send(case, "/confirm", verb="approve"), "/approve")

    assert "active" == await state(site, request)


@pytest.mark.parametrize("name", ["ada", "bob"])
async def test_who_may_not_decide_finds_no_form_and_gets_none_through(
    site: Server, people: dict[str, Browser], name: str
) -> None:
    """Neither the requester nor a colleague, whatever they send."""
    request = await asked(site)
    page = await people[name].get(f"/requests/{request}")
    guard = re.search(r'name="guard" value="([0-9a-f]+)"', page.text)
    assert guard is not None
    forged = await people[name].client.post(f"/web/requests/{request}/approve", data={"guard": guard[1]})

    assert ("/confirm" in page.text, 403, "pending") == (False, forged.status_code, await state(site, request))


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ({}, {}),
        ({"guard": "0" * 64}, {}),
        (None, {"sec-fetch-site": "cross-site"}),
    ],
)
async def test_another_site_cannot_decide_in_somebodys_name(
    site: Server, people: dict[str, Browser], data: dict[str, str] | None, headers: dict[str, str]
) -> None:
    """Without the guard of this session, or sent from elsewhere, nothing happens."""
    request = await asked(site)
    page = await people["kim"].get(f"/requests/{request}")
    guard = re.search(r'name="guard" value="([0-9a-f]+)"', page.text)
    assert guard is not None
    sent = await people["kim"].client.post(
        f"/web/requests/{request}/approve", data={"guard": guard[1]} if data is None else data, headers=headers
    )

    assert (403, "pending") == (sent.status_code, await state(site, request))


async def test_a_link_from_slack_signs_in_once(
    site: Server, people: dict[str, Browser], standing: StandingClock
) -> None:
    """Opening it uses nothing up (previews open links); following it does; it is bound to the Slack id."""
    request = await asked(site, scope=(("team", "growth"),), by="mia")
    lena = Actor(user("lena"), Door.SLACK, "U0LENA")
    database = site.governor.database
    secret = await make_link(database, lena, f"/requests/{request}", NOON)
    browser = people["stranger"]
    await browser.get(f"/link/{secret}")
    page = await browser.get(f"/link/{secret}")
    inside = await browser.send(page, f"/link/{secret}")
    again = await people["ina"].send(page, f"/link/{secret}")
    await browser.send(await browser.send(inside, "/confirm", verb="approve"), "/approve")
    late = await make_link(database, lena, "/", NOON)
    standing.advance(15 * 60)
    ended = await people["ina"].client.post(f"/web/link/{late}", data={})
    record = await site.governor.database.read(lambda connection: _last_vote(connection, request))

    assert (200, 403, 403) == (inside.status_code, again.status_code, ended.status_code)
    assert "500 USD for team growth" in inside.text
    assert ("active", (user("lena"), "web", "slack:U0LENA")) == (await state(site, request), record)


async def test_a_link_and_its_session_end_with_the_slack_id(site: Server, people: dict[str, Browser]) -> None:
    """Whoever has another Slack id by now, or none, is not signed in by what Slack gave to the one before."""
    lena = Actor(user("lena"), Door.SLACK, "U0LENA")
    first, second = [await make_link(site.governor.database, lena, "/ask", NOON) for _ in range(2)]
    browser = people["stranger"]
    inside = await browser.send(await browser.get(f"/link/{first}"), f"/link/{first}")
    snapshot = site.governor.publisher.snapshots.current
    organization = snapshot.organization
    moved = {**organization.people, lena.user: replace(organization.people[lena.user], slack="U0OTHER")}
    snapshot.organization = replace(organization, people=moved)
    after = await browser.get("/ask")
    refused = await people["ina"].client.post(f"/web/link/{second}", data={})

    assert ("Ask for an exception" in inside.text, "Your key" in after.text) == (True, True)
    assert (403, True) == (refused.status_code, "belongs to somebody else by now" in refused.text)


def _last_vote(connection: Connection, request_id: str) -> tuple[str, str, str]:
    """Return who voted last on a request, by which door and with which key."""
    records = read_records(connection, subject_id=id_bytes(request_id))
    vote = [one.transition for one in records if one.transition.act is Act.VOTED][-1]
    return vote.actor.user, str(vote.actor.door), vote.actor.key


async def test_a_session_ends_with_its_key_and_with_its_hours(
    site: Server, people: dict[str, Browser], standing: StandingClock
) -> None:
    """A revoked key, four hours, and signing out lead to the door."""
    before = await people["kim"].get("/")
    await revoke_key(site.governor.database, "kim-key", site.governor.clock.now())
    revoked = await people["kim"].get("/")
    left = await people["fin"].send(await people["fin"].get("/"), "/sign-out")
    standing.advance(timedelta(hours=4).total_seconds())
    over = await people["ina"].get("/")

    assert "Waiting for you" in before.text
    assert [True] * 3 == ["<h1>Sign in</h1>" in page.text for page in (revoked, left, over)]


async def test_a_key_to_look_around_with_decides_nothing(site: Server, people: dict[str, Browser]) -> None:
    """Kim may decide, but not with a viewer's key; a gateway's key signs nobody in, nor does a wrong one."""
    request = await asked(site)
    key = await site.make_key("kim-look", Role.VIEWER, person=user("kim"))
    gateway = await site.make_key("kim-gateway", Role.GATEWAY, person=user("kim"))
    browser = people["stranger"]
    refused = [await browser.sign_in(one) for one in (gateway, site.keys[Role.ADMIN], "gov_wrong", "")]
    page = await browser.sign_in(key, f"/requests/{request}")
    guard = re.search(r'name="guard" value="([0-9a-f]+)"', page.text)
    assert guard is not None
    sent = {"guard": guard[1], "verb": "approve", "reason": "because", "note": "looked", "justified": "yes"}
    verbs = ("approve", "deny", "withdraw", "review", "confirm")
    forged = [await browser.client.post(f"/web/requests/{request}/{verb}", data=sent) for verb in verbs]

    assert [403] * len(verbs) == [one.status_code for one in forged]
    assert "pending" == await state(site, request)
    assert [403] * 4 == [one.status_code for one in refused]
    assert ("Your key may look, but not decide" in page.text, "/confirm" in page.text) == (True, False)


async def test_the_whole_life_goes_through_the_pages(
    site: Server, people: dict[str, Browser], standing: StandingClock
) -> None:
    """Question, answer, vote withdrawn, granted, prolonged, told, revoked."""
    path = f"/requests/{await asked(site, 5000)}"
    ada, fin, ina = people["ada"], people["fin"], people["ina"]
    page = await fin.send(await fin.get(path), "/ask", text="what for?")
    page = await fin.send(await fin.send(page, "/confirm", verb="approve"), "/approve")
    page = await fin.send(page, "/withdraw")
    await ada.send(await ada.get(path), "/ask", text="for the tables")
    for browser in (fin, ina):
        await browser.send(await browser.send(await browser.get(path), "/confirm", verb="approve"), "/approve")
    longer = await ada.send(await ada.get(path), "/extend", until="2026-12-10", amount_usd="50")
    told = await ada.send(await ada.get(path), "/outcome", count="3", worth_usd="900")
    ended = await fin.send(await fin.get(path), "/revoke", reason="the run is over")

    assert ("fin@acme.example: withdrew vote" in page.text, "50 USD for team platform" in longer.text) == (True, True)
    assert ("ada@acme.example: outcome told" in told.text, "the run is over" in ended.text) == (True, True)


async def test_whoever_is_on_call_breaks_the_glass_here(site: Server, people: dict[str, Browser]) -> None:
    """Bob is on call and helps another team; Kim is not, and finds no button; somebody else reviews it."""
    link = "/ask?kind=budget&lifts=Quota/team-spend&whom=team%3Dgrowth"
    form = await people["bob"].get(link)
    fields = {"amount_usd": "40", "justification": "the nightly run stands still"}
    endless = await people["bob"].send(form, "/ask", **fields, do="glass")
    broken = await people["bob"].send(form, "/ask", **fields, do="glass", hours="1")
    [path] = {one.removeprefix("/web") for one in re.findall(r"/web/requests/[0-9a-f-]+(?=/)", broken.text)}
    page = await people["fin"].get(path)
    other = await people["kim"].get(link)

    assert (422, True) == (endless.status_code, "Say for how many hours" in endless.text)
    assert ("40 USD for team growth" in broken.text, "active" in broken.text) == (True, True)
    assert ("Break the glass now" in form.text, "Break the glass now" in other.text) == (True, False)
    assert ("/review" in broken.text, "/review" in page.text) == (False, False)
    assert "Nobody was asked. Somebody else reviews it by 22 November 2026, 13:00." in page.text


async def test_with_an_open_door_people_say_who_they_are(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """For trying it out on one's own machine; a name that nobody has lets nobody in."""
    async with running(settings_for(sqlite_url, policies, auth="off", bootstrap_key=None), standing) as server:
        app = create_gate(server.governor, HttpMetrics(CollectorRegistry()), pages=open_pages(server.governor))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here", follow_redirects=True) as client:
            nobody = await client.post("/web/sign-in", data={"key": "zoe@acme.example"})
            kim = await client.post("/web/sign-in", data={"key": user("kim")})

    assert (403, True) == (nobody.status_code, "Waiting for you" in kim.text)


async def test_pages_load_nothing_from_elsewhere(site: Server, people: dict[str, Browser]) -> None:
    """No script, no foreign address; headers forbid both, framing, and caching."""
    pages = [
        await people["kim"].get(path)
        for path in ("/", "/ask", "/refused", f"/requests/{await asked(site)}", "/nowhere")
    ]
    style = await people["stranger"].get("/style.css")

    for page in pages:
        assert "<script" not in page.text
        assert [] == re.findall(r'(?:src|href|action)="(?!/web/)[^"]*"', page.text)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert ("no-store", "nosniff") == (page.headers["cache-control"], page.headers["x-content-type-options"])
    assert ([200, 200, 200, 200, 404], "text/css; charset=utf-8") == (
        [page.status_code for page in pages],
        style.headers["content-type"],
    )


async def test_a_cookie_is_for_these_pages_alone(site: Server, people: dict[str, Browser]) -> None:
    """Not for scripts, not for other sites, not without TLS where people come by TLS; and no door leads out."""
    key = await site.make_key("hal-key", Role.VIEWER, person=user("hal"))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(site.app), base_url="https://governor.example")
    async with client:
        answers = [
            await client.post("/web/sign-in", data={"key": key, "next": following})
            for following in ("/ask", "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example")
        ]

    assert ["/web/ask", "/web/", "/web/", "/web/"] == [one.headers["location"] for one in answers]
    cookie = answers[0].headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Secure", "Path=/web"))
