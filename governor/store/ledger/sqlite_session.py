"""The SQLite driver under the ledger."""

import sqlite3
from collections.abc import Iterable, Sequence

from sqlalchemy.dialects import sqlite

from governor.store.ledger.compiling import find_in, insert_each, text_of, update_each
from governor.store.ledger.session import Row, Trouble, ring_table_name
from governor.store.ledger.statements import Insert, Lookup, Update

KEYS_MAX = 512
"""Keys of one ``IN`` list; longer lists are asked for in pieces."""

_DIALECT = sqlite.dialect()


class SqliteSession:
    """One connection to a SQLite file. A transaction holds the file's write lock from its beginning."""

    errors: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._texts: dict[tuple[Lookup | Insert | Update, int], str] = {}
        self._data_version = -1

    def begin(self) -> None:
        """Take the write lock."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit; the file is synced."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Roll back if a transaction is open."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def changed_elsewhere(self) -> bool:
        """Tell whether another connection, of this process or another, has committed since this one asked last."""
        before = self._data_version
        [self._data_version] = self._connection.execute("PRAGMA data_version").fetchone()
        return before != self._data_version

    def find(self, *lookups: tuple[Lookup, Iterable[bytes]]) -> list[list[Row]]:
        """Return for each lookup the rows with these keys."""
        return [self._find(lookup, keys) for lookup, keys in lookups]

    def write(self, *writes: tuple[Insert | Update, Sequence[Row]]) -> list[int]:
        """Write rows in order; return for each write how many rows were changed."""
        return [self._write(statement, rows) for statement, rows in writes]

    def empty_ring_table(self, index: int) -> None:
        """Empty one table of request keys; without a WHERE clause this frees whole pages."""
        name = ring_table_name(index)
        if self._connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():  # noqa: S608 - a table name of ours
            self._connection.execute(f"DELETE FROM {name}")  # noqa: S608 - a table name of ours

    def diagnose(self, error: Exception) -> Trouble:
        """Say what to do about an error."""
        if isinstance(error, sqlite3.OperationalError):
            # The primary result code is the low byte of the extended one.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            return Trouble.RETRY if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} else Trouble.RECONNECT
        if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
            return Trouble.REFUSED
        return Trouble.RECONNECT

    def _find(self, lookup: Lookup, keys: Iterable[bytes]) -> list[Row]:
        wanted = list(keys)
        found: list[Row] = []
        for start in range(0, len(wanted), KEYS_MAX):
            piece = wanted[start : start + KEYS_MAX]
            # A few sizes only, so that few texts are compiled and prepared.
            size = 1 << (len(piece) - 1).bit_length()
            padded = piece + [None] * (size - len(piece))
            found.extend(self._connection.execute(self._find_text(lookup, size), padded).fetchall())
        return found

    def _write(self, statement: Insert | Update, rows: Sequence[Row]) -> int:
        text = self._write_text(statement)
        if isinstance(statement, Update):
            # SQL wants the key last.
            rows = [(*row[1:], row[0]) for row in rows]
        return self._connection.executemany(text, rows).rowcount

    def _find_text(self, lookup: Lookup, size: int) -> str:
        text = self._texts.get((lookup, size))
        if text is None:
            text, _ = text_of(find_in(lookup, size), _DIALECT)
            self._texts[lookup, size] = text
        return text

    def _write_text(self, statement: Insert | Update) -> str:
        text = self._texts.get((statement, 0))
        if text is None:
            if isinstance(statement, Insert):
                text, names = text_of(insert_each(statement), _DIALECT)
                assert names == statement.columns
            else:
                text, names = text_of(update_each(statement), _DIALECT)
                assert names == (*(f"new_{name}" for name in statement.columns), "old_key")
            self._texts[statement, 0] = text
        return text
