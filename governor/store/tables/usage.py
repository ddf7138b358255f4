"""What was used: the entries of the ledger, and their sums."""

from sqlalchemy import Index, UniqueConstraint, text

from governor.store.tables.columns import CLUSTERED, STRICT, Stored, number, octets, table, words


class Entries(Stored, table=True):
    """Usage events as they were posted: append-only, and enough to recompute every balance and every rollup.

    ``event_key`` is the digest of (source, event_id), ``root_key`` that of the event at the beginning of its chain of
    corrections: one short index instead of two long texts.
    """

    __tablename__ = "entries"
    __table_args__ = (
        UniqueConstraint("event_key"),
        Index(
            "ix_entries_correction",
            "root_key",
            sqlite_where=text("kind = 'correction'"),
            postgresql_where=text("kind = 'correction'"),
        ),
        Index(
            "ix_entries_rerating",
            "root_key",
            sqlite_where=text("kind = 'rerating'"),
            postgresql_where=text("kind = 'rerating'"),
        ),
        Index(
            "ix_entries_adjustment",
            "id",
            sqlite_where=text("kind = 'adjustment'"),
            postgresql_where=text("kind = 'adjustment'"),
        ),
        Index(
            "ix_entries_decision_id",
            "decision_id",
            sqlite_where=text("decision_id IS NOT NULL"),
            postgresql_where=text("decision_id IS NOT NULL"),
        ),
        STRICT,
    )

    id: bytes = octets(key=True)
    event_key: bytes = octets()
    root_key: bytes = octets()
    kind: str = words()
    source: str = words()
    event_id: str = words()
    body_digest: bytes = octets()
    decision_id: bytes | None = octets(optional=True)
    received_at_ms: int = number()
    occurred_at_ms: int = number()
    model: str = words()
    provider: str = words()
    cost_nano_usd: int = number()
    requests: int = number()
    record: bytes = octets()
    result: bytes = octets()


class UsageHourly(Stored, table=True):
    """Sums of usage by hour of the organisation's clock and by who used what, kept in the settling transaction."""

    __tablename__ = "usage_hourly"
    __table_args__ = (CLUSTERED,)

    hour_s: int = number(key=True)
    department: str = words(key=True)
    team: str = words(key=True)
    user: str = words(key=True)
    project: str = words(key=True)
    environment: str = words(key=True)
    use_case: str = words(key=True)
    model: str = words(key=True)
    provider: str = words(key=True)
    requests: int = number()
    input_tokens: int = number()
    cached_input_tokens: int = number()
    cache_write_tokens: int = number()
    cache_write_1h_tokens: int = number()
    output_tokens: int = number()
    reasoning_tokens: int = number()
    cost_nano_usd: int = number()


class UsageUnitsHourly(Stored, table=True):
    """Beside the sums of an hour: units that are no tokens, and events without a known price; most have neither."""

    __tablename__ = "usage_units_hourly"
    __table_args__ = (CLUSTERED,)

    hour_s: int = number(key=True)
    department: str = words(key=True)
    team: str = words(key=True)
    user: str = words(key=True)
    project: str = words(key=True)
    environment: str = words(key=True)
    use_case: str = words(key=True)
    model: str = words(key=True)
    provider: str = words(key=True)
    unit: str = words(key=True)
    amount: int = number()


class SpendBursts(Stored, table=True):
    """The busiest five minutes that people, teams and departments had in each hour of the last weeks."""

    __tablename__ = "spend_bursts"
    __table_args__ = (CLUSTERED,)

    hour_s: int = number(key=True)
    level: str = words(key=True)
    name: str = words(key=True)
    cost_nano_usd: int = number()


ENTRIES = table(Entries)
USAGE_HOURLY = table(UsageHourly)
USAGE_UNITS_HOURLY = table(UsageUnitsHourly)
SPEND_BURSTS = table(SpendBursts)
