"""Read the records, and prove that nobody tampered with them."""

from dataclasses import dataclass
from datetime import datetime

from governor.core.errors import InvalidRequestError
from governor.services.approvals.desk import Desk
from governor.store.approval_audit import Fault, audit_chain
from governor.store.approval_records import Head, Record, chain_head, read_records


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some records in order, the number to go on from or None, and the chain's head."""

    records: tuple[Record, ...]
    next: int | None
    head: Head


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: no faults, and the head to note."""

    head: Head
    faults: tuple[Fault, ...]
    at: datetime


async def read_audit(desk: Desk, *, after: int = 0, limit: int = 100) -> AuditPage:
    """Return one page of records, the oldest first, after a record's number."""
    records, head = await desk.database.read(
        lambda connection: (read_records(connection, after_seq=after, limit=limit + 1), chain_head(connection))
    )
    following = records[limit - 1].seq if len(records) > limit else None
    return AuditPage(tuple(records[:limit]), following, head)


async def verify_audit(desk: Desk, now: datetime, *, expected: str = "") -> Verdict:
    """Look at every record and every row that they tell of.

    Args:
        desk: Where they are kept.
        now: The door's instant.
        expected: A head that was noted earlier, as ``head_text`` writes it, or ``""``.

    Raises:
        InvalidRequestError: If the noted head is not one.
    """
    noted = _head(expected) if expected else None
    walk, faults = await desk.database.read(lambda connection: audit_chain(connection, noted))
    return Verdict(walk.head, tuple(faults), now)


def head_text(head: Head) -> str:
    """Write the chain's head so that it can be noted elsewhere: ``41:9f1c...``."""
    return f"{head.seq}:{head.digest.hex()}"


def _head(text: str) -> Head:
    number, _, digest = text.strip().partition(":")
    try:
        return Head(int(number), bytes.fromhex(digest))
    except ValueError:
        message = f"`{text[:80]}` is not a head; write number and digest as an audit printed them, like 41:9f1c..."
        raise InvalidRequestError(message, field="head") from None
