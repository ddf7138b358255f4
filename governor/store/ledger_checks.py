"""What verifications of the ledger have found."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select

from governor.store.differences import Difference
from governor.store.tables import LEDGER_CHECKS


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """One verification.

    Attributes:
        at: The instant of the balances.
        count: How many differed; 0 is right.
        shown: The first of them.
    """

    at: datetime
    count: int
    shown: tuple[Difference, ...] = ()


def insert_ledger_check(connection: Connection, check: LedgerCheck) -> None:
    """Remember a verification; one of the same instant is replaced."""
    at_ms = int(check.at.timestamp() * 1000)
    connection.execute(delete(LEDGER_CHECKS).where(LEDGER_CHECKS.c.at_ms == at_ms))
    shown = json.dumps([asdict(difference) for difference in check.shown])
    connection.execute(insert(LEDGER_CHECKS).values(at_ms=at_ms, differences=check.count, shown=shown))


def read_last_check(connection: Connection) -> LedgerCheck | None:
    """Return the latest verification, or None if there was none."""
    row = connection.execute(select(LEDGER_CHECKS).order_by(LEDGER_CHECKS.c.at_ms.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return LedgerCheck(datetime.fromtimestamp(row.at_ms / 1000, UTC), row.differences, _shown(json.loads(row.shown)))


def _shown(differences: Sequence[dict[str, str]]) -> tuple[Difference, ...]:
    return tuple(Difference(**difference) for difference in differences)
