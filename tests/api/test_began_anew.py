"""An edit of unit, per or period makes other budgets: every answer about them says since when they count, and why."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from tests.api.world import NOON, QUOTAS, Server, StandingClock, question, running, settings_for

LOST = "what was used before does not count"
BY_TEAM = f"on 20 November 2026 13:00 CET, when an edit changed per: {LOST}"


def edited(policies: Path, *edits: tuple[str, str]) -> None:
    """Write the quotas with other words in them."""
    text = QUOTAS
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    (policies / "quotas.yaml").write_text(text)


async def publish(server: Server, policies: Path, *edits: tuple[str, str]) -> None:
    """Let edited quotas decide."""
    edited(policies, *edits)
    assert await server.governor.publisher.reload()


async def told(server: Server, **asked: Any) -> dict[str, dict[str, str | None]]:
    """Return what a decision, the list of budgets and the entitlements say of each budget of Eve's, by quota."""
    async with server.client() as gateway, server.client(Role.VIEWER) as viewer:
        decided = (await gateway.post("/decide", json=question(dry_run=True, **asked))).json()
        listed = (await viewer.get("/budgets")).json()
        entitled = (await viewer.get("/entitlements", params={"user": "eve@acme.example"})).json()
    scopes = [one["scope"] for one in decided["budgets"]]
    lists = {
        "decide": decided["budgets"],
        "budgets": [one for one in listed["budgets"] if one["scope"] in scopes],
        "entitlements": entitled["environments"][0]["budgets"],
    }
    return {
        door: {one["policy"].removeprefix("Quota/"): one.get("began_anew") for one in budgets}
        for door, budgets in lists.items()
    }


def everywhere(**says: str | None) -> dict[str, dict[str, str | None]]:
    """Return what all three doors must say."""
    quotas: dict[str, str | None] = {"company-spend": None, "department-spend": None, "user-requests": None}
    quotas.update({name.replace("_", "-"): words for name, words in says.items()})
    return dict.fromkeys(("decide", "budgets", "entitlements"), quotas)


async def test_every_answer_says_that_an_edit_made_other_budgets(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """Whoever finds less used than was spent reads when the budget began and which field was edited."""
    assert everywhere() == await told(any_server)
    await publish(any_server, policies, ("per: [department]", "per: [team]"))
    standing.advance(3600)

    assert everywhere(department_spend=BY_TEAM) == await told(any_server)


@pytest.mark.parametrize(
    ("edit", "fields"),
    [
        (("limit: 1,000 USD\nperiod: month", "limit: 1,000 USD\nperiod: week"), "period"),
        (("limit: 1,000 USD\nperiod: month", "limit: 1M tokens\nperiod: month"), "unit"),
        (("limit: 1,000 USD\nperiod: month", "per: [team]\nlimit: 1M tokens\nperiod: quarter"), "unit, per and period"),
    ],
    ids=["period", "unit", "all"],
)
async def test_the_edited_fields_are_named(
    server: Server, policies: Path, standing: StandingClock, edit: tuple[str, str], fields: str
) -> None:
    """Which of them it was stands in the answer."""
    await publish(server, policies, edit)
    says = f"on 20 November 2026 13:00 CET, when an edit changed {fields}: {LOST}"

    assert everywhere(company_spend=says) == await told(server)


@pytest.mark.parametrize(
    "edit", [("limit: 10 USD", "limit: 20 USD"), ("limit: 500 requests", "limit: 500 requests\nsoft_limit: 80%")]
)
async def test_an_edit_that_keeps_the_budgets_says_nothing(
    server: Server, policies: Path, edit: tuple[str, str]
) -> None:
    """Limits may be raised and lowered: the budget is the same."""
    await publish(server, policies, edit)

    assert everywhere() == await told(server)


async def test_a_period_that_begins_after_the_edit_is_whole(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """From the next period on nothing is missing, so nothing is said."""
    await publish(any_server, policies, ("per: [department]", "per: [team]"))
    # The last second of November in Berlin, and the first of December.
    standing.advance((datetime.fromisoformat("2026-11-30T22:59:59Z") - NOON).total_seconds())
    before = await told(any_server)
    standing.advance(1)

    assert everywhere(department_spend=BY_TEAM) == before
    assert everywhere() == await told(any_server)


async def test_it_is_remembered_beyond_the_server_and_is_the_same_on_all(
    database_url: str, policies: Path, standing: StandingClock
) -> None:
    """A server that starts later, and one that is edited while it stands still, know when the budgets began."""
    by_team = ("per: [department]", "per: [team]")
    settings = settings_for(database_url, policies)
    async with running(settings, standing) as first:
        await publish(first, policies, by_team)
    standing.advance(3600)
    async with running(settings, standing, with_keys=False) as second:
        second.keys.update(first.keys)
        assert everywhere(department_spend=BY_TEAM) == await told(second)
    edited(policies, by_team, ("limit: 1,000 USD\nperiod: month", "limit: 1,000 USD\nperiod: week"))
    standing.advance(3600)
    async with running(settings, standing, with_keys=False) as third:
        standing.advance(3600)
        async with running(settings, standing, with_keys=False) as fourth:
            weekly = f"on 20 November 2026 15:00 CET, when an edit changed period: {LOST}"
            for server in (third, fourth):
                server.keys.update(first.keys)
                assert everywhere(department_spend=BY_TEAM, company_spend=weekly) == await told(server)


async def test_an_edit_that_is_taken_back_leaves_a_gap(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """The former budgets go on with what they had used; what other ones had used meanwhile does not count."""
    async with any_server.client() as gateway:
        await gateway.post("/decide", json=question(request_id="r1", input_tokens=100_000, max_output_tokens=0))
        await publish(any_server, policies, ("per: [department]", "per: [team]"))
        standing.advance(3600)
        await publish(any_server, policies)
        says = (
            "on 20 November 2026 14:00 CET, when an edit changed per: "
            "what was used from 20 November 2026 13:00 CET until then does not count"
        )

        assert everywhere(department_spend=says) == await told(any_server)


async def test_a_renamed_quota_goes_on_and_says_nothing(any_server: Server, policies: Path) -> None:
    """With `formerly` the balance stays, also if the name alone is edited."""
    renamed = ("name: department-spend\n", "name: departments\nformerly: [department-spend]\n")
    await publish(any_server, policies, renamed)
    kept = await told(any_server)
    await publish(any_server, policies, renamed, ("per: [department]", "per: [team]"))

    assert {None} == {says for door in kept.values() for says in door.values()}
    assert BY_TEAM == (await told(any_server))["decide"]["departments"]


async def test_existing_use_that_counts_is_said_to_count(any_server: Server, policies: Path) -> None:
    """With `count_existing` the budget is another, and nothing is lost."""
    await publish(any_server, policies, ("per: [department]", "per: [team]\ncount_existing: true"))
    says = "on 20 November 2026 13:00 CET, when an edit changed per: it begins with what its requests had used before"

    assert everywhere(department_spend=says) == await told(any_server)
