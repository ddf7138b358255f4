"""Outcomes and the report on use cases, through HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from governor.core.keys import Role
from tests.api.world import Server, StandingClock, running, settings_for, write_policies

USE_CASES = """\
apiVersion: governor/v1
kind: UseCase
name: support-triage
owner: eve@acme.example
stage: production
audience: customer
outcome: a resolved ticket
outcome_worth: 4.50 USD
expected_cost: 0.35 USD per outcome
cost_centre: "6110"
---
apiVersion: governor/v1
kind: UseCase
name: drafting
owner: mia@acme.example
stage: experiment
audience: internal
---
apiVersion: governor/v1
kind: UseCase
name: translation
owner: mia@acme.example
stage: retired
audience: internal
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Give the small organisation with an inventory of use cases."""
    folder = write_policies(tmp_path / "policies")
    (folder / "use_cases.yaml").write_text(USE_CASES)
    return folder


@pytest.fixture
async def acme(database_url: str, inventory: Path, standing: StandingClock) -> AsyncIterator[Server]:
    """Give a server on each kind of database, with the inventory."""
    async with running(settings_for(database_url, inventory), standing) as server:
        yield server


async def report(client: httpx.AsyncClient, body: Any) -> list[dict[str, Any]]:
    """Report outcomes and return the results."""
    response = await client.post("/outcomes", json=body)
    assert 200 == response.status_code, response.text
    results: list[dict[str, Any]] = response.json()["outcomes"]
    return results


async def used(client: httpx.AsyncClient, event_id: str, use_case: str, tokens: int, **changes: Any) -> None:
    """Report usage of Eve's: a million tokens of Sonnet's input cost 3 USD."""
    event = {"event_id": event_id, "model": "claude-sonnet-4", "subject": {"user": "eve@acme.example"}, **changes}
    named = {"use_case": use_case} if use_case else {}
    answer = await client.post("/usage", json={**event, **named, "usage": {"input_tokens": tokens}})
    assert ["recorded"] == [result["status"] for result in answer.json()["events"]]


async def lines(server: Server, query: str = "") -> dict[str, dict[str, Any]]:
    """Return the lines of the report by use case."""
    async with server.client(Role.VIEWER) as viewer:
        response = await viewer.get(f"/use-cases{query}")
    assert 200 == response.status_code, response.text
    return {line["use_case"]: line for line in response.json()["use_cases"]}


async def test_cost_of_an_outcome_stands_beside_what_was_expected_and_what_it_is_worth(acme: Server) -> None:
    """What the mission asks for: cost per resolved task, not only cost per token."""
    async with acme.client() as gateway:
        await used(gateway, "e1", "support-triage", 1_000_000)
        await report(gateway, {"use_case": "support-triage", "event_id": "o1", "count": 8})
        await report(gateway, {"use_case": "support-triage", "event_id": "o2", "worth_usd": "20"})
    found = await lines(acme)

    assert {
        "use_case": "support-triage",
        "registered": True,
        "stage": "production",
        "audience": "customer",
        "owner": "eve@acme.example",
        "cost_centre": "6110",
        "outcome": "a resolved ticket",
        "requests": 1,
        "cost_usd": "3.000000000",
        "outcomes": 9,
        "valued_outcomes": 9,
        "worth_usd": "56.000000000",
        "net_usd": "53.000000000",
        "cost_per_outcome_usd": "0.333333333",
        "expected_cost_per_outcome_usd": "0.350000000",
        "over_expected_usd": "-0.150000000",
        "worth_per_outcome_usd": "6.222222222",
    } == found["support-triage"]


async def test_every_use_case_is_shown_and_the_totals_are_those_of_all_usage(acme: Server) -> None:
    """Registered ones without use, unregistered ones, usage that named none; retired ones only if they were used."""
    async with acme.client() as gateway:
        await used(gateway, "e1", "", 1_000_000)
        await used(gateway, "e2", "cooking", 2_000_000)
        await report(gateway, {"use_case": "drafting"})
    found = await lines(acme)
    async with acme.client(Role.VIEWER) as viewer:
        totals = (await viewer.get("/use-cases")).json()["totals"]
        usage = (await viewer.get("/usage/summary")).json()["totals"]

    assert [
        ("", False, "3.000000000", 0, None),
        ("cooking", False, "6.000000000", 0, None),
        ("drafting", True, "0.000000000", 1, "0.000000000"),
        ("support-triage", True, "0.000000000", 0, None),
    ] == [
        (name, line["registered"], line["cost_usd"], line["outcomes"], line["cost_per_outcome_usd"])
        for name, line in found.items()
    ]
    assert (usage["cost_usd"], usage["requests"], 1, 0, None, None) == (
        totals["cost_usd"],
        totals["requests"],
        totals["outcomes"],
        totals["valued_outcomes"],
        totals["worth_usd"],
        totals["net_usd"],
    )


async def test_a_retired_use_case_that_was_used_keeps_its_name(acme: Server) -> None:
    """What it cost does not vanish with it."""
    async with acme.client() as gateway:
        await used(gateway, "e1", "translation", 1_000_000)
    found = await lines(acme)

    assert ("retired", "3.000000000") == (found["translation"]["stage"], found["translation"]["cost_usd"])


async def test_a_report_counts_once(acme: Server) -> None:
    """The same id again is a duplicate with the first worth; another body under it is a conflict; no id is no claim."""
    ticket = {"use_case": "support-triage", "event_id": "ticket-1", "count": 2}
    async with acme.client() as gateway:
        first = await report(gateway, ticket)
        again = await report(gateway, [ticket, ticket])
        other = await report(gateway, {**ticket, "count": 3})
        nameless = [await report(gateway, {"use_case": "support-triage"}) for _ in range(2)]
    found = await lines(acme)

    assert ("recorded", "9.000000000") == (first[0]["status"], first[0]["worth_usd"])
    assert [("duplicate", "9.000000000")] * 2 == [(one["status"], one["worth_usd"]) for one in again]
    assert [("conflict", None)] == [(one["status"], one["worth_usd"]) for one in other]
    assert ["recorded", "recorded"] == [one["status"] for results in nameless for one in results]
    assert 2 == len({one["event_id"] for results in nameless for one in results})
    assert 4 == found["support-triage"]["outcomes"]


async def test_an_id_belongs_to_the_client_that_reports_it(acme: Server) -> None:
    """Two gateways number their tickets alike, and neither can claim the other's."""
    ticket = {"use_case": "support-triage", "event_id": "1"}
    other = await acme.make_key("gw2")
    async with acme.client() as one, acme.client(secret=other) as two:
        results = [await report(one, ticket), await report(two, ticket)]
        results.append(await report(two, {**ticket, "source": "gateway-key"}))

    assert ["recorded"] * 3 == [one["status"] for found in results for one in found]


async def test_the_same_reports_from_many_at_once_count_once(acme: Server) -> None:
    """Retries that cross: the same hundred tickets, in different orders, from eight callers."""
    tickets = [{"use_case": "support-triage", "event_id": f"ticket-{number}"} for number in range(100)]
    async with acme.client() as gateway:
        answers = await asyncio.gather(
            *(report(gateway, tickets if caller % 2 else tickets[::-1]) for caller in range(8))
        )
    statuses = [result["status"] for results in answers for result in results]

    assert (100, 700) == (statuses.count("recorded"), statuses.count("duplicate"))
    assert 100 == (await lines(acme))["support-triage"]["outcomes"]


async def test_a_bad_report_is_answered_in_its_slot(acme: Server) -> None:
    """The others count; the same mistake alone is an error of its own."""
    bad: list[Any] = [
        {"use_case": "support-triage", "event_id": "a", "count": 0},
        {"use_case": "support-triage", "event_id": "b", "worth_usd": "NaN"},
        {"use_case": "support-triage", "event_id": "c", "worth_usd": "-1"},
        {"use_case": "support-triage", "event_id": "d", "usecase": "x"},
        {"use_case": "support-triage", "event_id": "e", "time": "2026-11-20T12:05:01Z"},
        {"event_id": "f"},
        17,
    ]
    async with acme.client() as gateway:
        results = await report(gateway, [*bad, {"use_case": "support-triage", "event_id": "good"}])
        alone = [(await gateway.post("/outcomes", json=one)).status_code for one in bad]

    assert ["rejected"] * 7 + ["recorded"] == [result["status"] for result in results]
    assert ["a", "b", "c", "d", "e", "f", "", "good"] == [result["event_id"] for result in results]
    assert "did you mean `use_case`" in results[3]["reason"]
    # A time ahead is no mistake of form: it is answered, like usage that contradicts itself.
    assert [422, 422, 422, 422, 200, 422, 422] == alone


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"[", "application/json", 400),
        (b"not json", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"[" + b",".join([b"{}"] * 1001) + b"]", "application/json", 422),
    ],
)
async def test_a_body_that_is_none_is_refused(server: Server, body: bytes, content_type: str, status: int) -> None:
    """In the one shape of all errors."""
    async with server.client() as gateway:
        response = await gateway.post("/outcomes", content=body, headers={"content-type": content_type})

    assert (status, True) == (response.status_code, "error" in response.json())


async def test_a_report_for_an_unregistered_use_case_is_taken_or_rejected_as_the_organization_says(
    sqlite_url: str, inventory: Path, standing: StandingClock
) -> None:
    """Where unregistered use is denied a misspelt name would be counted nowhere: its sender is told."""
    organization = inventory / "organization.yaml"
    organization.write_text(
        organization.read_text().replace("default_environment: prod", "unregistered_use_case: deny")
    )
    async with running(settings_for(sqlite_url, inventory), standing) as server, server.client() as gateway:
        results = await report(
            gateway, [{"use_case": name} for name in ("suport-triage", "support-triage", "translation")]
        )

    assert ["rejected", "recorded", "recorded"] == [result["status"] for result in results]
    assert "`suport-triage` is not a registered use case of acme" in results[0]["reason"]


async def test_a_worth_is_that_of_its_time(sqlite_url: str, inventory: Path, standing: StandingClock) -> None:
    """Another worth in the policies is for later reports: history is not rewritten."""
    async with running(settings_for(sqlite_url, inventory), standing) as server:
        async with server.client() as gateway:
            await report(gateway, {"use_case": "support-triage", "event_id": "before"})
        (inventory / "use_cases.yaml").write_text(USE_CASES.replace("4.50 USD", "9 USD"))
        await server.governor.publisher.reload()
        async with server.client() as gateway:
            again = await report(gateway, {"use_case": "support-triage", "event_id": "before"})
            after = await report(gateway, {"use_case": "support-triage", "event_id": "after"})
        found = await lines(server)

    assert ("4.500000000", "9.000000000") == (again[0]["worth_usd"], after[0]["worth_usd"])
    assert "13.500000000" == found["support-triage"]["worth_usd"]


async def test_sums_of_any_size_are_reported(acme: Server) -> None:
    """Three outcomes that are worth more together than 64 bits of nano-USD hold."""
    async with acme.client() as gateway:
        for number in range(3):
            await report(
                gateway, {"use_case": "drafting", "event_id": f"o{number}", "worth_usd": "9000000000.000000001"}
            )
    found = await lines(acme)

    assert "27000000000.000000003" == found["drafting"]["worth_usd"]


async def test_a_period_has_its_own_usage_and_outcomes_and_no_others(acme: Server) -> None:
    """Months, quarters and fiscal years are the organisation's, to the second; so are free bounds, by the hour."""
    moments = {
        "last-of-october": "2026-10-31T22:59:59Z",
        "first-of-november": "2026-10-31T23:00:00Z",
        "now": "2026-11-20T12:00:00Z",
    }
    async with acme.client() as gateway:
        for name, time in moments.items():
            await used(gateway, name, "drafting", 1_000_000, time=time)
            await report(gateway, {"use_case": "drafting", "event_id": name, "time": time})
    queries = {
        "": 2,
        "?period=month": 2,
        "?period=month&at=2026-10-31T22:59:59Z": 1,
        "?period=day": 1,
        "?period=quarter": 3,
        "?period=fiscal year": 3,
        "?since=2026-10-31T23:59:59Z": 2,
        "?until=2026-10-31T23:59:59Z": 1,
        "?since=2026-10-31T22:00:00Z&until=2026-11-20T12:59:00Z": 2,
        "?since=2027-01-01T00:00:00Z": 0,
    }
    found = {query: (await lines(acme, query))["drafting"] for query in queries}

    assert queries == {query: line["outcomes"] for query, line in found.items()}
    assert queries == {query: line["requests"] for query, line in found.items()}


async def test_the_report_says_which_time_it_is_of(acme: Server) -> None:
    """A period by its ends; a bound that is not there is null; a period and bounds together are refused."""
    async with acme.client(Role.VIEWER) as viewer:
        month = (await viewer.get("/use-cases")).json()["period"]
        ever = (await viewer.get("/use-cases?until=2026-11-20T12:00:00Z")).json()["period"]
        both = await viewer.get("/use-cases?period=month&since=2026-11-20T12:00:00Z")

    assert {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"} == month
    assert {"start": None, "end": "2026-11-20T12:00:00Z"} == ever
    assert (422, "invalid_request") == (both.status_code, both.json()["error"]["code"])


async def test_pages_are_the_list_and_totals_are_whole(acme: Server) -> None:
    """Whatever the size of a page, each use case comes once, and every page has the totals of all."""
    async with acme.client() as gateway:
        for number in range(5):
            await report(gateway, {"use_case": f"use-{number}"})
    async with acme.client(Role.VIEWER) as viewer:
        whole = (await viewer.get("/use-cases")).json()
        pages = [(await viewer.get("/use-cases?limit=2")).json()]
        while pages[-1]["next"] is not None:
            pages.append((await viewer.get(f"/use-cases?limit=2&cursor={pages[-1]['next']}")).json())
        wrong = await viewer.get("/use-cases?cursor=nonsense")

    assert whole["use_cases"] == [line for page in pages for line in page["use_cases"]]
    assert [5] * 4 == [page["totals"]["outcomes"] for page in pages]
    assert (422, "invalid_cursor") == (wrong.status_code, wrong.json()["error"]["code"])


async def test_reports_are_counted_by_how_they_were_taken(server: Server) -> None:
    """Operators see a gateway that sends nonsense."""
    async with server.client() as gateway:
        await report(gateway, [{"use_case": "a"}, {"use_case": ""}])
    async with server.client(None) as anybody:
        page = (await anybody.get("/metrics")).text

    assert 'governor_outcomes_total{status="recorded"} 1.0' in page
    assert 'governor_outcomes_total{status="rejected"} 1.0' in page
