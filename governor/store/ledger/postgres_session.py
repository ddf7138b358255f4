"""The PostgreSQL driver under the ledger."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy.dialects.postgresql import psycopg as dialects

from governor.store.ledger.compiling import find_any, insert_all, text_of, update_all
from governor.store.ledger.session import Row, Trouble, ring_table_name
from governor.store.ledger.statements import Insert, Lookup, Update

_DIALECT = dialects.dialect(paramstyle="format")  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped

_IN_THE_WAY = (
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.LockNotAvailable,
    errors.QueryCanceled,
)


class PostgresSession:
    """One connection to PostgreSQL. Rows that a transaction will change are locked in the order of their keys."""

    errors: tuple[type[Exception], ...] = (psycopg.Error,)
    is_exclusive = False

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._connection.prepare_threshold = 0
        self._texts: dict[Lookup | Insert | Update, str] = {}

    def begin(self) -> None:
        """Begin a transaction."""
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        """Commit; the log is flushed."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back if a transaction is open."""
        if self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def find(self, lookup: Lookup, keys: Iterable[bytes]) -> list[Row]:
        """Return the rows with these keys."""
        wanted = list(keys)
        if not wanted:
            return []
        return self._connection.execute(self._text(lookup), [wanted], binary=True).fetchall()

    def write(self, statement: Insert | Update, rows: Sequence[Row]) -> int:
        """Write rows in order; return how many were changed."""
        return self._connection.execute(
            self._text(statement), [list(column) for column in zip(*rows, strict=True)]
        ).rowcount

    def empty_ring_table(self, index: int) -> None:
        """Empty one table of request keys; nobody uses it on this day, so its lock is free."""
        name = ring_table_name(index)
        if self._connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():  # noqa: S608 - a table name of ours
            self._connection.execute(f"TRUNCATE {name}")

    def diagnose(self, error: Exception) -> Trouble:
        """Say what to do about an error."""
        if isinstance(error, _IN_THE_WAY):
            return Trouble.RETRY
        if isinstance(error, psycopg.IntegrityError | psycopg.DataError):
            return Trouble.REFUSED
        return Trouble.RECONNECT

    def _text(self, statement: Lookup | Insert | Update) -> str:
        text = self._texts.get(statement)
        if text is None:
            match statement:
                case Lookup():
                    compiled, names = text_of(find_any(statement), _DIALECT)
                    assert names == ("keys",)
                case Insert():
                    compiled, names = text_of(insert_all(statement), _DIALECT)
                    assert names == statement.columns
                case Update():
                    compiled, names = text_of(update_all(statement), _DIALECT)
                    assert names == (statement.key, *statement.columns)
            # Binary parameters: bytes travel as they are.
            text = compiled.replace("%s", "%b")
            self._texts[statement] = text
        return text
