"""Statements as rows: which periods are due, what was stated, and what has to be looked at again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, delete, or_, select

from governor.core.scopes import Scope
from governor.core.statements.statement import WINDOW_S, Figures, Part, Statement, Usage
from governor.core.units import Unit
from governor.store.budgets import BYTE_ORDER
from governor.store.dialects import insert_into, inserted
from governor.store.records import decode_scope, encode_scope
from governor.store.tables import BUDGETS, STATEMENT_CHECKS, STATEMENTS


@dataclass(frozen=True, slots=True)
class EndedBudget:
    """A counter whose period is over."""

    digest: bytes
    policy: str
    scope: Scope
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class StatementFilter:
    """Which statements are listed; ``""``, ``()`` and None are any.

    Attributes:
        roots: Lineage names of quotas.
        department: Of the scope, or of whom the scope was.
        from_s: Periods that end after this instant (Unix seconds).
        until_s: Periods that end at this instant or before.
        after: Where the page begins: root, scope text and begin of a period.
    """

    roots: Sequence[str] = ()
    department: str = ""
    team: str = ""
    user: str = ""
    from_s: int | None = None
    until_s: int | None = None
    after: tuple[str, str, int] | None = None


class _Record(msgspec.Struct, array_like=True):
    """What a statement's row keeps beside its columns."""

    usage: Usage
    granted: tuple[Part, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Record).decode

_ENDED = tuple(BUDGETS.c[name] for name in ("digest", "policy", "scope", "period_start_s", "period_end_s"))


def read_ended_budgets(connection: Connection, after: tuple[int, bytes], until_s: int, limit: int) -> list[EndedBudget]:
    """Return budgets that were drawn on and whose period ended, in the order of the ends.

    Args:
        connection: A reading connection.
        after: End and digest of the last one before.
        until_s: The latest end that counts, Unix seconds.
        limit: The most that is looked at.
    """
    columns = BUDGETS.c
    end_s, digest = after
    query = (
        select(*_ENDED)
        .where(
            columns.period_end_s >= end_s,
            or_(columns.period_end_s > end_s, columns.digest > digest),
            columns.period_end_s <= until_s,
            columns.period_end_s - columns.period_start_s > WINDOW_S,
        )
        .order_by(columns.period_end_s, columns.digest)
        .limit(limit)
    )
    return [_ended(row) for row in connection.execute(query)]


def read_budgets_of(connection: Connection, digests: Collection[bytes]) -> list[EndedBudget]:
    """Return some budgets that have an end."""
    columns = BUDGETS.c
    long_enough = columns.period_end_s - columns.period_start_s > WINDOW_S
    query = select(*_ENDED).where(columns.digest.in_(list(digests)), long_enough)
    return [_ended(row) for row in connection.execute(query)]


def _ended(row: Row[Any]) -> EndedBudget:
    return EndedBudget(bytes(row.digest), row.policy, decode_scope(row.scope), row.period_start_s, row.period_end_s)


def insert_statements(connection: Connection, statements: Iterable[tuple[Statement, tuple[str, str, str]]]) -> int:
    """Write statements and corrections, each with department, team and user; one that is there already stays.

    Returns:
        How many were new.
    """
    rows = [_values(statement, *whose) for statement, whose in statements]
    if not rows:
        return 0
    statement = insert_into(connection, STATEMENTS).on_conflict_do_nothing(index_elements=["digest", "edition"])
    return inserted(connection, statement, rows)


def read_stated(connection: Connection, digests: Collection[bytes]) -> dict[bytes, list[Statement]]:
    """Return the statements of some budgets with their corrections, in order."""
    found: dict[bytes, list[Statement]] = {}
    query = select(STATEMENTS).where(STATEMENTS.c.digest.in_(list(digests)))
    for row in connection.execute(query.order_by(STATEMENTS.c.digest, STATEMENTS.c.edition)):
        found.setdefault(bytes(row.digest), []).append(_from_row(row))
    return found


def read_stated_around(connection: Connection, first_s: int, last_s: int) -> list[EndedBudget]:
    """Return the budgets that were stated for periods which contain any of the instants between two (Unix seconds)."""
    columns = STATEMENTS.c
    names = ("digest", "policy", "scope", "period_start_s", "period_end_s")
    query = select(*(columns[name] for name in names)).where(
        columns.period_end_s > first_s, columns.period_start_s <= last_s, columns.edition == 0
    )
    return [_ended(row) for row in connection.execute(query)]


def read_later_stated(connection: Connection, statement: Statement, limit: int) -> list[bytes]:
    """Return the budgets of the same quota and scope that were stated for later periods, the next first."""
    columns = STATEMENTS.c
    query = (
        select(columns.digest)
        .where(
            columns.root == statement.root,
            columns.scope == encode_scope(statement.scope),
            columns.period_start_s > int(statement.start_at.timestamp()),
            columns.edition == 0,
        )
        .order_by(columns.period_start_s)
        .limit(limit)
    )
    return [bytes(digest) for digest in connection.execute(query).scalars()]


def read_statements(connection: Connection, wanted: StatementFilter, limit: int) -> list[Statement]:
    """Return statements without corrections, by quota, scope and period."""
    columns = STATEMENTS.c
    order = BYTE_ORDER[connection.dialect.name]
    root, scope = columns.root.collate(order), columns.scope.collate(order)
    query = select(STATEMENTS).where(columns.edition == 0)
    if wanted.roots:
        query = query.where(columns.root.in_(list(wanted.roots)))
    for name in ("department", "team", "user"):
        value = getattr(wanted, name)
        if value:
            query = query.where(columns[name] == value)
    if wanted.from_s is not None:
        query = query.where(columns.period_end_s > wanted.from_s)
    if wanted.until_s is not None:
        query = query.where(columns.period_end_s <= wanted.until_s)
    if wanted.after is not None:
        after_root, after_scope, after_s = wanted.after
        later = and_(scope == after_scope, columns.period_start_s > after_s)
        query = query.where(or_(root > after_root, and_(root == after_root, or_(scope > after_scope, later))))
    rows = connection.execute(query.order_by(root, scope, columns.period_start_s).limit(limit))
    return [_from_row(row) for row in rows]


def read_last_until(connection: Connection, wanted: StatementFilter) -> list[Statement]:
    """Return the last statement of a scope up to where a page begins, or nothing."""
    assert wanted.after is not None, "the first page has nothing before it"
    root, scope, start_s = wanted.after
    columns = STATEMENTS.c
    here = (columns.root == root, columns.scope == scope, columns.period_start_s <= start_s, columns.edition == 0)
    query = select(STATEMENTS).where(*here).order_by(columns.period_start_s.desc()).limit(1)
    return [_from_row(row) for row in connection.execute(query)]


def add_checks(connection: Connection, due: Iterable[tuple[bytes, int]]) -> None:
    """Have budgets looked at again at an instant (Unix seconds); of two instants the earlier one counts."""
    rows = [{"digest": digest, "due_s": due_s} for digest, due_s in sorted(due)]
    if not rows:
        return
    new = insert_into(connection, STATEMENT_CHECKS)
    sooner = new.excluded.due_s < STATEMENT_CHECKS.c.due_s
    connection.execute(
        new.on_conflict_do_update(index_elements=["digest"], set_={"due_s": new.excluded.due_s}, where=sooner), rows
    )


def read_checks(connection: Connection, now_s: int, limit: int) -> list[bytes]:
    """Return budgets that are to be looked at, the longest due first."""
    columns = STATEMENT_CHECKS.c
    query = select(columns.digest).where(columns.due_s <= now_s).order_by(columns.due_s, columns.digest).limit(limit)
    return [bytes(digest) for digest in connection.execute(query).scalars()]


def drop_checks(connection: Connection, digests: Collection[bytes], now_s: int) -> None:
    """Note that budgets were looked at; what became due for a later instant meanwhile stays."""
    columns = STATEMENT_CHECKS.c
    connection.execute(delete(STATEMENT_CHECKS).where(columns.digest.in_(list(digests)), columns.due_s <= now_s))


def _values(statement: Statement, department: str, team: str, user: str) -> dict[str, Any]:
    figures = statement.figures
    return {
        "digest": statement.digest,
        "edition": statement.edition,
        "root": statement.root,
        "policy": statement.policy,
        "scope": encode_scope(statement.scope),
        "department": department,
        "team": team,
        "user": user,
        "unit": statement.unit.value,
        "period_start_s": int(statement.start_at.timestamp()),
        "period_end_s": int(statement.end_at.timestamp()),
        "stated_at_ms": int(statement.stated_at.timestamp() * 1000),
        "policy_version": statement.policy_version,
        "reason": statement.reason,
        "limit_amount": figures.limit,
        "carried_in": figures.carried_in,
        "used": figures.used,
        "held": figures.held,
        "over_amount": figures.over,
        "surcharge": figures.surcharge,
        "carried_out": figures.carried_out,
        "record": _encode(_Record(figures.usage, figures.granted)),
    }


def _from_row(row: Row[Any]) -> Statement:
    record = _decode(row.record)
    return Statement(
        digest=bytes(row.digest),
        root=row.root,
        policy=row.policy,
        scope=decode_scope(row.scope),
        unit=Unit(row.unit),
        start_at=datetime.fromtimestamp(row.period_start_s, UTC),
        end_at=datetime.fromtimestamp(row.period_end_s, UTC),
        stated_at=datetime.fromtimestamp(row.stated_at_ms / 1000, UTC),
        policy_version=row.policy_version,
        figures=Figures(
            limit=row.limit_amount,
            carried_in=row.carried_in,
            used=row.used,
            held=row.held,
            over=row.over_amount,
            surcharge=row.surcharge,
            carried_out=row.carried_out,
            usage=record.usage,
            granted=record.granted,
        ),
        edition=row.edition,
        reason=row.reason,
    )
