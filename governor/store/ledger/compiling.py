"""Core statements of the declared lookups and writes, and their text for a driver."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    FromClause,
    Select,
    bindparam,
    column,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Update as UpdateStatement

from governor.core.ledger.changes import CLAIM_KEPT_S
from governor.store.ledger.statements import Insert, Lookup, OnConflict, Update
from governor.store.tables import BYTES

AnyInsert = sqlite.Insert | postgresql.Insert


def text_of(statement: ClauseElement, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """Compile a statement; return its text and the names of its positional parameters in order."""
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return str(compiled), tuple(compiled.positiontup or ())


def find_any(lookup: Lookup) -> Select[Any]:
    """Return the query of a lookup whose keys come as one array."""
    keys = bindparam("keys", type_=postgresql.ARRAY(BYTES))
    return _find(lookup, lookup.table.c[lookup.key] == func.any(keys))


def find_in(lookup: Lookup, size: int) -> Select[Any]:
    """Return the query of a lookup of up to ``size`` keys; unused places are NULL, which equals nothing."""
    places = [bindparam(f"key_{index}", type_=BYTES) for index in range(size)]
    return _find(lookup, lookup.table.c[lookup.key].in_(places))


def _find(lookup: Lookup, matches: ColumnElement[bool]) -> Select[Any]:
    table = lookup.table
    query = select(*(table.c[name] for name in lookup.columns)).where(matches)
    if lookup.where is not None:
        name, value = lookup.where
        # A constant of ours, written into the text so that the planner may use the partial index.
        query = query.where(table.c[name] == literal_column(f"'{value}'"))
    if lookup.locks:
        query = query.order_by(table.c[lookup.key]).with_for_update()
    return query


def insert_each(statement: Insert) -> AnyInsert:
    """Return an insert of one row, for ``executemany`` on SQLite."""
    values: dict[str, Any] = {name: bindparam(name) for name in statement.columns}
    return _settled(sqlite.insert(statement.table).values(values), statement)


def insert_all(statement: Insert) -> AnyInsert:
    """Return an insert of all rows of a batch, whose columns come as arrays, for PostgreSQL."""
    rows = _unnested(statement)
    query = select(*(rows.c[name] for name in statement.columns))
    return _settled(postgresql.insert(statement.table).from_select(list(statement.columns), query), statement)


def _settled(insert: AnyInsert, statement: Insert) -> AnyInsert:
    """Say what happens where the key exists already."""
    table, key, new = statement.table, list(statement.key), insert.excluded
    match statement.on_conflict:
        case OnConflict.FAIL:
            return insert
        case OnConflict.SKIP:
            return insert.on_conflict_do_nothing(index_elements=key)
        case OnConflict.ADD:
            sums = {name: table.c[name] + new[name] for name in statement.columns if name not in key}
            return insert.on_conflict_do_update(index_elements=key, set_=sums)
        case OnConflict.REPLACE_STALE:
            values = {name: new[name] for name in statement.columns if name not in key}
            stale = table.c.at_ms <= new.at_ms - literal_column(str(CLAIM_KEPT_S * 1000))
            return insert.on_conflict_do_update(index_elements=key, set_=values, where=stale)
        case OnConflict.RENAME:
            renamed = table.c.policy != new.policy
            return insert.on_conflict_do_update(index_elements=key, set_={"policy": new.policy}, where=renamed)


def update_each(statement: Update) -> UpdateStatement:
    """Return an update of one row, for ``executemany`` on SQLite; its key is the last parameter."""
    table = statement.table
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in statement.columns}
    return update(table).where(table.c[statement.key] == bindparam("old_key", type_=BYTES)).values(values)


def update_all(statement: Update) -> UpdateStatement:
    """Return an update of all rows of a batch, whose columns come as arrays, for PostgreSQL."""
    table = statement.table
    rows = _unnested(statement)
    values = {name: rows.c[name] for name in statement.columns}
    return update(table).where(table.c[statement.key] == rows.c[statement.key]).values(values)


def _unnested(statement: Insert | Update) -> FromClause:
    """Return the rows of a batch, made by the server from one array for each column."""
    names = statement.columns if isinstance(statement, Insert) else (statement.key, *statement.columns)
    types = {name: statement.table.c[name].type for name in names}
    arrays = [bindparam(name, type_=postgresql.ARRAY(types[name])) for name in names]
    columns = [column(name, types[name]) for name in names]
    return func.unnest(*arrays).table_valued(*columns).render_derived(name="batch")
