"""Work out statements and corrections of budgets whose periods are over, a page at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from governor.core.decisions.carry import BEFORE_MAX
from governor.core.decisions.grant_budgets import money_budget
from governor.core.decisions.snapshot import Snapshot
from governor.core.grants import Grant
from governor.core.ledger.budget import Balance
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.statements.close import Closing, statement_of
from governor.core.statements.granted import granted_parts
from governor.core.statements.statement import Booking, Part, Statement, sum_up, why_corrected
from governor.services.former_closings import closing_for, former_closings
from governor.services.quota_names import QuotaNames
from governor.services.snapshots import Snapshots
from governor.store.balances import read_balances, read_last_expiries
from governor.store.budget_usage import Bookings, read_budget_usage
from governor.store.give_way import give_way
from governor.store.grants import read_grants_between
from governor.store.statements import EndedBudget, read_budgets_of, read_later_stated, read_stated

OPEN_FOR = timedelta(minutes=15)
"""Calls that are open when a period ends mostly end within this: their correction waits for the last of them."""

KNOWN_AFTER_S = 90
"""When everything that a statement could not attribute yet is booked."""


Whose = tuple[str, str, str]
"""Department, team and user of a scope."""


@dataclass(slots=True)
class Stated:
    """What there is to write: statements and corrections, and what to look at again when (Unix seconds)."""

    new: list[tuple[Statement, Whose]] = field(default_factory=list)
    checks: list[tuple[bytes, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Page:
    """Closings with all that their figures follow from."""

    snapshot: Snapshot
    now: datetime
    closings: Mapping[bytes, Closing]
    balances: Mapping[bytes, Balance]
    booked: Bookings
    recent: Bookings
    open_until: Mapping[bytes, int]
    grants: Sequence[Grant]

    def statement(self, closing: Closing, before: Statement | None = None) -> Statement:
        """Work out what a budget's period came to, as a statement or as the next correction of one."""
        usage = sum_up(self._bookings(closing.key.digest))
        figures = closing.figures(self.balances.get, usage, before.figures.limit if before is not None else None)
        figures = replace(figures, granted=self._granted(closing))
        statement = statement_of(closing, figures, self.snapshot.version, self.now)
        return replace(statement, edition=before.edition + 1) if before is not None else statement

    def _granted(self, closing: Closing) -> tuple[Part, ...]:
        if not self.grants:
            return ()
        at = datetime.fromtimestamp((closing.key.period_end_s or 0) - 1, UTC)
        return granted_parts(
            self.grants,
            closing.quota,
            closing.key,
            self.snapshot.organization,
            at=at,
            booked=self._bookings,
        )

    def _bookings(self, digest: bytes) -> list[Booking]:
        return [*self.booked.of(digest), *self.recent.of(digest)]

    def whose(self, statement: Statement) -> Whose:
        """Return whose budget it was in the period's last second."""
        at = statement.end_at - timedelta(seconds=1)
        who = {**scope_attributes(statement.scope, self.snapshot.organization, at), **dict(statement.scope)}
        return who.get("department", ""), who.get("team", ""), who.get("user", "")

    def later_checks(self, statement: Statement) -> Iterable[tuple[bytes, int]]:
        """Return when to look at a budget again: when its open calls have ended, and when all is booked."""
        until_s = self.open_until.get(statement.digest)
        if until_s is not None:
            yield statement.digest, until_s
        elif statement.figures.unreported or statement.figures.granted:
            yield statement.digest, int(self.now.timestamp()) + KNOWN_AFTER_S


class PeriodStater:
    """Works out statements, by what the policies said when each period ended.

    Args:
        snapshots: The quotas and the Organization.
    """

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._names = QuotaNames()

    def state(self, connection: Connection, rows: Sequence[EndedBudget], recent: Bookings, now: datetime) -> Stated:
        """Work out the statements of budgets that nobody has stated yet."""
        page = self._page(connection, rows, recent, now)
        stated = Stated()
        for closing in page.closings.values():
            give_way()
            statement = page.statement(closing)
            stated.new.append((statement, page.whose(statement)))
            stated.checks.extend(page.later_checks(statement))
        return stated

    def restate(self, connection: Connection, digests: Sequence[bytes], recent: Bookings, now: datetime) -> Stated:
        """Work out what has to be corrected, or stated after all because usage came when the period was closed."""
        now_s = int(now.timestamp())
        rows = [row for row in read_budgets_of(connection, digests) if row.end_s <= now_s]
        page = self._page(connection, rows, recent, now)
        before = read_stated(connection, list(page.closings))
        stated = Stated()
        for digest, closing in page.closings.items():
            give_way()
            known = before.get(digest)
            last = known[-1] if known else None
            statement = page.statement(closing, last)
            if last is not None and self._waits(page, statement):
                stated.checks.append((digest, min(page.open_until[digest], _open_until(statement))))
                continue
            reason = why_corrected(last.figures, statement.figures) if last is not None else ""
            if last is not None and not reason:
                continue
            stated.new.append((replace(statement, reason=reason), page.whose(statement)))
            stated.checks.extend(page.later_checks(statement))
            if closing.following is not None and _moves_carry(last, statement):
                following = read_later_stated(connection, statement, BEFORE_MAX)
                stated.checks.extend((each, now_s) for each in following)
        return stated

    def _waits(self, page: _Page, statement: Statement) -> bool:
        """Tell whether the calls that are still open will soon have ended: then they are corrected at once."""
        return statement.digest in page.open_until and int(page.now.timestamp()) < _open_until(statement)

    def _page(self, connection: Connection, rows: Sequence[EndedBudget], recent: Bookings, now: datetime) -> _Page:
        snapshot = self._snapshots.current
        closings: dict[bytes, Closing] = {}
        gone: list[EndedBudget] = []
        for row in rows:
            give_way()
            closing = self._closing(snapshot, row)
            if closing is not None:
                closings[row.digest] = closing
            else:
                gone.append(row)
        closings |= former_closings(connection, snapshot, gone)
        wanted = list(dict.fromkeys(digest for closing in closings.values() for digest in closing.reads()))
        now_s = now.timestamp()
        balances = read_balances(connection, wanted, now_s)
        drawn = {digest: closing for digest, closing in closings.items() if digest in balances}
        grants = _grants(connection, rows)
        paying = (money_budget(grant).digest for grant in grants)
        booked = read_budget_usage(connection, [*drawn, *paying])
        held = [digest for digest in drawn if balances[digest].held]
        expiries = read_last_expiries(connection, held, now_s) if held else {}
        return _Page(snapshot, now, drawn, balances, booked, recent, expiries, grants)

    def _closing(self, snapshot: Snapshot, row: EndedBudget) -> Closing | None:
        """Return the closing of a counter, or None if it is a part of a budget, or of a quota that is gone."""
        quotas = self._names.find(snapshot.policies, row.policy)
        return next((found for quota in quotas if (found := closing_for(snapshot, quota, row)) is not None), None)


def _grants(connection: Connection, rows: Sequence[EndedBudget]) -> list[Grant]:
    """Return the grants that acted in any of the periods."""
    if not rows:
        return []
    first_s, end_s = min(row.start_s for row in rows), max(row.end_s for row in rows)
    return read_grants_between(connection, datetime.fromtimestamp(first_s, UTC), datetime.fromtimestamp(end_s, UTC))


def _open_until(statement: Statement) -> int:
    return int((statement.end_at + OPEN_FOR).timestamp())


def _moves_carry(before: Statement | None, after: Statement) -> bool:
    """Tell whether what later periods take over may have changed."""
    return before is None or (before.figures.used, before.figures.held) != (after.figures.used, after.figures.held)
