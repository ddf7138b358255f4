"""Who was stopped."""

from sqlalchemy import Index

from governor.store.tables.columns import STRICT, Stored, number, octets, table, words


class Blocks(Stored, table=True):
    """Who was stopped, by whom, why and until when; and who lifted it. Rows stay, for the audit."""

    __tablename__ = "blocks"
    __table_args__ = (Index(None, "until_ms"), STRICT)

    id: bytes = octets(key=True)
    kind: str = words()
    name: str = words()
    reason: str = words()
    placed_by: str = words()
    placed_key: str = words()
    authority: str = words()
    placed_at_ms: int = number()
    until_ms: int = number()
    lifted_at_ms: int | None = number(optional=True)
    lifted_by: str = words()
    lift_reason: str = words()


BLOCKS = table(Blocks)
