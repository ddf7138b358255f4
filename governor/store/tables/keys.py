"""Who may call."""

from sqlalchemy import Index

from governor.store.tables.columns import STRICT, Stored, number, octets, table, words


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


API_KEYS = table(ApiKeys)
