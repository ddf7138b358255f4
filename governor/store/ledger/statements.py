"""The hot statements, declared once on the tables and compiled once for each driver.

Lookups and writes take whole batches: on SQLite as ``IN`` lists and ``executemany``, on PostgreSQL as arrays that the
server unnests, so that a batch is one statement there.
"""

from dataclasses import dataclass
from enum import Enum, auto

from sqlalchemy import Table

from governor.core.ledger.changes import ROLLUP_SUMS
from governor.store.tables import BUDGETS, DECISIONS, ENTRIES, REQUEST_KEYS, USAGE_HOURLY, USAGE_UNITS_HOURLY


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """Read rows by a column of 16-byte keys.

    Attributes:
        key: The column that is looked up.
        columns: What is read.
        locks: Lock the rows in the order of their keys until the transaction ends, where the database has row locks.
        where: A column and the value it must have, or None.
    """

    table: Table
    key: str
    columns: tuple[str, ...]
    locks: bool = False
    where: tuple[str, str] | None = None


class OnConflict(Enum):
    """What an insert does where the key exists already."""

    FAIL = auto()
    SKIP = auto()
    ADD = auto()
    REPLACE_STALE = auto()
    RENAME = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Insert:
    """Insert rows; ``key`` is the key whose conflicts ``on_conflict`` settles."""

    table: Table
    key: tuple[str, ...]
    on_conflict: OnConflict
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """Set ``columns`` of the row with a 16-byte ``key``; rows come as (key, *columns)."""

    table: Table
    key: str
    columns: tuple[str, ...]


def _columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


FIND_CLAIMS = tuple(Lookup(table, "claim", ("claim", "decision_id", "body_digest", "at_ms")) for table in REQUEST_KEYS)
INSERT_CLAIMS = tuple(
    Insert(table, ("claim",), OnConflict.REPLACE_STALE, ("claim", "decision_id", "body_digest", "at_ms"))
    for table in REQUEST_KEYS
)

LOCK_DECISIONS = Lookup(DECISIONS, "id", ("id", "client", "at_ms", "state", "expires_at_s", "record"), locks=True)
FIND_BODIES = Lookup(DECISIONS, "id", ("id", "request", "answer"))
INSERT_DECISIONS = Insert(DECISIONS, ("id",), OnConflict.FAIL, _columns(DECISIONS))
MOVE_DECISIONS = Update(DECISIONS, "id", ("state", "expires_at_s", "record"))

_ENTRY = _columns(ENTRIES)
FIND_ENTRIES = Lookup(ENTRIES, "event_key", _ENTRY)
LOCK_ROOTS = Lookup(ENTRIES, "event_key", _ENTRY, locks=True)
FIND_CORRECTIONS = Lookup(ENTRIES, "root_key", _ENTRY, where=("kind", "correction"))
FIND_RERATINGS = Lookup(ENTRIES, "root_key", _ENTRY, where=("kind", "rerating"))
INSERT_ENTRIES = Insert(ENTRIES, ("event_key",), OnConflict.SKIP, _ENTRY)

FIND_BUDGET_KEYS = Lookup(BUDGETS, "digest", ("digest", "policy", "scope", "unit", "period_start_s", "period_end_s"))
LOCK_BUDGETS = Lookup(BUDGETS, "digest", ("digest", "used", "buckets", "as_of_s"), locks=True)
CREATE_BUDGETS = Insert(BUDGETS, ("digest",), OnConflict.RENAME, _columns(BUDGETS))
UPDATE_BUDGETS = Update(BUDGETS, "digest", ("used", "buckets", "as_of_s"))

ROLLUP_KEY = tuple(name for name in _columns(USAGE_HOURLY) if name not in ROLLUP_SUMS)
ADD_ROLLUPS = Insert(USAGE_HOURLY, ROLLUP_KEY, OnConflict.ADD, (*ROLLUP_KEY, *ROLLUP_SUMS))
ADD_UNITS = Insert(USAGE_UNITS_HOURLY, (*ROLLUP_KEY, "unit"), OnConflict.ADD, (*ROLLUP_KEY, "unit", "amount"))
