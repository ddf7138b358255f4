"""Whatever storage call fails, from any call on: quotas that fail closed deny, and nothing that was spent is lost."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

import pytest

from governor.core.decisions.caller import Caller
from governor.core.errors import LedgerUnavailableError
from governor.core.ledger.book import Outcome
from governor.core.ledger.commands import Command
from governor.core.ledger.memory import MemoryLedger
from governor.services.decide import Decider
from governor.store.database import Database
from governor.store.ledger import SqlLedger, writer
from tests.conftest import FakeClock
from tests.decisions.story import START, Story
from tests.ledger.faults import Calls, sabotage, stuck

CALLS = range(1, 22)
"""The first decision of a ledger makes 19, so that failures begin before, within and after it."""

REPORT_CALLS = range(1, 15)
"""Likewise for a report."""

QUOTA = """\
apiVersion: governor/v1
kind: ModelAllowlist
name: all
allow: ["*"]
---
apiVersion: governor/v1
kind: Quota
name: company
limit: 10 USD
period: month
on_ledger_failure: {fails}
"""
ASKED = {"user": "mia", "model": "large", "input_tokens": 1000, "max_output_tokens": 0}
"""Holds 0.01 USD."""

LOOK = {"budgets": {"user": "mia", "input_tokens": 1, "max_output_tokens": 0}}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PAUSE_S", 0)


@pytest.fixture
def clock() -> FakeClock:
    """Give the ledger a clock that stands where stories begin."""
    return FakeClock(START.timestamp())


def story_on(ledger: SqlLedger, tmp_path: Path, fails: str) -> Story:
    """Tell a story on a database, under a quota that fails closed or open."""
    folder = tmp_path / "policies"
    folder.mkdir()
    return Story(folder, QUOTA.format(fails=fails), ledger_of=lambda _: ledger)


def essence(answer: dict[str, Any]) -> tuple[str, bool, bool, tuple[str, ...], tuple[str, ...]]:
    """Return what a gateway acts on: verdict, whether degraded, whether recorded, and codes."""
    return (
        answer["verdict"],
        answer["degraded"],
        answer["decision_id"] is not None,
        tuple(reason["code"] for reason in answer["reasons"]),
        tuple(warning["code"] for warning in answer["warnings"]),
    )


async def decide_until_it_fails(story: Story) -> list[dict[str, Any]]:
    """Ask until an answer is degraded, and twice more."""
    answers = [await story.decide(ASKED)]
    while not answers[-1]["degraded"]:
        answers.append(await story.decide(ASKED))
    return [*answers, await story.decide(ASKED), await story.decide(ASKED)]


@pytest.mark.parametrize("number", CALLS)
async def test_quotas_that_fail_closed_deny_in_every_case(sql_ledger: SqlLedger, tmp_path: Path, number: int) -> None:
    """Every answer has its record or is a deny that says why (litellm#33923)."""
    story = story_on(sql_ledger, tmp_path, "deny")
    sabotage(sql_ledger, Calls(number, inf))
    kinds = Counter(essence(answer) for answer in await decide_until_it_fails(story))
    kinds.pop(("allow", False, True, (), ()), None)

    assert {("deny", True, False, ("ledger_unavailable",), ()): 3} == kinds


@pytest.mark.parametrize("number", CALLS[::3])
async def test_quotas_that_fail_open_let_pass_and_usage_is_booked_later(
    sql_ledger: SqlLedger, tmp_path: Path, number: int
) -> None:
    """What passed without a record is booked on the same budget as soon as it is reported."""
    story = story_on(sql_ledger, tmp_path, "allow")
    calls = Calls(number, inf)
    sabotage(sql_ledger, calls)
    answers = await decide_until_it_fails(story)
    calls.last = 0
    spent = {"model": "large", "subject": {"user": "mia"}, "usage": {"input_tokens": 1000}}
    results = [await story.usage(spent) for answer in answers if answer["degraded"]]
    balances = await story.step(LOOK)

    assert {("allow", True, False, (), ("ledger_unavailable",)): 3} == Counter(
        essence(answer) for answer in answers if answer["degraded"]
    )
    assert ["unreserved"] * 3 == [result["reason"] for result in results]
    assert "0.03" == balances[0]["used"]


@pytest.mark.parametrize("number", REPORT_CALLS)
async def test_usage_reported_into_a_failure_counts_once_when_sent_again(
    sql_ledger: SqlLedger, tmp_path: Path, number: int
) -> None:
    """Also where the failure came after the commit: the sender repeats until it is answered, and nothing is lost."""
    story = story_on(sql_ledger, tmp_path, "deny")
    decision = await story.decide(ASKED, "one")
    calls = Calls(number, inf)
    sabotage(sql_ledger, calls)
    event = {"event_id": "e1", "decision": "one", "usage": {"input_tokens": 700}}
    failed = False
    try:
        await story.usage(event)
    except LedgerUnavailableError:
        failed = True
    calls.last = 0
    again = await story.usage(event)
    balances = await story.step(LOOK)

    assert decision["decision_id"] is not None
    assert again["status"] in ({"recorded", "duplicate"} if failed else {"duplicate"})
    assert ("0.007", "0") == (balances[0]["used"], balances[0]["held"])


@pytest.mark.parametrize("number", CALLS)
async def test_a_denied_request_asked_again_is_held_once_at_most(
    sql_ledger: SqlLedger, tmp_path: Path, number: int
) -> None:
    """A failure after the commit leaves a hold that nobody knows of: repeating finds it instead of a second one."""
    story = story_on(sql_ledger, tmp_path, "deny")
    calls = Calls(number, inf)
    sabotage(sql_ledger, calls)
    first = await story.decide({**ASKED, "request_id": "once"})
    calls.last = 0
    again = await story.decide({**ASKED, "request_id": "once"})
    balances = await story.step(LOOK)

    assert ("allow", False, "held") == (again["verdict"], again["degraded"], again["reservation"]["state"])
    assert first["decision_id"] in {None, again["decision_id"]}
    assert "0.01" == balances[0]["held"]


@pytest.mark.parametrize("all_or_nothing", [False, True])
async def test_a_batch_into_a_failure_is_denied_in_every_slot(
    sql_ledger: SqlLedger, tmp_path: Path, *, all_or_nothing: bool
) -> None:
    """No slot of a batch is answered as if it had been placed, and no hold is left behind."""
    story = story_on(sql_ledger, tmp_path, "deny")
    calls = Calls(3, inf)
    sabotage(sql_ledger, calls)
    questions = [(story.question(ASKED)[0], f"{number}".encode()) for number in range(3)]
    answers = await story.decider.decide_many(questions, Caller("gw"), story.now, all_or_nothing=all_or_nothing)
    calls.last = 0
    balances = await story.step(LOOK)

    assert [("deny", True, ("ledger_unavailable",))] * 3 == [
        (answer.verdict, answer.degraded, answer.codes) for answer in answers if not isinstance(answer, Exception)
    ]
    assert "0" == balances[0]["held"]


async def test_a_dry_run_without_a_database_is_degraded(clock: FakeClock, tmp_path: Path) -> None:
    """Balances that cannot be read are no defect of the caller's request; driver texts stay in the log."""
    database = Database(f"sqlite:///{tmp_path}/without-tables.db")
    answer = await story_on(SqlLedger(database, clock), tmp_path, "deny").decide({**ASKED, "dry_run": True}, "")
    await database.close()

    assert ("deny", True, False, ("ledger_unavailable",), ()) == essence(answer)


async def test_a_storage_that_hangs_is_answered_for_and_leaves_no_hold(sql_ledger: SqlLedger, tmp_path: Path) -> None:
    """The answer comes at the deadline while storage still hangs; when it wakes up, nothing is held for the caller."""
    story = story_on(sql_ledger, tmp_path, "deny")
    hanging, entered = threading.Event(), threading.Event()
    waiting = asyncio.ensure_future(sql_ledger.submit(stuck(hanging, entered)))
    await asyncio.to_thread(entered.wait)
    request, caller = story.question(ASKED)
    impatient = Decider(story.snapshots, sql_ledger, deadline_ms=1)
    answer = await impatient.decide(request, caller, b"{}", datetime.fromtimestamp(START.timestamp(), UTC))
    still_hanging = not waiting.done()
    hanging.set()
    await waiting
    await sql_ledger.close()
    balances = await story.step(LOOK)

    assert ("deny", True, ("ledger_unavailable",)) == (answer.verdict, answer.degraded, answer.codes)
    assert still_hanging
    assert ("0", "0") == (balances[0]["used"], balances[0]["held"])


class Waited(MemoryLedger):
    """Remembers how long each batch would have waited."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.deadlines_s: list[float | None] = []

    async def submit(self, command: Command, *, deadline_s: float | None = None) -> Outcome:
        """Place all or none."""
        self.deadlines_s.append(deadline_s)
        return await super().submit(command)

    async def submit_many(self, commands: Sequence[Command], *, deadline_s: float | None = None) -> list[Outcome]:
        """Place each by itself."""
        self.deadlines_s.append(deadline_s)
        return await super().submit_many(commands)


@pytest.mark.parametrize("all_or_nothing", [False, True])
@pytest.mark.parametrize(("requests", "waited_s"), [(1, 0.1), (100, 0.1), (101, 0.2), (1_000, 1.0)])
async def test_a_batch_waits_for_each_hundred_of_its_requests(
    clock: FakeClock, tmp_path: Path, requests: int, waited_s: float, *, all_or_nothing: bool
) -> None:
    """A thousand requests are a thousand times the work of one: a deadline of one would refuse every large batch."""
    ledger = Waited(clock)
    story = Story(tmp_path, QUOTA.format(fails="deny"), ledger_of=lambda _: ledger)
    questions = [(story.question(ASKED)[0], f"{number}".encode()) for number in range(requests)]
    patient = Decider(story.snapshots, ledger, deadline_ms=100)
    await patient.decide_many(questions, Caller("gw"), story.now, all_or_nothing=all_or_nothing)

    assert [pytest.approx(waited_s)] == ledger.deadlines_s
