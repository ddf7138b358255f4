"""When the ledger was verified, and what was found."""

from governor.store.tables.columns import CLUSTERED, Stored, number, table, words


class LedgerChecks(Stored, table=True):
    """One verification: the instant of the balances, how many differed, and the first of them as JSON."""

    __tablename__ = "ledger_checks"
    __table_args__ = (CLUSTERED,)

    at_ms: int = number(key=True)
    differences: int = number()
    shown: str = words()


LEDGER_CHECKS = table(LedgerChecks)
