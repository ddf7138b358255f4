"""What was granted beyond the policies."""

from sqlalchemy import Index

from governor.store.tables.columns import STRICT, Stored, number, octets, table, words


class GrantRows(Stored, table=True):
    """Approved exceptions: for whom, lifting what, until when; and who revoked them. Rows stay, for the audit.

    ``lifts``, ``models``, ``amounts`` and ``approved_by`` are JSON. What a grant has paid for is a row of ``budgets``.
    """

    __tablename__ = "grants"
    __table_args__ = (Index(None, "ends_ms"), Index(None, "exception_id"), STRICT)

    id: bytes = octets(key=True)
    exception_id: str = words()
    kind: str = words()
    scope: str = words()
    lifts: str = words()
    amount_nano_usd: int = number()
    amounts: str = words()
    models: str = words()
    input_tokens_max: int | None = number(optional=True)
    output_tokens_max: int | None = number(optional=True)
    total_tokens_max: int | None = number(optional=True)
    starts_ms: int = number()
    ends_ms: int = number()
    issued_at_ms: int = number()
    approved_by: str = words()
    revoked_at_ms: int | None = number(optional=True)
    revoked_by: str = words()
    revoke_reason: str = words()


GRANTS = table(GrantRows)
