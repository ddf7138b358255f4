"""Requests for exceptions, everything that happened to them, and who votes for whom."""

from sqlalchemy import Index, UniqueConstraint

from governor.store.tables.columns import STRICT, Stored, number, octets, table, words


class Exceptions(Stored, table=True):
    """Requests as they stand: the document is the whole, the other columns are what is searched by.

    ``way`` is how it is decided: `automatic`, `votes` or `glass`; ``requesters`` are user names between spaces.
    """

    __tablename__ = "exceptions"
    __table_args__ = (
        Index(None, "state"),
        Index(None, "due_at_ms"),
        Index(None, "scope"),
        Index(None, "approved_at_ms"),
        STRICT,
    )

    id: bytes = octets(key=True)
    state: str = words()
    kind: str = words()
    scope: str = words()
    department: str = words()
    team: str = words()
    person: str = words()
    requesters: str = words()
    rule: str = words()
    way: str = words()
    amount_nano_usd: int = number()
    created_at_ms: int = number()
    approved_at_ms: int | None = number(optional=True)
    review_due_ms: int | None = number(optional=True)
    due_at_ms: int | None = number(optional=True)
    revision: int = number()
    document: bytes = octets()


class ExceptionRecords(Stored, table=True):
    """What happened, append-only: each row's digest covers the digest of the row before and its own body."""

    __tablename__ = "exception_records"
    __table_args__ = (UniqueConstraint("digest"), Index(None, "subject_id", "seq"), STRICT)

    seq: int = number(key=True)
    subject_id: bytes = octets()
    act: str = words()
    actor: str = words()
    at_ms: int = number()
    body: bytes = octets()
    previous: bytes = octets()
    digest: bytes = octets()


class ExceptionDelegations(Stored, table=True):
    """Who votes in whose place, and until when; the document is the whole."""

    __tablename__ = "exception_delegations"
    __table_args__ = (Index(None, "until_ms"), STRICT)

    id: bytes = octets(key=True)
    member: str = words()
    delegate: str = words()
    until_ms: int = number()
    ended_ms: int | None = number(optional=True)
    document: bytes = octets()


class SignIns(Stored, table=True):
    """Digests of what signs a person in on the pages: links that work once, and the sessions they begin."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index(None, "expires_ms"), STRICT)

    digest: bytes = octets(key=True)
    kind: str = words()
    user: str = words()
    bound_to: str = words()
    leads_to: str = words()
    created_ms: int = number()
    expires_ms: int = number()
    used_ms: int | None = number(optional=True)


EXCEPTIONS = table(Exceptions)
EXCEPTION_RECORDS = table(ExceptionRecords)
EXCEPTION_DELEGATIONS = table(ExceptionDelegations)
SIGN_INS = table(SignIns)
