"""The PostgreSQL driver under the ledger."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy.dialects.postgresql import psycopg as dialects

from governor.store.ledger.arrays import Array, ArrayDumper, encoder_of, of_bytes
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

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._connection.prepare_threshold = 0
        self._begins = False
        self._connection.adapters.register_dumper(Array, ArrayDumper)
        self._texts: dict[Lookup | Insert | Update, str] = {}
        self._encoders: dict[Insert | Update, list[Callable[[Sequence[Any]], Array]]] = {}

    def begin(self) -> None:
        """Begin a transaction: together with its first statements, which saves a round trip."""
        self._begins = True

    def commit(self) -> None:
        """Commit; the log is flushed."""
        if self._begins:
            # Nothing was sent.
            self._begins = False
            return
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back if a transaction is open."""
        self._begins = False
        if self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def changed_elsewhere(self) -> bool:
        """Tell that others may have written: on this server they always may."""
        return True

    def find(self, *lookups: tuple[Lookup, Iterable[bytes]]) -> list[list[Row]]:
        """Return for each lookup the rows with these keys."""
        wanted = [(lookup, list(keys)) for lookup, keys in lookups]
        cursors = self._run([(self._text(lookup), [of_bytes(keys)]) for lookup, keys in wanted if keys])
        found = iter(cursors)
        return [next(found).fetchall() if keys else [] for _, keys in wanted]

    def write(self, *writes: tuple[Insert | Update, Sequence[Row]]) -> list[int]:
        """Write rows in order; return for each write how many rows were changed."""
        statements = [(self._text(statement), self._arrays(statement, rows)) for statement, rows in writes]
        return [cursor.rowcount for cursor in self._run(statements)]

    def _arrays(self, statement: Insert | Update, rows: Sequence[Row]) -> list[Array]:
        """Turn rows into one array for each column."""
        encoders = self._encoders.get(statement)
        if encoders is None:
            names = statement.columns if isinstance(statement, Insert) else (statement.key, *statement.columns)
            encoders = self._encoders[statement] = [encoder_of(statement.table.c[name]) for name in names]
        return [encode(column) for encode, column in zip(encoders, zip(*rows, strict=True), strict=True)]

    def _run(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[psycopg.Cursor[Row]]:
        """Send statements at one go and wait for all of their results."""
        if not statements:
            return []
        cursors: list[psycopg.Cursor[Row]] = []
        with self._connection.pipeline():
            if self._begins:
                self._connection.execute("BEGIN")
                self._begins = False
            for text, parameters in statements:
                cursors.append(self._connection.execute(text, parameters, binary=True))
        return cursors

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
