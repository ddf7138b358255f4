"""Any order of commands: memory and SQL agree on every answer and balance, and every balance follows from records.

A machine sends the same random commands to the in-memory ledger, to a SQL ledger that applies them one at a time, and
checks what must always hold. ``verify`` recomputes everything at the end by code that shares nothing with the rules.
"""

import os
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection

from governor.core.ledger.adjustments import AdjustmentKind, AdjustmentOutcome, AdjustmentResult, Rerated
from governor.core.ledger.book import Outcome
from governor.core.ledger.budget import Balance
from governor.core.ledger.ceilings import Carry, CeilingRule, Pace, Predecessor
from governor.core.ledger.commands import Command, Conflict, Hold, PlaceAll, Placed, ReservationResult
from governor.core.ledger.memory import MemoryLedger
from governor.core.ledger.results import EventResult
from governor.core.units import Unit
from governor.store.balances import read_balances
from governor.store.database import Database
from governor.store.ledger.postgres_session import PostgresSession
from governor.store.ledger.sqlite_session import SqliteSession
from governor.store.ledger.writer import Writer
from governor.store.sweep import sweep
from governor.store.tables import METADATA
from governor.store.verify import verify
from tests.conftest import FakeClock
from tests.ledger.factory import adjust, budget, extend, hold, place_options, release, rerate, settle

KEYS = (
    budget("company"),
    budget("department", department="marketing"),
    budget("spend", unit=Unit.USD),
    budget("slots", unit=Unit.CONCURRENT),
    budget("part", team="growth"),
    budget("fund"),
)
COMPANY, DEPARTMENT, SPEND, SLOTS, PART, FUND = range(len(KEYS))
EXAMPLES = int(os.environ.get("GOVERNOR_TEST_STATEFUL_EXAMPLES", "40"))

amounts = st.integers(0, 12)
holds = st.builds(
    lambda index, amount, charge, must_fit, moved: (index, amount, charge, must_fit, moved),
    st.integers(0, len(KEYS) - 1),
    amounts,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "", "carry", "share", "pace", "fund"]),
)
Drawn = tuple[int, int, bool, bool, str]
candidates = st.lists(st.lists(holds, min_size=1, max_size=3, unique_by=lambda one: one[0]), min_size=1, max_size=2)


def essence(outcome: Outcome, now_s: float) -> object:
    """Return what an answer says; whether an expired hold was swept is not part of it."""
    match outcome:
        case Placed():
            reservation = outcome.reservation
            return reservation.in_state(reservation.state_at(now_s)), outcome.replayed, outcome.state
        case ReservationResult(outcome=word, reservation=None):
            return word
        case ReservationResult(outcome=word, reservation=reservation):
            return word, reservation.in_state(reservation.state_at(now_s))
        case EventResult() | Conflict() | AdjustmentResult() | Rerated():
            return outcome
        case tuple():
            return tuple(essence(one, now_s) for one in outcome)


class Agreement(RuleBasedStateMachine):
    """The reference and a SQL ledger, side by side. ``url`` is set by the test."""

    url = ""

    @initialize()
    def open(self) -> None:
        """Begin with two empty ledgers at noon."""
        self.clock = FakeClock()
        self.limits = [30] * len(KEYS)
        self.memory = MemoryLedger(self.clock)
        self.database = Database(self.url)
        session = (
            (lambda: SqliteSession(self.database.open_sqlite()))
            if self.database.is_sqlite
            else (lambda: PostgresSession(self.database.open_postgres()))
        )
        self.writer = Writer(session, self.clock)
        self.decisions: list[bytes] = []
        self.events: list[str] = []
        self.credited = dict.fromkeys((key.digest for key in KEYS), 0)

    def teardown(self) -> None:
        """Verify from records, and forget everything."""
        differences = self.database.read_now(lambda connection: list(verify(connection, self.clock(), sums_max=2)))
        self.writer.close()
        self.database.write_now(_empty)
        self.database.engine.dispose()

        assert [] == differences

    def send(self, *commands: Command) -> None:
        """Send commands to both as one batch; the answers must be the same."""
        expected = [essence(self.memory.apply(command), self.clock()) for command in commands]
        results = self.writer.apply(commands)

        assert expected == [essence(result, self.clock()) for result in results if not isinstance(result, Exception)]

    def plan(self, chosen: list[list[Drawn]]) -> list[list[Hold]]:
        """Return candidates under the limits of now."""
        return [[self.hold(drawn) for drawn in one] for one in chosen]

    def hold(self, drawn: Drawn) -> Hold:
        """Return a hold whose ceiling is its limit, or follows from other counters."""
        index, amount, charge, must_fit, moved = drawn
        plain = hold(KEYS[index], amount, self.limits[index], must_fit=must_fit, charge=charge)
        if moved == "fund":
            paying = hold(KEYS[FUND], amount, self.limits[FUND], charge=charge)
            return replace(plain, instead=(paying,)) if index != FUND else plain
        if not moved:
            return plain
        before = Predecessor(KEYS[DEPARTMENT].digest, self.limits[DEPARTMENT])
        earlier = Predecessor(KEYS[FUND].digest, self.limits[FUND])
        rule = CeilingRule(
            KEYS[COMPANY].digest if moved != "carry" else KEYS[index].digest,
            self.limits[COMPANY],
            Carry(before, earlier, (6, 3), overspend=True, former=(KEYS[FUND].digest,)),
            percent=40 if moved == "share" else 100,
            pace=Pace(150, 7) if moved == "pace" else None,
        )
        return replace(plain, terms=replace(plain.terms, rule=rule, part=moved != "carry"))

    @rule(chosen=candidates, hold_for_s=st.sampled_from([10, 60, 600]), request=st.integers(0, 40))
    def decide(self, chosen: list[list[Drawn]], hold_for_s: int, request: int) -> None:
        """Ask; a request id that was used before with another body is a conflict."""
        command = place_options(
            *self.plan(chosen),
            request_id=str(request),
            body=repr((request % 3, chosen if request % 2 else "")).encode(),
            hold_for_s=hold_for_s,
            cost_nano_usd=5,
        )
        self.decisions.append(command.decision_id)
        self.send(command)

    @rule(chosen=st.lists(candidates, min_size=1, max_size=3))
    def decide_all(self, chosen: list[list[list[Drawn]]]) -> None:
        """Ask for all or nothing."""
        places = tuple(place_options(*self.plan(one)) for one in chosen)
        self.decisions.extend(one.decision_id for one in places)
        self.send(PlaceAll(places))

    @rule(chosen=candidates, amount=amounts)
    def decide_and_settle_in_one_batch(self, chosen: list[list[Drawn]], amount: int) -> None:
        """The settlement arrives while the decision is not committed."""
        command = place_options(*self.plan(chosen), cost_nano_usd=5)
        self.decisions.append(command.decision_id)
        self.send(command, settle(command.decision_id, amount=amount), release(command.decision_id))

    @precondition(lambda self: self.decisions)
    @rule(
        which=st.integers(0, 50),
        amount=amounts,
        final=st.booleans(),
        event=st.integers(0, 30),
        body=st.sampled_from([b"a", b"b"]),
    )
    def report(self, which: int, amount: int, *, final: bool, event: int, body: bytes) -> None:
        """Report usage, also twice, also late, also for what was denied or released."""
        decision = self.decisions[which % len(self.decisions)]
        self.events.append(f"e{event}")
        self.send(settle(decision, amount=amount, final=final, event_id=f"e{event}", body=body))

    @precondition(lambda self: self.events)
    @rule(which=st.integers(0, 50), amount=amounts, model=st.sampled_from(["openai/gpt-4o", "other"]))
    def correct(self, which: int, amount: int, model: str) -> None:
        """Correct an event or a correction, also to another model."""
        target = self.events[which % len(self.events)]
        event_id = f"c{len(self.events)}"
        self.events.append(event_id)
        self.send(settle(None, amount=amount, event_id=event_id, corrects=target, model=model))

    @rule(
        index=st.integers(0, len(KEYS) - 1),
        kind=st.sampled_from(AdjustmentKind),
        amount=st.integers(1, 12),
        event=st.integers(0, 20),
    )
    def adjust(self, index: int, kind: AdjustmentKind, amount: int, event: int) -> None:
        """Credit, debit or open a budget, also twice, also with another amount under the same id.

        What is counted of the time before a budget may turn out to be less than was posted.
        """
        if kind is AdjustmentKind.EXISTING and event % 2:
            amount = -amount
        command = adjust(KEYS[index], kind, amount, event_id=str(event))
        self.send(command)
        outcome = self.memory.apply(command)
        assert isinstance(outcome, AdjustmentResult)
        if command.change < 0 and outcome.outcome is AdjustmentOutcome.POSTED:
            self.credited[KEYS[index].digest] -= command.change

    @precondition(lambda self: self.events)
    @rule(which=st.integers(0, 50), percent=st.sampled_from([0, 50, 100, 300]))
    def correct_a_price(self, which: int, percent: int) -> None:
        """Re-rate an event at another price, also one that was corrected or re-rated before; again changes nothing."""
        target = self.events[which % len(self.events)]
        self.send(rerate(target, percent), rerate(target, percent))

    @precondition(lambda self: self.decisions)
    @rule(which=st.integers(0, 50))
    def give_back(self, which: int) -> None:
        """Release."""
        self.send(release(self.decisions[which % len(self.decisions)]))

    @precondition(lambda self: self.decisions)
    @rule(which=st.integers(0, 50), hold_for_s=st.sampled_from([30, 3600, 90_000]), cost=st.none() | amounts)
    def prolong(self, which: int, hold_for_s: int, cost: int | None) -> None:
        """Extend, with or without more money."""
        self.send(extend(self.decisions[which % len(self.decisions)], hold_for_s, cost))

    @rule(seconds=st.sampled_from([1, 9, 10, 61, 700, 50_000, 86_400]))
    def wait(self, seconds: int) -> None:
        """Let holds expire and days pass."""
        self.clock.advance(seconds)

    @rule(index=st.integers(0, len(KEYS) - 1), limit=st.sampled_from([0, 10, 30, 100]))
    def change_a_limit(self, index: int, limit: int) -> None:
        """A policy edit acts on the next decision and keeps what was used."""
        self.limits[index] = limit

    @rule()
    def tidy_up(self) -> None:
        """A sweep changes no balance, whenever it comes."""
        self.database.write_now(lambda connection: sweep(connection, self.clock()))

    @rule()
    def restart(self) -> None:
        """A new connection that remembers nothing: one run equals two half runs."""
        self.writer.close()
        self.writer._batches.forget()

    @invariant()
    def balances_agree(self) -> None:
        """Both tell the same balances, none below zero."""
        if not hasattr(self, "memory"):
            return
        digests = [key.digest for key in KEYS]
        now_s = self.clock()
        stored = self.database.read_now(lambda connection: read_balances(connection, digests, now_s))
        self.memory.book.now_s = now_s
        for digest in digests:
            balance = stored.get(digest, Balance(0, 0))

            # What was credited may turn out not to have been used at all.
            assert balance.used >= -self.credited[digest]
            assert balance.held >= 0
            assert self.memory.book.balance(digest) == balance


def _empty(connection: Connection) -> None:
    for table in METADATA.tables.values():
        connection.execute(table.delete())


def test_memory_and_database_agree_whatever_happens(database_url: str) -> None:
    """Decide, settle, correct, adjust, re-rate, release, extend, expire, replay, edit limits, sweep: any order."""

    class Machine(Agreement):
        url = database_url

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
