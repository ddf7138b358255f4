"""API keys as values: who a key is, and what it may do. The secret itself is never a value here."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a key may do; which route needs which role is one table at the HTTP door."""

    GATEWAY = "gateway"
    VIEWER = "viewer"
    APPROVER = "approver"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Key:
    """One key. Two keys share a name while a rotation's grace lasts; the name is the client that the ledger knows.

    Attributes:
        name: The client's name; survives rotation.
        digest: SHA-256 of the whole key text, 32 bytes.
        role: What it may do.
        user: The user that every request of this key is made for, or ``""``: as the gateway claims.
        service_account: The service account likewise, or ``""``.
        person: The person who holds the key, or ``""`` for a machine's; needed to approve.
        created_at: When it was made.
        valid_until_at: First instant at which it no longer works (the grace of a rotation), or None.
        revoked_at: When it was revoked, or None. A revoked key never works, whatever a worker's clock says.
    """

    name: str
    digest: bytes
    role: Role
    created_at: datetime
    user: str = ""
    service_account: str = ""
    person: str = ""
    valid_until_at: datetime | None = None
    revoked_at: datetime | None = None

    def valid_at(self, now: datetime) -> bool:
        """Tell whether the key works at an instant."""
        return self.revoked_at is None and (self.valid_until_at is None or now < self.valid_until_at)
