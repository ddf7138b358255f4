"""Reports of outcomes that were wrong: replaced as a whole, never edited, counted once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_outcomes import USE_CASES, lines, report
from tests.api.world import Server, StandingClock, running, settings_for, write_policies

TICKETS: dict[str, Any] = {"use_case": "support-triage", "event_id": "e1", "count": 1000}


@pytest.fixture
async def acme(database_url: str, tmp_path: Path, standing: StandingClock) -> AsyncIterator[Server]:
    """Give a server on each kind of database, with an inventory."""
    folder = write_policies(tmp_path / "policies")
    (folder / "use_cases.yaml").write_text(USE_CASES)
    async with running(settings_for(database_url, folder), standing) as server:
        yield server


async def outcomes(server: Server, query: str = "") -> dict[str, tuple[int, str | None]]:
    """Return count and worth of each use case that had outcomes."""
    found = await lines(server, query)
    return {name: (line["outcomes"], line["worth_usd"]) for name, line in found.items() if line["outcomes"]}


async def test_a_correction_replaces_what_it_corrects(acme: Server) -> None:
    """Count, worth and use case are those of the latest; whichever of the chain it names, there is one chain."""
    async with acme.client() as gateway:
        results = await report(
            gateway,
            [
                {**TICKETS, "event_id": "e2", "corrects": "e1", "count": 10},
                TICKETS,
                {**TICKETS, "event_id": "e3", "corrects": "e1", "count": 12, "worth_usd": "24"},
                {"use_case": "drafting", "event_id": "e4", "corrects": "e2", "count": 7, "worth_usd": "7"},
            ],
        )
    found = await outcomes(acme)

    # In one list corrections come after what they may correct.
    assert [("recorded", "45.000000000"), ("recorded", "4500.000000000")] == [
        (result["status"], result["worth_usd"]) for result in results[:2]
    ]
    assert {"drafting": (7, "7.000000000")} == found


async def test_a_report_can_be_taken_back(acme: Server) -> None:
    """A correction to nothing leaves nothing; only a correction can say so."""
    async with acme.client() as gateway:
        await report(gateway, TICKETS)
        await report(gateway, {**TICKETS, "event_id": "e2", "corrects": "e1", "count": 0})
        alone = await gateway.post("/outcomes", json={**TICKETS, "event_id": "e3", "count": 0})
        nothing = {**TICKETS, "event_id": "e4", "corrects": "e1", "count": 0}
        valued = await gateway.post("/outcomes", json={**nothing, "worth_usd": "5"})

    assert {} == await outcomes(acme)
    assert [(422, "count"), (422, "worth_usd")] == [
        (answer.status_code, answer.json()["error"]["details"]["field"]) for answer in (alone, valued)
    ]


async def test_a_correction_counts_once(acme: Server) -> None:
    """Sent again it is a duplicate, also after another correction; with another body it is a conflict."""
    fewer = {**TICKETS, "event_id": "e2", "corrects": "e1", "count": 10}
    async with acme.client() as gateway:
        await report(gateway, TICKETS)
        sent = [await report(gateway, fewer) for _ in range(2)]
        await report(gateway, {**fewer, "event_id": "e3", "count": 11})
        sent += [await report(gateway, fewer), await report(gateway, {**fewer, "count": 9})]

    assert ["recorded", "duplicate", "duplicate", "conflict"] == [results[0]["status"] for results in sent]
    assert {"support-triage": (11, "49.500000000")} == await outcomes(acme)


async def test_a_correction_stays_in_the_period_of_what_it_corrects(acme: Server) -> None:
    """Unless it has a time of its own: then that was what was wrong."""
    october = {"time": "2026-10-15T12:00:00Z"}
    async with acme.client() as gateway:
        await report(gateway, {**TICKETS, **october})
        await report(gateway, {**TICKETS, "event_id": "e2", "corrects": "e1", "count": 10})
        before = [await outcomes(acme, query) for query in ("", "?at=2026-10-15T12:00:00Z")]
        await report(gateway, {**TICKETS, "event_id": "e3", "corrects": "e1", "time": "2026-11-01T12:00:00Z"})
        after = [await outcomes(acme, query) for query in ("", "?at=2026-10-15T12:00:00Z")]

    assert [{}, {"support-triage": (10, "45.000000000")}] == before
    assert [{"support-triage": (1000, "4500.000000000")}, {}] == after


async def test_what_is_not_known_or_not_ones_own_cannot_be_corrected(acme: Server) -> None:
    """Another gateway's event of the same name is another event."""
    other = await acme.make_key("gw2")
    async with acme.client() as one, acme.client(secret=other) as two:
        await report(one, TICKETS)
        results = [
            await report(one, {**TICKETS, "event_id": "e2", "corrects": "e9"}),
            await report(two, {**TICKETS, "event_id": "e2", "corrects": "e1", "count": 1}),
            await report(one, {**TICKETS, "event_id": "e3", "corrects": "e3"}),
        ]

    assert ["rejected"] * 3 == [found[0]["status"] for found in results]
    assert "nothing is known under the event_id that it corrects" in results[0][0]["reason"]
    assert {"support-triage": (1000, "4500.000000000")} == await outcomes(acme)


async def test_corrections_that_cross_leave_one_that_counts(acme: Server) -> None:
    """Eight callers correct the same report at once: all are kept, in one chain, and its end counts."""
    async with acme.client() as gateway:
        await report(gateway, TICKETS)
        corrections = [{**TICKETS, "event_id": f"c{number}", "corrects": "e1", "count": number} for number in range(8)]
        answers = await asyncio.gather(*(report(gateway, correction) for correction in corrections))
        before = await outcomes(acme)
        await report(gateway, {**TICKETS, "event_id": "last", "corrects": "c3", "count": 5})

    assert ["recorded"] * 8 == [results[0]["status"] for results in answers]
    assert sum(count for count, _ in before.values()) in range(8)
    assert {"support-triage": (5, "22.500000000")} == await outcomes(acme)
