"""The tables. Rows are written and read with Core statements; no table model is constructed on the hot path.

Integers are 64 bits on both databases. On SQLite the tables are ``STRICT``, so that a sum which overflows fails
instead of turning into a float. Times are Unix seconds (``_s``) or milliseconds (``_ms``); identities are 16 bytes.
"""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects import sqlite
from sqlmodel import Field, SQLModel

INT64 = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
BYTES = LargeBinary().with_variant(sqlite.BLOB(), "sqlite")

CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}
"""Small rows that are looked up by their key live inside the key's tree."""

STRICT = {"sqlite_strict": True}

RING_DAYS = 3
"""Tables in the ring of request keys: yesterday's, today's, and the one that is emptied."""

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def number(*, key: bool = False, optional: bool = False) -> Any:
    """Declare a column of 64-bit integers."""
    return Field(sa_column=Column(INT64, primary_key=key, nullable=optional, autoincrement=False))


def words(*, key: bool = False) -> Any:
    """Declare a column of text."""
    return Field(sa_column=Column(Text, primary_key=key, nullable=False))


def octets(*, key: bool = False, optional: bool = False) -> Any:
    """Declare a column of bytes."""
    return Field(sa_column=Column(BYTES, primary_key=key, nullable=optional))


class Stored(SQLModel):
    """Every table of Governor."""

    metadata: ClassVar[MetaData] = METADATA


class Decisions(Stored, table=True):
    """One record for one decision: what it holds, what settlement needs, what was asked and what was answered.

    The id is time-ordered, so the primary key is the index of time as well.
    """

    __tablename__ = "decisions"
    # A row of some 2 kB stays in its page: compressing it would cost more than the rest of the decision.
    __table_args__ = ({**STRICT, "postgresql_with": {"toast_tuple_target": 8160}},)

    id: bytes = octets(key=True)
    client: str = words()
    at_ms: int = number()
    state: str = words()
    verdict: str = words()
    expires_at_s: int = number()
    policy_version: str = words()
    department: str = words()
    record: bytes = octets()
    request: bytes = octets()
    answer: bytes = octets()


class RequestKeys0(Stored, table=True):
    """Idempotency keys of every third day."""

    __tablename__ = "request_keys_0"
    __table_args__ = (CLUSTERED,)

    claim: bytes = octets(key=True)
    decision_id: bytes = octets()
    body_digest: bytes = octets()
    at_ms: int = number()


class RequestKeys1(Stored, table=True):
    """Idempotency keys of every third day."""

    __tablename__ = "request_keys_1"
    __table_args__ = (CLUSTERED,)

    claim: bytes = octets(key=True)
    decision_id: bytes = octets()
    body_digest: bytes = octets()
    at_ms: int = number()


class RequestKeys2(Stored, table=True):
    """Idempotency keys of every third day."""

    __tablename__ = "request_keys_2"
    __table_args__ = (CLUSTERED,)

    claim: bytes = octets(key=True)
    decision_id: bytes = octets()
    body_digest: bytes = octets()
    at_ms: int = number()


class Budgets(Stored, table=True):
    """One counter for one quota, scope and period. ``buckets`` are the sums of holds by expiry."""

    __tablename__ = "budgets"
    __table_args__ = (
        Index(None, "policy", "scope", "period_start_s"),
        # Room in the page for the new version of a busy row, so that no index is touched.
        {**CLUSTERED, "postgresql_with": {"fillfactor": 50}},
    )

    digest: bytes = octets(key=True)
    policy: str = words()
    scope: str = words()
    department: str = words()
    team: str = words()
    user: str = words()
    unit: str = words()
    period_start_s: int = number()
    period_end_s: int | None = number(optional=True)
    used: int = number()
    buckets: bytes = octets()
    as_of_s: int = number()


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


class PolicyVersions(Stored, table=True):
    """The text of every policy folder that ever decided, compressed."""

    __tablename__ = "policy_versions"
    __table_args__ = (STRICT,)

    version: str = words(key=True)
    at_ms: int = number()
    files: bytes = octets()


class QuotaRoots(Stored, table=True):
    """Every name that a quota was ever published under, with the root that its balances are kept by."""

    __tablename__ = "quota_roots"
    __table_args__ = (CLUSTERED,)

    name: str = words(key=True)
    root: str = words()


class ApiKeys(Stored, table=True):
    """Digests of bearer keys. Several rows of one name are one client: a key and what it was rotated to."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "name"), STRICT)

    digest: bytes = octets(key=True)
    name: str = words()
    role: str = words()
    subject_user: str = words()
    subject_service_account: str = words()
    person: str = words()
    created_at_ms: int = number()
    expires_at_ms: int | None = number(optional=True)
    revoked_at_ms: int | None = number(optional=True)


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


def table(model: type[Stored]) -> Table:
    """Return the Core table of a model."""
    return METADATA.tables[str(model.__tablename__)]


DECISIONS = table(Decisions)
REQUEST_KEYS = (table(RequestKeys0), table(RequestKeys1), table(RequestKeys2))
BUDGETS = table(Budgets)
ENTRIES = table(Entries)
USAGE_HOURLY = table(UsageHourly)
OUTCOMES = table(Outcomes)
POLICY_VERSIONS = table(PolicyVersions)
QUOTA_ROOTS = table(QuotaRoots)
API_KEYS = table(ApiKeys)
BLOCKS = table(Blocks)
