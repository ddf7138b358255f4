"""Any order of commands: memory and SQL agree on every answer and balance, and every balance follows from records.

A machine sends the same random commands to the in-memory ledger, to a SQL ledger that applies them one at a time, and
checks what must always hold: also that every ceiling is what the ledger page says (``ceilings_by_the_page``), and that
nothing is placed above one. ``verify`` recomputes everything at the end by code that shares nothing with the rules.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

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
from governor.core.ledger.budget import EMPTY, Balance
from governor.core.ledger.commands import (
    Admission,
    Command,
    Conflict,
    PathNow,
    Place,
    PlaceAll,
    Placed,
    Posting,
    ReservationOutcome,
    ReservationResult,
    Written,
)
from governor.core.ledger.counter import Counter
from governor.core.ledger.memory import MemoryLedger
from governor.core.ledger.reservation import Reservation
from governor.core.ledger.results import EventResult
from governor.core.units import Unit
from governor.store.balances import read_balances
from governor.store.closings import close_budgets
from governor.store.database import Database
from governor.store.ledger.postgres_session import PostgresSession
from governor.store.ledger.sqlite_session import SqliteSession
from governor.store.ledger.writer import Writer
from governor.store.sweep import sweep
from governor.store.tables import METADATA
from governor.store.verify import verify
from tests.conftest import FakeClock
from tests.ledger.ceilings_by_the_page import check_admission
from tests.ledger.drawn_extensions import check_extension, check_refusal, path_of
from tests.ledger.drawn_requests import (
    AMOUNTS,
    COSTS,
    EVERY_KEY,
    GRANTS,
    KEYS,
    MARKERS,
    MONEY,
    OPTIONS,
    SPEND,
    DrawnOption,
    options_of,
)
from tests.ledger.factory import adjust, extend, place_options, release, rerate, settle

EXAMPLES = int(os.environ.get("GOVERNOR_TEST_STATEFUL_EXAMPLES", "40"))

# Amounts on budgets that no request need have drawn on: usage without a decision, or of another model.
POSTINGS = st.dictionaries(st.sampled_from(range(len(KEYS))), AMOUNTS, max_size=3)


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
        self.revoked: set[int] = set()
        self.credited = dict.fromkeys((key.digest for key in EVERY_KEY), 0)
        self.admissions: dict[bytes, Admission] = {}
        self.placed: dict[bytes, tuple[Sequence[DrawnOption], Admission]] = {}

    def teardown(self) -> None:
        """Verify from records, and forget everything."""
        differences = self.database.read_now(lambda connection: list(verify(connection, self.clock(), sums_max=2)))
        self.writer.close()
        self.database.write_now(_empty)
        self.database.engine.dispose()

        assert [] == differences

    def send(self, *commands: Command) -> None:
        """Send commands to both as one batch; the answers and what they were decided on must be the same."""
        expected = []
        for command in commands:
            before = self.balances()
            self.answered = self.memory.apply(command)
            expected.append(essence(self.answered, self.clock()))
            self.check_placing(command, before)
        by_memory, self.admissions = self.admissions, {}
        results = self.writer.apply(commands)

        assert expected == [essence(result, self.clock()) for result in results if not isinstance(result, Exception)]
        assert by_memory == self.admissions
        self.admissions = {}

    def balances(self) -> dict[bytes, Balance]:
        """Return the balance of every budget that was drawn on, as memory has it."""
        self.memory.book.now_s = self.clock()
        found = {key.digest: self.memory.book.find_balance(key.digest) for key in EVERY_KEY}
        return {digest: balance for digest, balance in found.items() if balance is not None}

    def request(self, chosen: Sequence[DrawnOption], **how: object) -> Place:
        """Return a request that remembers what was decided on."""
        command = place_options(*options_of(chosen, self.limits), cost_nano_usd=5, **how)  # type: ignore[arg-type]  # named as there
        self.decisions.append(command.decision_id)

        def conclude(admission: Admission, expires_at_s: int) -> Written:
            self.admissions[command.decision_id] = admission
            self.placed[command.decision_id] = (chosen, admission)
            return command.conclude(admission, expires_at_s)

        return replace(command, conclude=conclude)

    def check_placing(self, command: Command, before: dict[bytes, Balance]) -> None:
        """Compare what was decided with the words of the page, in the order of a group."""
        places = command.places if isinstance(command, PlaceAll) else (command,)
        for place in places:
            admission = self.admissions.get(place.decision_id) if isinstance(place, Place) else None
            if not isinstance(place, Place) or admission is None:
                continue
            if isinstance(command, PlaceAll) and admission.chosen is None:
                # Some of a denied group were compared behind others that are denied by now.
                return
            check_admission(list(place.options()), admission, before)
            for held in admission.placed:
                balance = before.get(held.budget.digest, EMPTY)
                before[held.budget.digest] = Balance(balance.used, balance.held + held.amount)
        if isinstance(command, Place | PlaceAll):
            assert before == self.balances()

    @rule(chosen=OPTIONS, hold_for_s=st.sampled_from([10, 60, 600]), request=st.integers(0, 40))
    def decide(self, chosen: list[DrawnOption], hold_for_s: int, request: int) -> None:
        """Ask; a request id that was used before with another body is a conflict."""
        body = repr((request % 3, chosen if request % 2 else "")).encode()
        self.send(self.request(chosen, request_id=str(request), body=body, hold_for_s=hold_for_s))

    @rule(chosen=st.lists(OPTIONS, min_size=1, max_size=3))
    def decide_all(self, chosen: list[list[DrawnOption]]) -> None:
        """Ask for all or nothing."""
        self.send(PlaceAll(tuple(self.request(one) for one in chosen)))

    @rule(chosen=OPTIONS, amount=AMOUNTS)
    def decide_and_settle_in_one_batch(self, chosen: list[DrawnOption], amount: int) -> None:
        """The settlement arrives while the decision is not committed."""
        command = self.request(chosen)
        self.send(command, settle(command.decision_id, amount=amount), release(command.decision_id))

    @precondition(lambda self: self.decisions)
    @rule(
        which=st.integers(0, 50),
        amount=AMOUNTS,
        final=st.booleans(),
        event=st.integers(0, 30),
        body=st.sampled_from([b"a", b"b"]),
        postings=st.none() | POSTINGS,
    )
    def report(
        self, which: int, amount: int, *, final: bool, event: int, body: bytes, postings: dict[int, int] | None
    ) -> None:
        """Report usage, also twice, also late, also for what was denied or released, also of another model."""
        decision = self.decisions[which % len(self.decisions)]
        self.events.append(f"e{event}")
        self.send(
            settle(
                decision, amount=amount, postings=posted(postings, amount), final=final, event_id=f"e{event}", body=body
            )
        )

    @rule(postings=POSTINGS, amount=AMOUNTS, event=st.integers(0, 30))
    def report_what_nobody_decided(self, postings: dict[int, int], amount: int, event: int) -> None:
        """Usage without a decision is charged, whatever room there is."""
        self.events.append(f"e{event}")
        self.send(settle(None, amount=amount, postings=posted(postings, amount), event_id=f"e{event}"))

    @precondition(lambda self: self.events)
    @rule(
        which=st.integers(0, 50),
        amount=AMOUNTS,
        model=st.sampled_from(["openai/gpt-4o", "other"]),
        postings=st.none() | POSTINGS,
    )
    def correct(self, which: int, amount: int, model: str, postings: dict[int, int] | None) -> None:
        """Correct an event or a correction, also to another model that charges other budgets."""
        target = self.events[which % len(self.events)]
        event_id = f"c{len(self.events)}"
        self.events.append(event_id)
        changed = posted(postings, amount)
        self.send(settle(None, amount=amount, postings=changed, event_id=event_id, corrects=target, model=model))

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
    @rule(which=st.integers(0, 50), hold_for_s=st.sampled_from([30, 3600, 90_000]), cost=st.none() | COSTS)
    def prolong(self, which: int, hold_for_s: int, cost: int | None) -> None:
        """Extend, with or without more money, under the limits of now."""
        self.extend(self.decisions[which % len(self.decisions)], hold_for_s, cost)

    @rule(chosen=MONEY, limit=st.sampled_from([10, 30, 100]), hold_for_s=st.sampled_from([600, 3600]), cost=COSTS)
    def decide_and_ask_for_more_money(self, chosen: list[DrawnOption], limit: int, hold_for_s: int, cost: int) -> None:
        """Extend what has just been placed: most decisions that are drawn by chance have ended, or hold no money."""
        command = self.request(chosen)
        self.send(command)
        self.limits[SPEND] = limit
        self.extend(command.decision_id, hold_for_s, cost)

    def extend(self, decision: bytes, hold_for_s: int, cost: int | None) -> None:
        """Extend on both, and compare what came of it with the words of the page."""
        before, balances = self.memory.book.reservation(decision), self.balances()
        self.send(extend(decision, hold_for_s, cost, path=self.path_now))
        after, outcome = self.memory.book.reservation(decision), self.answered
        if before is None or after is None or cost is None:
            return
        check_extension(before, after, self.path_now(before), balances)
        if isinstance(outcome, ReservationResult) and outcome.outcome is ReservationOutcome.NO_ROOM:
            check_refusal(before, cost, self.path_now(before), balances)

    def path_now(self, reservation: Reservation) -> PathNow:
        """Return what a reservation draws on by the limits of now."""
        drawn, admission = self.placed[reservation.id]
        return path_of(drawn, self.limits, admission, reservation)

    @rule(seconds=st.sampled_from([1, 9, 10, 61, 700, 50_000, 86_400]))
    def wait(self, seconds: int) -> None:
        """Let holds expire and days pass."""
        self.clock.advance(seconds)

    @rule(index=st.integers(0, len(KEYS) - 1), limit=st.sampled_from([0, 10, 30, 100]))
    def change_a_limit(self, index: int, limit: int) -> None:
        """A policy edit acts on the next decision and keeps what was used."""
        self.limits[index] = limit

    @rule(index=st.integers(0, len(GRANTS) - 1))
    def revoke(self, index: int) -> None:
        """Close a grant, as another process does."""
        if index in self.revoked:
            return
        self.revoked.add(index)
        at = datetime.fromtimestamp(self.clock(), UTC)
        self.database.write_now(lambda connection: close_budgets(connection, MARKERS[index], f"grant-{index}", at))
        counter = self.memory.book.counters[MARKERS[index].digest] = Counter(MARKERS[index], used=1)
        counter.fold(self.clock())

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
        stored = self.database.read_now(
            lambda connection: read_balances(connection, [key.digest for key in EVERY_KEY], self.clock())
        )
        by_memory = self.balances()
        for digest in (key.digest for key in EVERY_KEY):
            balance = stored.get(digest, EMPTY)

            # What was credited may turn out not to have been used at all.
            assert balance.used >= -self.credited[digest]
            assert balance.held >= 0
            assert by_memory.get(digest, EMPTY) == balance


def posted(amounts: Mapping[int, int] | None, cost: int) -> list[Posting] | None:
    """Return what an event posts, or None for what was held; a budget of money is charged the event's cost."""
    if amounts is None:
        return None
    keys = {index: KEYS[index] for index in amounts}
    return [Posting(key.digest, cost if key.unit is Unit.USD else amounts[index], key) for index, key in keys.items()]


def _empty(connection: Connection) -> None:
    for table in METADATA.tables.values():
        connection.execute(table.delete())


def test_memory_and_database_agree_whatever_happens(database_url: str) -> None:
    """Decide, settle, correct, adjust, re-rate, release, extend, expire, replay, revoke, edit limits, sweep."""

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
