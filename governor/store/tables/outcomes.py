"""What came of the work."""

from sqlalchemy import Index, UniqueConstraint

from governor.store.tables.columns import STRICT, Stored, number, octets, table, words


class Outcomes(Stored, table=True):
    """What came of the work, as it was reported: append-only.

    ``event_key`` is the digest of (source, event_id); a worth is of all outcomes of the report, or unknown. A
    correction names the latest of its chain in ``corrects_key``: a report counts if nothing corrects it.
    """

    __tablename__ = "outcomes"
    __table_args__ = (
        UniqueConstraint("event_key"),
        Index(None, "occurred_at_ms"),
        Index(None, "corrects_key", unique=True),
        STRICT,
    )

    id: bytes = octets(key=True)
    event_key: bytes = octets()
    source: str = words()
    event_id: str = words()
    body_digest: bytes = octets()
    received_at_ms: int = number()
    occurred_at_ms: int = number()
    use_case: str = words()
    task: str = words()
    count: int = number()
    worth_nano_usd: int | None = number(optional=True)
    corrects_key: bytes | None = octets(optional=True)


OUTCOMES = table(Outcomes)
