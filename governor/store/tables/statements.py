"""What periods came to, and the sums that say by whom."""

from sqlalchemy import Index

from governor.store.tables.columns import CLUSTERED, STRICT, Stored, number, octets, table, words


class Statements(Stored, table=True):
    """One statement (``edition`` 0) or one of its corrections; rows are written once and never changed.

    ``record`` holds the figures that are not columns.
    """

    __tablename__ = "statements"
    __table_args__ = (
        Index(None, "root", "scope", "period_start_s", "edition"),
        Index(None, "period_end_s"),
        STRICT,
    )

    digest: bytes = octets(key=True)
    edition: int = number(key=True)
    root: str = words()
    policy: str = words()
    scope: str = words()
    department: str = words()
    team: str = words()
    user: str = words()
    unit: str = words()
    period_start_s: int = number()
    period_end_s: int = number()
    stated_at_ms: int = number()
    policy_version: str = words()
    reason: str = words()
    limit_amount: int = number()
    carried_in: int = number()
    used: int = number()
    held: int = number()
    over_amount: int = number()
    surcharge: int = number()
    carried_out: int = number()
    record: bytes = octets()


class StatementChecks(Stored, table=True):
    """Budgets whose statement may have to be written or corrected, and when to look: late usage, and open holds."""

    __tablename__ = "statement_checks"
    __table_args__ = (Index(None, "due_s"), CLUSTERED)

    digest: bytes = octets(key=True)
    due_s: int = number()


class BudgetUsage(Stored, table=True):
    """What entries posted on each budget, by kind and by who used what: booked from the entries, in their order."""

    __tablename__ = "budget_usage"
    __table_args__ = (CLUSTERED,)

    digest: bytes = octets(key=True)
    kind: str = words(key=True)
    team: str = words(key=True)
    use_case: str = words(key=True)
    model: str = words(key=True)
    amount: int = number()
    requests: int = number()
    overrun_nano_usd: int = number()


STATEMENTS = table(Statements)
STATEMENT_CHECKS = table(StatementChecks)
BUDGET_USAGE = table(BudgetUsage)
