"""Decisions and the keys of their requests."""

from governor.store.tables.columns import CLUSTERED, STRICT, Stored, number, octets, table, words

RING_DAYS = 3
"""Tables in the ring of request keys: yesterday's, today's, and the one that is emptied."""


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


DECISIONS = table(Decisions)
REQUEST_KEYS = (table(RequestKeys0), table(RequestKeys1), table(RequestKeys2))
