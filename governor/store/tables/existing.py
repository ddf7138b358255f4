"""Since when quotas count what was used before them."""

from governor.store.tables.columns import CLUSTERED, Stored, number, octets, table


class ExistingCounts(Stored, table=True):
    """A quota's budgets, by what makes their identity: when they began to decide, and when use was last counted."""

    __tablename__ = "existing_counts"
    __table_args__ = (CLUSTERED,)

    identity: bytes = octets(key=True)
    since_ms: int = number()
    counted_ms: int = number()


EXISTING_COUNTS = table(ExistingCounts)
