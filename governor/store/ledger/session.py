"""What the ledger needs of a database driver. Two drivers do it; everything else is one code path."""

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Any, Protocol

from governor.store.ledger.statements import Insert, Lookup, Update
from governor.store.tables import REQUEST_KEYS

Row = tuple[Any, ...]


class Trouble(Enum):
    """What to do about a driver's error."""

    RETRY = auto()
    """Somebody else was in the way: the same transaction may succeed now."""
    RECONNECT = auto()
    """The connection or the storage is broken: try again on a new connection."""
    REFUSED = auto()
    """The database refuses what the transaction wants to write: find the item that it refuses."""


class Session(Protocol):
    """One connection of the driver, used by one thread.

    Attributes:
        errors: The driver's errors.
    """

    errors: tuple[type[Exception], ...]

    def begin(self) -> None:
        """Begin a transaction that writes."""
        ...

    def commit(self) -> None:
        """Make everything written durable."""
        ...

    def rollback(self) -> None:
        """Undo everything, if a transaction is open."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...

    def changed_elsewhere(self) -> bool:
        """Tell, within a transaction, whether another connection may have written since this one asked last.

        False is only said where a transaction keeps every other writer out, so that what was read or written before
        is still what the tables say.
        """
        ...

    def find(self, *lookups: tuple[Lookup, Iterable[bytes]]) -> list[list[Row]]:
        """Return for each lookup the rows with these keys, in the order of the keys if it locks; at one go."""
        ...

    def write(self, *writes: tuple[Insert | Update, Sequence[Row]]) -> list[int]:
        """Write rows in order, at one go; return for each write how many rows were changed."""
        ...

    def empty_ring_table(self, index: int) -> None:
        """Empty one table of request keys, outside a transaction."""
        ...

    def diagnose(self, error: Exception) -> Trouble:
        """Say what to do about one of ``errors``."""
        ...


def ring_table_name(index: int) -> str:
    """Return the name of a table of the ring."""
    return str(REQUEST_KEYS[index].name)
