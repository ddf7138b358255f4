"""Any order of decisions, settlements and revocations under two grants: both ledgers agree, no grant is overdrawn.

``test_stateful`` does the same for everything else. What is asserted beyond agreement: at the instant of an admission
no grant holds and has paid more than its amount, whatever overran before, and a revoked one is drawn on no more.
"""

import os
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

from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.ledger.ceilings import CeilingRule
from governor.core.ledger.commands import Command, Hold, Option, Placed
from governor.core.ledger.counter import Counter
from governor.core.ledger.memory import MemoryLedger
from governor.store.balances import read_balances
from governor.store.closings import close_budgets
from governor.store.database import Database
from governor.store.ledger.postgres_session import PostgresSession
from governor.store.ledger.sqlite_session import SqliteSession
from governor.store.ledger.writer import Writer
from governor.store.tables import METADATA
from governor.store.verify import verify
from tests.conftest import FakeClock
from tests.ledger.factory import budget, extend, hold, place_options, release, settle
from tests.ledger.test_stateful import essence

QUOTA, SHARE = budget("team"), budget("share", team="growth")
GRANTS = (budget("grant-1"), budget("grant-2"))
MARKERS = (budget("revoked-1"), budget("revoked-2"))
AMOUNTS = (20, 15)
LIMIT, SHARED = 25, 10
EXAMPLES = int(os.environ.get("GOVERNOR_TEST_STATEFUL_EXAMPLES", "25"))

amounts = st.integers(0, 12)


def paid_by(index: int, amount: int, *, charge: bool) -> Hold:
    """Return what a grant would hold."""
    rule_of = CeilingRule(GRANTS[index].digest, AMOUNTS[index], closed_by=MARKERS[index].digest)
    plain = hold(GRANTS[index], amount, AMOUNTS[index], charge=charge)
    return replace(plain, terms=replace(plain.terms, ceiling=None, rule=rule_of))


def path(amount: int, *, charge: bool, lifted: bool) -> tuple[Hold, ...]:
    """Return the holds of a request: a quota with a share of it, which both grants may lift."""
    grants = tuple((paid_by(index, amount, charge=charge),) for index in range(len(GRANTS))) if lifted else ()
    share = hold(SHARE, amount, SHARED, charge=charge)
    return (
        replace(hold(QUOTA, amount, LIMIT, charge=charge), grants=grants),
        replace(share, terms=replace(share.terms, part=True)),
    )


class GrantsAgree(RuleBasedStateMachine):
    """The reference and a SQL ledger, side by side. ``url`` is set by the test."""

    url = ""

    @initialize()
    def open(self) -> None:
        """Begin with two empty ledgers at noon."""
        self.clock = FakeClock()
        self.memory = MemoryLedger(self.clock)
        self.database = Database(self.url)
        session = (
            (lambda: SqliteSession(self.database.open_sqlite()))
            if self.database.is_sqlite
            else (lambda: PostgresSession(self.database.open_postgres()))
        )
        self.writer = Writer(session, self.clock)
        self.decisions: list[bytes] = []
        self.revoked: set[int] = set()

    def teardown(self) -> None:
        """Verify from records, and forget everything."""
        differences = self.database.read_now(lambda connection: list(verify(connection, self.clock())))
        self.writer.close()
        self.database.write_now(
            lambda connection: [connection.execute(table.delete()) for table in METADATA.tables.values()]
        )
        self.database.engine.dispose()

        assert [] == differences

    def send(self, *commands: Command) -> None:
        """Send commands to both as one batch; the answers must be the same, and no grant overdrawn."""
        expected = []
        for command in commands:
            outcome = self.memory.apply(command)
            expected.append(essence(outcome, self.clock()))
            if isinstance(outcome, Placed) and not outcome.replayed:
                self.check_drawn({one.budget for one in outcome.reservation.holds})
        results = self.writer.apply(commands)

        assert expected == [essence(result, self.clock()) for result in results if not isinstance(result, Exception)]

    def check_drawn(self, drawn: set[bytes]) -> None:
        """Look at the grants that a request was just placed on."""
        for index, (grant, amount) in enumerate(zip(GRANTS, AMOUNTS, strict=True)):
            if grant.digest in drawn and self.placed_amount:
                assert self.memory.book.balance(grant.digest).taken <= amount
                assert index not in self.revoked

    @rule(amount=amounts, charge=st.booleans(), lifted=st.booleans(), times=st.integers(1, 3))
    def decide(self, amount: int, times: int, *, charge: bool, lifted: bool) -> None:
        """Ask for what a quota may have no room for."""
        self.placed_amount = amount
        commands = [place_options(path(amount, charge=charge, lifted=lifted), cost_nano_usd=5) for _ in range(times)]
        self.decisions += [command.decision_id for command in commands]
        self.send(*commands)

    @rule(amount=amounts, charge=st.booleans(), lifted=st.booleans(), otherwise=st.booleans())
    def decide_what_is_refused(self, amount: int, *, charge: bool, lifted: bool, otherwise: bool) -> None:
        """Ask for what a policy refuses unless a grant has room for all of it; perhaps with a substitute behind."""
        self.placed_amount = amount
        needs = (tuple(paid_by(index, amount, charge=charge) for index in range(len(GRANTS))),)
        holds = path(amount, charge=charge, lifted=False)
        granted = Option(True, path(amount, charge=charge, lifted=lifted), needs=needs)
        command = place_options(Option(False, holds, granted=granted), *([holds] if otherwise else []), cost_nano_usd=5)
        self.decisions.append(command.decision_id)
        self.send(command)

    @precondition(lambda self: self.decisions)
    @rule(which=st.integers(0, 50), amount=amounts, final=st.booleans())
    def report(self, which: int, amount: int, *, final: bool) -> None:
        """Report usage, also more than was held, also late and after the grant was revoked."""
        self.send(settle(self.decisions[which % len(self.decisions)], amount=amount, final=final))

    @precondition(lambda self: self.decisions)
    @rule(which=st.integers(0, 50))
    def give_back(self, which: int) -> None:
        """Release."""
        self.send(release(self.decisions[which % len(self.decisions)]))

    @precondition(lambda self: self.decisions)
    @rule(which=st.integers(0, 50))
    def prolong(self, which: int) -> None:
        """Extend."""
        self.send(extend(self.decisions[which % len(self.decisions)], 3600, None))

    @rule(seconds=st.sampled_from([1, 10, 700]))
    def wait(self, seconds: int) -> None:
        """Let holds expire."""
        self.clock.advance(seconds)

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

    @invariant()
    def balances_agree(self) -> None:
        """Both tell the same balances, none below zero."""
        if not hasattr(self, "memory"):
            return
        keys: tuple[BudgetKey, ...] = (QUOTA, SHARE, *GRANTS, *MARKERS)
        now_s = self.clock()
        stored = self.database.read_now(
            lambda connection: read_balances(connection, [key.digest for key in keys], now_s)
        )
        self.memory.book.now_s = now_s
        for key in keys:
            balance = stored.get(key.digest, Balance(0, 0))

            assert self.memory.book.balance(key.digest) == balance
            assert min(balance.used, balance.held) >= 0


def test_no_grant_is_overdrawn_whatever_happens(database_url: str) -> None:
    """Decide, settle, release, extend, expire, revoke: any order, on both databases."""

    class Machine(GrantsAgree):
        url = database_url

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
