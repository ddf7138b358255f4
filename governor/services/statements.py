"""List statements with their corrections; periods without any use are derived where they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection

from governor.core.decisions.snapshot import Snapshot
from governor.core.forecasts.forecast import Forecast
from governor.core.policy.kinds import Quota
from governor.core.statements.close import Closing, closing_of, statement_of
from governor.core.statements.statement import Figures, Statement
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.services.snapshots import Snapshots
from governor.store.balances import read_balances
from governor.store.database import Database
from governor.store.forecasts import read_latest_forecasts
from governor.store.records import encode_scope
from governor.store.statements import StatementFilter, read_last_until, read_stated, read_statements

PAGE_DEFAULT = 100


@dataclass(frozen=True, slots=True)
class StatementQuery:
    """Which statements are asked for; ``""`` is any.

    Attributes:
        quota: ``department-monthly-spend`` or ``Quota/department-monthly-spend``.
        department: Also those of its teams and people.
        team: Also those of its people.
        user: One user's own.
        from_at: Periods that end after this instant, or None.
        until_at: Periods that end at this instant or before, or None.
        empty: Also periods in which nothing was drawn, since a scope's first one.
        cursor: Where the page begins, or ``""``.
        limit: Statements on a page.
    """

    quota: str = ""
    department: str = ""
    team: str = ""
    user: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None
    empty: bool = False
    cursor: str = ""
    limit: int = PAGE_DEFAULT


@dataclass(frozen=True, slots=True)
class Listed:
    """A statement with its corrections.

    Attributes:
        derived: Whether nothing was drawn, so that nothing had to be written.
        forecast: What was forecast of the period when half of it was over, or None if nothing was.
    """

    statement: Statement
    corrections: tuple[Statement, ...] = ()
    derived: bool = False
    forecast: Forecast | None = None

    @property
    def final(self) -> Figures:
        """The figures after all corrections."""
        return (self.corrections[-1] if self.corrections else self.statement).figures


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Some statements, and the cursor of the next page or None."""

    listed: tuple[Listed, ...]
    next: str | None


class StatementReader:
    """Answers ``GET /statements``.

    Args:
        snapshots: Knows quotas by name, and what periods without use come to.
        database: Where statements are.
    """

    def __init__(self, snapshots: Snapshots, database: Database) -> None:
        self._snapshots = snapshots
        self._database = database

    async def page(self, query: StatementQuery, now: datetime) -> StatementPage:
        """Return one page, by quota, scope and period.

        Raises:
            InvalidRequestError: If the cursor is not one of this list.
        """
        snapshot = self._snapshots.current
        wanted = _filter(snapshot, query)
        return await self._database.read(partial(_page, snapshot=snapshot, query=query, wanted=wanted, now=now))


def _filter(snapshot: Snapshot, query: StatementQuery) -> StatementFilter:
    after = None
    if query.cursor:
        root, scope, start_s = decode_cursor(query.cursor, 3)
        if not start_s.isdigit():
            raise wrong_cursor()
        after = (root, scope, int(start_s))
    return StatementFilter(
        roots=_roots(snapshot, query.quota.removeprefix("Quota/")),
        department=query.department,
        team=query.team,
        user=snapshot.organization.person_ids.get(query.user.lower(), query.user),
        # What is derived follows from the statement before it, whenever that was.
        from_s=int(query.from_at.timestamp()) if query.from_at is not None and not query.empty else None,
        until_s=int(query.until_at.timestamp()) if query.until_at is not None else None,
        after=after,
    )


def _roots(snapshot: Snapshot, name: str) -> tuple[str, ...]:
    """Return the lineage names that a quota's name may stand for; one that is gone stands for itself."""
    if not name:
        return ()
    quota = snapshot.quota(name)
    return (quota.root or name,) if quota is not None else (name,)


def _page(
    connection: Connection, snapshot: Snapshot, query: StatementQuery, wanted: StatementFilter, now: datetime
) -> StatementPage:
    if query.empty:
        items = _with_empty(connection, snapshot, query, wanted, now)
    else:
        items = [Listed(statement) for statement in read_statements(connection, wanted, query.limit + 1)]
    following = None
    if len(items) > query.limit:
        items = items[: query.limit]
        following = encode_cursor(*_place(items[-1].statement))
    corrected = read_stated(connection, [item.statement.digest for item in items if not item.derived])
    forecasts = _forecasts(connection, [item.statement for item in items])
    listed = [
        replace(
            item,
            corrections=tuple(corrected.get(item.statement.digest, ())[1:]),
            forecast=forecasts.get(item.statement.digest),
        )
        for item in items
    ]
    return StatementPage(tuple(listed), following)


def _forecasts(connection: Connection, statements: Sequence[Statement]) -> dict[bytes, Forecast]:
    """Return what was forecast of periods when half of each was over."""
    by_half: dict[int, list[bytes]] = {}
    for statement in statements:
        half_at = statement.start_at + (statement.end_at - statement.start_at) / 2
        by_half.setdefault(int(half_at.timestamp()), []).append(statement.digest)
    found: dict[bytes, Forecast] = {}
    for half_s, digests in by_half.items():
        found |= read_latest_forecasts(connection, digests, half_s)
    return found


def _place(statement: Statement) -> tuple[str, str, str]:
    return statement.root, encode_scope(statement.scope), str(int(statement.start_at.timestamp()))


def _with_empty(
    connection: Connection, snapshot: Snapshot, query: StatementQuery, wanted: StatementFilter, now: datetime
) -> list[Listed]:
    """Return statements and, after each, the periods without use until the next one of its scope, or until now."""
    until_at = min(now, query.until_at) if query.until_at is not None else now
    stored = read_statements(connection, wanted, query.limit + 2)
    if wanted.after is not None:
        # The page may begin between a statement and the next one.
        stored = read_last_until(connection, wanted) + stored
    found: list[Listed] = []
    for index, statement in enumerate(stored):
        following = stored[index + 1] if index + 1 < len(stored) else None
        end_at = following.start_at if following is not None and _same_budget(statement, following) else until_at
        missing = query.limit + 1 - len(found)
        if missing <= 0:
            break
        items = [Listed(statement)] if not _is_before(statement, wanted, query) else []
        for closing in _empty_after(snapshot, statement, end_at):
            if len(items) >= missing:
                break
            empty = _derived(connection, snapshot, closing, now)
            if not _is_before(empty, wanted, query):
                items.append(Listed(empty, derived=True))
        found += items
    return found


def _same_budget(one: Statement, other: Statement) -> bool:
    return (one.root, one.scope) == (other.root, other.scope)


def _is_before(statement: Statement, wanted: StatementFilter, query: StatementQuery) -> bool:
    """Tell whether a statement stands before the page."""
    if query.from_at is not None and statement.end_at <= query.from_at:
        return True
    root, scope, start_s = _place(statement)
    return wanted.after is not None and (root, scope, int(start_s)) <= wanted.after


def _empty_after(snapshot: Snapshot, statement: Statement, end_at: datetime) -> Iterator[Closing]:
    """Yield the periods after a statement's that have ended, up to an instant."""
    quota = _quota_of(snapshot, statement)
    at = statement.end_at
    while quota is not None and at < end_at and quota.header.in_force(at):
        closing = closing_of(snapshot, quota, statement.scope, at)
        if closing is None or closing.key.period_end_s is None or closing.key.period_end_s > end_at.timestamp():
            return
        yield closing
        at = datetime.fromtimestamp(closing.key.period_end_s, UTC)


def _quota_of(snapshot: Snapshot, statement: Statement) -> Quota | None:
    """Return the quota of a statement, if it still cuts time as it did then."""
    for quota in snapshot.policies.quotas:
        if (quota.root or quota.header.name) == statement.root:
            if quota.per != tuple(key for key, _ in statement.scope):
                return None
            closing = closing_of(snapshot, quota, statement.scope, statement.start_at)
            return quota if closing is not None and closing.key.digest == statement.digest else None
    return None


def _derived(connection: Connection, snapshot: Snapshot, closing: Closing, now: datetime) -> Statement:
    balances = read_balances(connection, list(dict.fromkeys(closing.reads())), now.timestamp())
    return statement_of(closing, closing.figures(balances.get), snapshot.version, now)
