"""A corrected price re-rates what it touched: shown first, posted as dated entries, once, and right to the cent."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from governor.core.keys import Role
from governor.edges.cli.app import app
from governor.services.keys import Identity
from governor.services.rerate import RerateQuery, Rerater, RerateSummary
from governor.store.verify import verify
from tests.api.world import POLICIES, Server, StandingClock, question

AS_BILLED = "input: 3 USD per 1M tokens, output: 15 USD per 1M tokens"
FIN = Identity("fin", Role.ADMIN, "fin@acme.example")
DAY = (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
USED = {"input_tokens": 1000, "output_tokens": 100}
"""0.0045 USD as billed."""


def event(event_id: str, decision_id: str | None, **changes: Any) -> dict[str, Any]:
    """Return a usage event of Sonnet."""
    body = {
        "event_id": event_id,
        "decision_id": decision_id,
        "model": "claude-sonnet-4",
        "usage": USED,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


async def report(server: Server, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """Report usage."""
    async with server.client() as gateway:
        answer = (await gateway.post("/usage", json=list(events))).json()
    return list(answer["events"])


async def decide(server: Server, **changes: Any) -> str:
    """Ask, and return the decision's id."""
    async with server.client() as gateway:
        return str((await gateway.post("/decide", json=question(**changes))).json()["decision_id"])


async def correct_the_price(server: Server, policies: Path, rates: str) -> None:
    """Publish another price for Sonnet, since ever."""
    (policies / "organization.yaml").write_text(POLICIES.replace(AS_BILLED, rates))
    assert await server.governor.publisher.reload()


async def rerate(server: Server, *, dry_run: bool = False, model: str = "", day: Any = DAY) -> RerateSummary:
    """Re-rate as the command line does."""
    governor = server.governor
    rerater = Rerater(governor.publisher.snapshots.current, governor.ledger, governor.database)
    query = RerateQuery(day[0], day[1], model, dry_run, "the contract says 6 USD")
    return await rerater.run(query, FIN, governor.clock.now(), lambda _: None)


async def spent(server: Server) -> dict[str, str]:
    """Return what the budgets and the summary say, and that verify finds no difference."""
    async with server.client(Role.ADMIN) as admin:
        budgets = [
            *(await admin.get("/budgets", params={"quota": "company-spend"})).json()["budgets"],
            *(await admin.get("/budgets", params={"quota": "department-spend", "department": "engineering"})).json()[
                "budgets"
            ],
            *(await admin.get("/budgets", params={"quota": "user-requests", "user": "eve"})).json()["budgets"],
        ]
        summary = (await admin.get("/usage/summary")).json()
    now_s = server.governor.clock.time()
    found = await server.governor.database.read(lambda connection: list(verify(connection, now_s)))
    assert [] == found
    used = {budget["policy"].removeprefix("Quota/"): budget["used"] for budget in budgets}
    return {**used, "summary": summary["totals"]["cost_usd"]}


DEARER = "input: 6 USD per 1M tokens, output: 15 USD per 1M tokens"


async def test_a_corrected_price_is_shown_then_posted_and_posted_once(any_server: Server, policies: Path) -> None:
    """Money, and the hours of usage, become right; requests and tokens stay what they were."""
    await report(any_server, event("e1", await decide(any_server)), event("e2", None, subject={"user": "eve"}))
    before = await spent(any_server)
    await correct_the_price(any_server, policies, DEARER)
    shown = await rerate(any_server, dry_run=True)
    untouched = await spent(any_server)
    posted = await rerate(any_server)
    after = await spent(any_server)
    again = await rerate(any_server)

    assert ("0.009", "0.009", "2", "0.009000000") == (
        before["department-spend"],
        before["company-spend"],
        before["user-requests"],
        before["summary"],
    )
    assert untouched == before
    assert (2, 9_000_000, 15_000_000) == (
        shown.total.events,
        shown.total.before_nano_usd,
        shown.total.after_nano_usd,
    )
    assert (posted.total, posted.by_model, posted.by_budget) == (shown.total, shown.by_model, shown.by_budget)
    assert {"Quota/company-spend": 6_000_000, "Quota/department-spend": 6_000_000} == {
        key.policy: change for key, change in posted.by_budget.items()
    }
    assert ("0.015", "0.015", "2", "0.015000000") == (
        after["department-spend"],
        after["company-spend"],
        after["user-requests"],
        after["summary"],
    )
    assert (2, 0, after) == (again.events, again.total.events, await spent(any_server))


async def test_a_price_that_was_too_high_gives_back(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """Down, and back up: each is an entry of its own on the decision's record."""
    decision_id = await decide(any_server)
    await report(any_server, event("e1", decision_id))
    await correct_the_price(any_server, policies, "input: 1 USD per 1M tokens, output: 5 USD per 1M tokens")
    standing.advance(60)
    await rerate(any_server)
    lower = await spent(any_server)
    await correct_the_price(any_server, policies, AS_BILLED)
    standing.advance(60)
    await rerate(any_server)
    async with any_server.client(Role.VIEWER) as viewer:
        told = (await viewer.get(f"/decisions/{decision_id}")).json()["usage"]

    assert ("0.0015", "0.0045") == (lower["department-spend"], (await spent(any_server))["department-spend"])
    assert [("settlement", "0.004500000"), ("rerating", "-0.003000000"), ("rerating", "0.003000000")] == [
        (one["kind"], one["cost_usd"]) for one in told
    ]


async def test_corrections_before_and_after_count(any_server: Server, policies: Path) -> None:
    """An event costs what its last correction says at the price of now, whichever came first."""
    await report(any_server, event("e1", await decide(any_server)))
    half = {"input_tokens": 500, "output_tokens": 50}
    await report(any_server, event("c1", None, corrects="e1", usage=half))
    await correct_the_price(any_server, policies, DEARER)
    first = await rerate(any_server)
    await report(any_server, event("c2", None, corrects="e1"))
    second = await rerate(any_server)

    assert (1, 2_250_000, 3_750_000) == (first.total.events, first.total.before_nano_usd, first.total.after_nano_usd)
    assert (0, "0.0075") == (second.total.events, (await spent(any_server))["department-spend"])


async def test_what_had_no_price_gets_one_and_what_nobody_reported_is_left_alone(
    any_server: Server, policies: Path
) -> None:
    """Unknown is not zero; a held amount is nobody's usage."""
    held = await decide(any_server)
    await report(any_server, event("e1", held, status="cancelled", usage=None))
    await report(any_server, event("e2", None, subject={"user": "eve"}, model="acme/new"))
    await correct_the_price(any_server, policies, DEARER)
    unpriced = await rerate(any_server)
    line = f"  - {{model: anthropic/claude-sonnet-4, from: 2026-01-01, {AS_BILLED}}}\n"
    priced_too = POLICIES.replace(line, line + line.replace("anthropic/claude-sonnet-4", "acme/new"))
    (policies / "organization.yaml").write_text(priced_too)
    assert await any_server.governor.publisher.reload()
    async with any_server.client(Role.VIEWER) as viewer:
        before = (await viewer.get("/usage/summary")).json()["totals"]["unpriced"]
        priced = await rerate(any_server)
        after = (await viewer.get("/usage/summary")).json()["totals"]["unpriced"]

    assert (1, 0) == (before, after)
    assert (1, 1, 0) == (unpriced.unpriced, unpriced.held_amount, unpriced.total.events)
    assert (1, 0, 4_500_000, 0) == (
        priced.held_amount,
        priced.total.before_nano_usd,
        priced.total.after_nano_usd,
        priced.unpriced,
    )


@pytest.mark.parametrize(
    ("changes", "events"),
    [
        ({"model": "claude-sonnet-4"}, 1),
        ({"model": "gpt-4o-mini"}, 0),
        ({"day": (DAY[1], datetime(2026, 11, 22, tzinfo=UTC))}, 0),
        ({"day": (datetime(2026, 11, 20, 12, tzinfo=UTC), DAY[1])}, 1),
    ],
)
async def test_only_what_is_asked_for_is_re_rated(
    server: Server, policies: Path, standing: StandingClock, changes: dict[str, Any], events: int
) -> None:
    """By model under any name, and by when it happened, half-open."""
    await report(server, event("e1", await decide(server)))
    standing.advance(3600)
    await correct_the_price(server, policies, DEARER)
    summary = await rerate(server, **changes)

    assert events == summary.total.events


async def test_thousands_of_events_are_re_rated_by_pages(any_server: Server, policies: Path) -> None:
    """More than a page, with corrections among them."""
    events = [event(f"e{number}", None, subject={"user": "eve"}) for number in range(450)]
    await report(any_server, *events)
    await report(any_server, event("c1", None, corrects="e7", usage={"input_tokens": 0, "output_tokens": 0}))
    await correct_the_price(any_server, policies, DEARER)
    posted = await rerate(any_server)

    assert (450, 449) == (posted.events, posted.total.events)
    assert ("3.3675", "3.367500000") == ((now := await spent(any_server))["department-spend"], now["summary"])


async def test_the_command_line_shows_and_posts_beside_a_running_server(
    sqlite_url: str, server: Server, policies: Path
) -> None:
    """By day, in the Organization's zone; the server sees the balances at once."""
    await report(server, event("e1", await decide(server)))
    await correct_the_price(server, policies, DEARER)
    words = ["prices", "rerate", "--from", "2026-11-20", "--until", "2026-11-21", "--by", "fin"]
    where = ["--policies", str(policies), "--database", sqlite_url]
    shown = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--dry-run", *where])
    before = await spent(server)
    posted = await asyncio.to_thread(CliRunner().invoke, app, [*words, *where])
    after = await spent(server)

    assert (0, 0) == (shown.exit_code, posted.exit_code)
    assert all(word in shown.output for word in ("would change", "Quota/company-spend", "0.003000000", "--dry-run"))
    assert "1 of 1 events changed" in posted.output
    assert ("0.0045", "0.0075") == (before["company-spend"], after["company-spend"])
