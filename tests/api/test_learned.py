"""Learned holds on a running worker: what it learns from, when, and what is remembered of it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from governor.core.decisions.output_estimates import OUTPUTS_MIN
from governor.core.keys import Role
from governor.services.output_watcher import ENTRIES_MAX, LEARN_S, PAGE, SETTLED_S, watch_outputs
from governor.services.refresher import REFRESH_S
from governor.store.outputs import read_outputs
from tests.api.pauses import Pauses
from tests.api.world import QUOTAS, Server, StandingClock, question, running, settings_for, write_policies

LATER_S = SETTLED_S + 1
LEARNING = QUOTAS.replace("period: month\n", "period: month\nreserve: {output: learned}\n")
MODEL = "anthropic/claude-sonnet-4"
ALL = (b"", b"\xff" * 16)


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give the small organisation; money is held as it was learned."""
    return write_policies(tmp_path / "policies", LEARNING)


async def call(gateway: httpx.AsyncClient, clock: StandingClock, *events: dict[str, Any], **asked: Any) -> str:
    """Ask, report what came of it some time later, and return the decision's id."""
    decision = (await gateway.post("/decide", json=question(**asked))).json()
    assert decision["verdict"] == "allow"
    for number, event in enumerate(events):
        clock.advance(0.01)
        report = {"event_id": f"{decision['decision_id']}-{number}", "decision_id": decision["decision_id"], **event}
        [result] = (await gateway.post("/usage", json=report)).json()["events"]
        assert result["status"] == "recorded"
    return str(decision["decision_id"])


def used(output_tokens: int, **fields: Any) -> dict[str, Any]:
    """Return an event of a call with this much output."""
    return {"model": MODEL, "usage": {"input_tokens": 1000, "output_tokens": output_tokens}, **fields}


async def learned(server: Server, **asked: Any) -> tuple[str, dict[str, Any] | None]:
    """Ask without holding anything; return what one hold would be, and the estimate that counted."""
    asked = {"max_output_tokens": 60_000, **asked}
    async with server.client() as gateway:
        answer = (await gateway.post("/decide", json=question(**asked))).json()
        await gateway.post(f"/reservations/{answer['decision_id']}/release")
    return answer["reservation"]["cost_usd"], answer.get("output_estimate")


async def test_every_worker_learns_every_ten_minutes_and_decisions_remember_it(
    database_url: str, policies: Path, standing: StandingClock
) -> None:
    """Not before, and a later table changes nothing that was decided."""
    async with running(settings_for(database_url, policies), standing) as server:
        pauses = Pauses()
        watcher = watch_outputs(
            server.governor.publisher.snapshots, server.governor.database, server.governor.clock.now, pauses
        )
        await watcher.start()
        async with server.client() as gateway, server.client(Role.VIEWER) as viewer:
            for _ in range(OUTPUTS_MIN):
                await call(gateway, standing, used(200), use_case="triage")
            standing.advance(LATER_S)
            await pauses.pass_until(LEARN_S - 1)
            before = await learned(server)
            await pauses.pass_until(LEARN_S)
            after = await learned(server, use_case="triage")
            decided = await call(gateway, standing, used(300), max_output_tokens=60_000)
            for _ in range(10):
                await call(gateway, standing, used(400))
            standing.advance(LATER_S)
            await pauses.pass_until(2 * LEARN_S)
            later = await learned(server, use_case="other")
            explained = (await viewer.get(f"/decisions/{decided}")).json()["answer"]
        await watcher.stop()

    assert before == ("0.903000000", None)
    assert after[0] == "0.006000000"
    assert after[1] is not None
    assert later[1] is not None
    assert (after[1]["use_case"], after[1]["output_tokens"], after[1]["outputs"]) == ("triage", 200, OUTPUTS_MIN)
    assert (later[1]["use_case"], later[1]["output_tokens"], later[1]["outputs"]) == (None, 400, OUTPUTS_MIN + 11)
    assert explained["output_estimate"] == {**after[1], "use_case": None}
    held = explained["reservation"]
    assert (held["cost_usd"], held["worst_case_usd"]) == ("0.006000000", "0.903000000")


async def test_an_output_is_what_one_call_had_and_nothing_else(any_server: Server, standing: StandingClock) -> None:
    """Parts are one output, and further calls of a decision their own; corrections, guesses, failures, batches none."""
    async with any_server.client() as gateway:
        await call(gateway, standing, used(11))
        await call(gateway, standing, used(3, final=False), used(4, final=False), used(5), use_case="parts")
        await call(gateway, standing, {"model": MODEL, "status": "error"}, max_output_tokens=10)
        await call(gateway, standing, {"model": MODEL, "status": "timeout"}, max_output_tokens=13)
        await call(
            gateway, standing, used(700, operation="batch"), operation="batch", requests=7, max_output_tokens=700
        )
        await call(gateway, standing, used(17), used(19, event_id="corrected"))
        standing.advance(0.01)
        await gateway.post("/usage", json=used(23, event_id="other", corrects="corrected"))
        await gateway.post(
            "/usage",
            json=used(29, event_id="alone", model="openai/gpt-4o-mini", subject={"user": "mia@acme.example"}),
        )
    database = any_server.governor.database
    page = await database.read(lambda connection: read_outputs(connection, *ALL, PAGE))
    found = [(each.model, each.use_case, each.output_tokens) for each in reversed(page.outputs) if each.ends]
    parts = [each.output_tokens for each in reversed(page.outputs) if not each.ends]

    assert found == [
        (MODEL, "", 11),
        (MODEL, "parts", 5),
        (MODEL, "", 17),
        (MODEL, "", 19),
        ("openai/gpt-4o-mini", "", 29),
    ]
    assert parts == [3, 4]


async def test_calls_in_parts_are_as_long_as_all_of_them(any_server: Server, standing: StandingClock) -> None:
    """Whether the parts were read together with the end or before it."""
    governor = any_server.governor
    pauses = Pauses()
    watcher = watch_outputs(governor.publisher.snapshots, governor.database, governor.clock.now, pauses)
    async with any_server.client() as gateway:
        for _ in range(OUTPUTS_MIN):
            await call(gateway, standing, used(30, final=False), used(4))
        long = await call(gateway, standing, used(500, final=False))
        standing.advance(LATER_S)
        await watcher.start()
        first = await learned(any_server)
        await gateway.post("/usage", json=used(7, event_id="end", decision_id=long))
        for _ in range(3):
            await call(gateway, standing, used(507))
        standing.advance(LATER_S)
        await pauses.pass_until(LEARN_S)
        second = await learned(any_server)
    await watcher.stop()

    assert first[1] is not None
    assert second[1] is not None
    assert (first[1]["output_tokens"], first[1]["outputs"]) == (34, OUTPUTS_MIN)
    assert (second[1]["output_tokens"], second[1]["outputs"]) == (507, OUTPUTS_MIN + 4)


async def test_a_page_looks_at_no_more_than_it_may(any_server: Server, standing: StandingClock) -> None:
    """However many entries there are, also if none of them is an output; the next page goes on where it ended."""
    async with any_server.client() as gateway:
        for number in range(5):
            await call(
                gateway,
                standing,
                used(number) if number % 2 else {"model": MODEL, "status": "error"},
                max_output_tokens=10,
            )
    database = any_server.governor.database
    after, before = ALL
    seen: list[list[int]] = []
    end: bytes | None = before
    while end is not None:
        page = await database.read(lambda connection, end=end: read_outputs(connection, after, end, 2))
        seen.append([each.output_tokens for each in page.outputs])
        end = page.next

    assert seen == [[3], [1], []]
    assert (ENTRIES_MAX // PAGE) * PAGE == ENTRIES_MAX


async def test_nothing_is_read_where_no_quota_learns(
    database_url: str, tmp_path: Path, standing: StandingClock
) -> None:
    """And from the next time on it is, once one does: also from what was recorded before."""
    folder = write_policies(tmp_path / "plain")
    async with running(settings_for(database_url, folder), standing) as server:
        pauses = Pauses()
        governor = server.governor
        watcher = watch_outputs(governor.publisher.snapshots, governor.database, governor.clock.now, pauses)
        async with server.client() as gateway:
            for _ in range(OUTPUTS_MIN):
                await call(gateway, standing, used(200))
        standing.advance(LATER_S)
        await watcher.start()
        plain = governor.publisher.snapshots.current.estimates.version
        write_policies(folder, LEARNING)
        await governor.publisher.reload()
        await pauses.pass_until(LEARN_S)
        estimate = governor.publisher.snapshots.current.estimates.find(MODEL, "")
        await watcher.stop()

    assert not plain
    assert estimate is not None
    assert (estimate.output_tokens, estimate.outputs) == (200, OUTPUTS_MIN)
    assert REFRESH_S < LEARN_S
