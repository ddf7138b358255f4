"""Budgets, entitlements, explanations, search and summaries through HTTP."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from governor.core.keys import Role
from governor.services.cursors import encode_cursor
from tests.api.world import QUOTAS, Server, StandingClock, question, running, settings_for, write_policies


async def budgets(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    """Return all budgets of a query, page by page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await client.get(f"/budgets?{query}&cursor={cursor}" if cursor else f"/budgets?{query}")).json()
        found.extend(page["budgets"])
        if page["next"] is None:
            return found
        cursor = page["next"]


async def test_budgets_that_nobody_has_drawn_on_are_listed_with_nothing_used(any_server: Server) -> None:
    """Every department, person and bot has its budgets before the first request."""
    async with any_server.client(Role.VIEWER) as client:
        listed = await budgets(client)

    scopes = [(budget["policy"].removeprefix("Quota/"), *budget["scope"].values()) for budget in listed]
    assert [
        ("company-spend",),
        ("department-spend", "engineering"),
        ("department-spend", "guests"),
        ("department-spend", "marketing"),
        ("user-requests", "(unknown)"),
        ("user-requests", "eve@acme.example"),
        ("user-requests", "mia@acme.example"),
        ("user-requests", "triage-bot"),
    ] == scopes
    assert {("0", "0")} == {(budget["used"], budget["held"]) for budget in listed}


async def test_pages_of_budgets_are_the_list_whatever_their_size(any_server: Server) -> None:
    """Touched and untouched budgets come once each, in one order, in pages of any size."""
    async with any_server.client() as client:
        await client.post("/decide", json=question())
        await client.post("/decide", json=question(model="gpt-4o-mini", subject={"user": "nobody@x.example"}))
        whole = await budgets(client)
        pages = [await budgets(client, f"limit={size}") for size in (1, 2, 3, 5)]

    assert [whole] * 4 == pages
    assert 8 == len(whole)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("quota=department-spend", 3),
        ("quota=Quota/department-spend", 3),
        ("quota=nothing", 0),
        ("department=engineering", 3),
        ("team=platform", 2),
        ("user=eve@acme.example", 1),
        ("user=eve", 1),
        ("user=nobody@x.example", 0),
        ("quota=user-requests&department=marketing", 1),
    ],
)
async def test_budgets_are_filtered(server: Server, query: str, count: int) -> None:
    """A department's budgets include those of its people; names may be any that a person has."""
    async with server.client(Role.VIEWER) as client:
        listed = await budgets(client, query)

    assert count == len(listed)


async def test_budgets_show_the_limit_in_force_for_each_scope_and_instant(
    sqlite_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """``at`` picks the period that contains it, and the limit that is in force then."""
    quotas = QUOTAS.replace(
        "per: [department]\n",
        "per: [department]\nschedule: [{from: 2027-01-01, limit: 25 USD}]\n",
    )
    async with (
        running(settings_for(sqlite_url, write_policies(tmp_path / "policies", quotas)), standing) as server,
        server.client(Role.VIEWER) as client,
    ):
        now = await budgets(client, "quota=department-spend")
        later = await budgets(client, "quota=department-spend&at=2027-01-15T00:00:00Z")

    assert ["100", "10", "10"] == [budget["limit"] for budget in now]
    assert ["100", "25", "25"] == [budget["limit"] for budget in later]
    assert "2026-12-31T23:00:00Z" == later[0]["period"]["start"]


async def test_a_budget_shows_the_limit_that_decides_whichever_team_is_named(
    database_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """Eve has two teams, and limits are by team: her own budget follows her home team, decided and listed alike."""
    folder = write_policies(
        tmp_path / "policies",
        "apiVersion: governor/v1\nkind: Quota\nname: user-spend\nper: [user]\nlimit: 1 USD\n"
        "limits: [{team: search, limit: 3 USD}]\nperiod: month\n",
    )
    organization = folder / "organization.yaml"
    organization.write_text(organization.read_text().replace("team: platform, dep", "teams: [platform, search], dep"))
    async with running(settings_for(database_url, folder), standing) as server, server.client() as client:
        subject = {"user": "eve@acme.example", "team": "search"}
        decided = (await client.post("/decide", json=question(subject=subject))).json()["budgets"]
        listed = await budgets(client, "user=eve")

    assert [("1", "0.0045")] == [(budget["limit"], budget["held"]) for budget in listed]
    assert listed == decided


async def test_a_past_period_keeps_its_balance(server: Server, standing: StandingClock) -> None:
    """Nothing is zeroed: next month shows nothing used, and ``at`` shows what last month used (litellm#36940)."""
    async with server.client() as client:
        decision = (await client.post("/decide", json=question())).json()
        used = {"event_id": "e", "model": "claude-sonnet-4", "decision_id": decision["decision_id"]}
        await client.post("/usage", json={**used, "usage": {"input_tokens": 1000}})
        standing.advance(15 * 86_400)
        now = await budgets(client, "quota=company-spend")
        then = await budgets(client, "quota=company-spend&at=2026-11-20T12:00:00Z")

    assert ("0", "0.003") == (now[0]["used"], then[0]["used"])


async def test_a_renamed_quota_keeps_its_balance_in_the_list(
    sqlite_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """``formerly`` is the same budget under a new name; a changed period is a new one, and is listed once."""
    folder = write_policies(tmp_path / "policies")
    renamed = QUOTAS.replace("name: company-spend", "name: acme-spend\nformerly: [company-spend]")
    async with (
        running(settings_for(sqlite_url, folder), standing) as server,
        server.client() as client,
    ):
        await client.post("/decide", json=question())
        write_policies(folder, renamed)
        await server.governor.publisher.reload()
        kept = await budgets(client, "quota=acme-spend")
        write_policies(folder, renamed.replace("period: month", "period: year", 1))
        await server.governor.publisher.reload()
        anew = await budgets(client, "quota=acme-spend")

    assert ["0.0045"] == [budget["held"] for budget in kept]
    assert ["0"] == [budget["held"] for budget in anew]


async def test_a_quota_renamed_twice_still_lists_what_was_drawn_under_its_first_name(
    sqlite_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """Also scopes that only requests bring along, and when ``formerly`` has forgotten the first name."""
    by_customer = f"{QUOTAS}---\napiVersion: governor/v1\nkind: Quota\nname: one\nper: [tags.customer]\n"
    by_customer += "limit: 5 USD\nperiod: month\n"
    folder = write_policies(tmp_path / "policies", by_customer)
    async with running(settings_for(sqlite_url, folder), standing) as server, server.client() as client:
        await client.post("/decide", json=question(tags={"customer": "c-17"}))
        for name, before in (("two", "one"), ("three", "two")):
            write_policies(folder, by_customer.replace("name: one", f"name: {name}\nformerly: [{before}]"))
            await server.governor.publisher.reload()
        listed = await budgets(client, "quota=three")

    assert [("Quota/three", {"tags.customer": "c-17"}, "0.0045")] == [
        (budget["policy"], budget["scope"], budget["held"]) for budget in listed
    ]


PARTS = """\
apiVersion: governor/v1
kind: Quota
name: paced
limit: 110 USD
period: month
pace: {per: day, burst: 3}
max_share: {per: team, percent: 40}
---
{apiVersion: governor/v1, kind: Quota, name: fund, applies_to: {department: guests}, limit: 9 USD, period: year}
---
apiVersion: governor/v1
kind: Quota
name: small
per: [department]
limit: 0.004 USD
period: month
when_reached: {overage: {from: Quota/fund, up_to: 2 USD}}
"""


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_shares_days_and_funds_are_listed_with_their_budgets(
    database_url: str, tmp_path: Path, standing: StandingClock, size: int
) -> None:
    """What is a part of a budget has numbers of its own: the same as in the decision, on pages of any size."""
    folder = write_policies(tmp_path / "policies", PARTS)
    async with running(settings_for(database_url, folder), standing) as server, server.client() as client:
        before = await budgets(client, f"quota=paced&limit={size}")
        decided = (await client.post("/decide", json=question())).json()["budgets"]
        listed = await budgets(client, f"limit={size}")
        growth = await budgets(client, "team=growth")
        platform = await budgets(client, "team=platform")
        ratios = (await client.get("/metrics")).text

    # Nobody has drawn on it yet: its day is known, and whose shares there will be is not.
    assert [("110", None), ("30", "3 times an even day's part of what is left")] == [
        (budget["ceiling"], budget.get("why")) for budget in before
    ]
    assert [
        ("Quota/fund", {}, "0.0045"),
        ("Quota/paced", {"team": "platform"}, "0.0045"),
        ("Quota/paced", {}, "0.0045"),
        ("Quota/paced", {}, "0.0045"),
        ("Quota/small", {"department": "engineering", "overage": "fund"}, "0.0045"),
        ("Quota/small", {"department": "engineering"}, "0"),
        ("Quota/small", {"department": "guests"}, "0"),
        ("Quota/small", {"department": "marketing"}, "0"),
    ] == [(budget["policy"], budget["scope"], budget["held"]) for budget in listed]
    assert all(budget in listed for budget in decided)
    assert ([], [{"team": "platform"}]) == (growth, [budget["scope"] for budget in platform])
    # A day that is used up is no budget that is: the series stay those of whole budgets.
    assert 5 == ratios.count("governor_budget_used_ratio{")


async def test_entitlements_say_what_a_person_may_use_now(server: Server) -> None:
    """Models with their limits and the budgets that they draw on, by environment."""
    async with server.client() as client:
        eve = (await client.get("/entitlements?user=eve")).json()
        mia = (await client.get("/entitlements?user=mia@acme.example")).json()

    assert {"user": "eve@acme.example", "kind": "employee", "team": "platform", "department": "engineering"} == (
        eve["attributes"]
    )
    assert [["anthropic/claude-sonnet-4", "openai/gpt-4o-mini"], ["openai/gpt-4o-mini"]] == [
        [model["model"] for model in who["environments"][0]["models"]] for who in (eve, mia)
    ]
    assert ["prod", "dev"] == [environment["environment"] for environment in eve["environments"]]
    assert 64_000 == eve["environments"][0]["models"][0]["max_output_tokens"]


async def test_what_entitlements_promise_decide_allows(server: Server) -> None:
    """Every model listed is allowed, and every other one refused: one function answers both."""
    async with server.client() as client:
        listed = (await client.get("/entitlements?user=mia@acme.example")).json()["environments"][0]["models"]
        verdicts = {
            model: (
                await client.post("/decide", json=question(model=model, subject={"user": "mia@acme.example"}))
            ).json()["verdict"]
            for model in ("anthropic/claude-sonnet-4", "openai/gpt-4o-mini")
        }

    assert {model["model"] for model in listed} == {model for model, verdict in verdicts.items() if verdict == "allow"}


async def test_an_old_decision_is_explained_with_the_policy_of_its_time(any_server: Server, policies: Path) -> None:
    """After the policies have changed, the explanation still shows the text that decided, and what became of it."""
    async with any_server.client() as client, any_server.client(Role.VIEWER) as viewer:
        decision = (await client.post("/decide", json=question())).json()
        write_policies(policies, QUOTAS.replace("limit: 100 USD", "limit: 200 USD"))
        await any_server.governor.publisher.reload()
        used = {"event_id": "e", "model": "claude-sonnet-4", "decision_id": decision["decision_id"]}
        await client.post("/usage", json={**used, "usage": {"input_tokens": 1000}})
        explained = (await viewer.get(f"/decisions/{decision['decision_id']}")).json()

    texts = {policy["policy"]: policy for policy in explained["policies"]}
    assert "limit: 100 USD" in texts["Quota/department-spend"]["text"]
    assert "quotas.yaml:7" == texts["Quota/department-spend"]["source"]
    assert (question(), decision) == (explained["request"], explained["answer"])
    assert ("settled", "settlement", "0.003000000") == (
        explained["state"],
        explained["usage"][0]["kind"],
        explained["usage"][0]["cost_usd"],
    )


async def test_an_expired_hold_is_expired_in_every_read_at_once(server: Server, standing: StandingClock) -> None:
    """Whether or not a sweeper ran, a hold past its time is not held (tigerbeetle#2118)."""
    async with server.client() as client, server.client(Role.VIEWER) as viewer:
        decision = (await client.post("/decide", json=question(hold_for="1 minute"))).json()
        standing.advance(71)
        state = (await viewer.get(f"/decisions/{decision['decision_id']}")).json()["state"]
        held = {budget["held"] for budget in await budgets(client)}

    assert ("expired", {"0"}) == (state, held)


async def test_decisions_are_searched_and_paged_newest_first(any_server: Server, standing: StandingClock) -> None:
    """Filters are ANDed, pages join up, and a filter that the database cannot index works too."""
    async with any_server.client() as client, any_server.client(Role.VIEWER) as viewer:
        made = []
        for user in ("eve", "mia@acme.example", "eve", "eve"):
            answer = await client.post("/decide", json=question(subject={"user": user}))
            made.append(answer.json()["decision_id"])
            standing.advance(1)

        async def ids(query: str) -> list[str]:
            found: list[str] = []
            cursor = ""
            while True:
                page = (await viewer.get(f"/decisions?limit=2&{query}&cursor={cursor}")).json()
                found.extend(decision["decision_id"] for decision in page["decisions"])
                if page["next"] is None:
                    return found
                cursor = page["next"]

        assert made[::-1] == await ids("")
        assert [made[3], made[2], made[0]] == await ids("user=eve@acme.example")
        assert [made[1]] == await ids("verdict=deny")
        assert [made[1]] == await ids("department=marketing&code=model_not_allowed")
        assert [made[1], made[0]] == await ids("until=2026-11-20T12:00:02Z")
        assert [made[3]] == await ids("since=2026-11-20T12:00:03%2B00:00")
        assert [] == await ids("client=nobody")
        assert [made[3], made[2], made[0]] == await ids("state=held")


async def test_what_followed_from_a_decision_is_found(any_server: Server) -> None:
    """The calls of an agent's step name it as their parent; the explanation keeps that, and a search lists them."""
    async with any_server.client() as client, any_server.client(Role.VIEWER) as viewer:
        parent = (await client.post("/decide", json=question())).json()["decision_id"]
        children = [
            (await client.post("/decide", json=question(parent_decision_id=parent))).json()["decision_id"]
            for _ in range(2)
        ]
        found = (await viewer.get(f"/decisions?parent_decision_id={parent}")).json()["decisions"]
        told = (await viewer.get(f"/decisions/{children[0]}")).json()

    assert sorted(children) == sorted(decision["decision_id"] for decision in found)
    assert parent == told["request"]["parent_decision_id"]


async def test_a_cursor_that_no_page_gave_is_refused(server: Server) -> None:
    """Also one that decodes, but names nothing that a decision could have: that is a wrong request, not a lost page."""
    made_up = encode_cursor("not-an-id")
    async with server.client(Role.VIEWER) as viewer:
        answers = [await viewer.get(f"/decisions?cursor={cursor}") for cursor in ("abc", made_up)]

    assert [(422, "invalid_cursor")] * 2 == [(each.status_code, each.json()["error"]["code"]) for each in answers]


async def test_usage_is_summed_by_any_grouping_with_whole_totals(any_server: Server) -> None:
    """Totals are of everything that was asked for, also when the page is not (gatekeeper: violations capped)."""
    async with any_server.client() as client, any_server.client(Role.VIEWER) as viewer:
        for number, user in enumerate(("eve", "mia@acme.example", "eve")):
            subject = {"user": user}
            body = {"event_id": f"e{number}", "model": "gpt-4o-mini", "subject": subject, "use_case": "triage"}
            await client.post("/usage", json={**body, "usage": {"input_tokens": 1_000_000, "output_tokens": 10}})
        by_user = (await viewer.get("/usage/summary?by=department,user&limit=1")).json()
        following = (await viewer.get(f"/usage/summary?by=department,user&cursor={by_user['next']}")).json()
        by_day = (await viewer.get("/usage/summary?by=day,model&department=engineering")).json()
        none = (await viewer.get("/usage/summary?by=team&until=2026-01-01T00:00:00Z")).json()

    assert [{"department": "engineering", "user": "eve@acme.example"}] == [g["group"] for g in by_user["groups"]]
    assert [{"department": "marketing", "user": "mia@acme.example"}] == [g["group"] for g in following["groups"]]
    assert (3, "0.450018000") == (by_user["totals"]["requests"], by_user["totals"]["cost_usd"])
    assert ([{"day": "2026-11-20", "model": "openai/gpt-4o-mini"}], 2) == (
        [group["group"] for group in by_day["groups"]],
        by_day["totals"]["requests"],
    )
    assert ([], 0) == (none["groups"], none["totals"]["requests"])


async def test_the_policies_in_force_are_listed(server: Server) -> None:
    """Every document with its version, place and owner."""
    async with server.client(Role.VIEWER) as client:
        listed = (await client.get("/policies")).json()

    assert 8 == len(listed["policies"])
    assert {"Quota/company-spend": "quotas.yaml:1"}.items() <= {
        policy["policy"]: policy["source"] for policy in listed["policies"]
    }.items()
