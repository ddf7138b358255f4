"""Read the records, and prove that nobody tampered with them."""

from dataclasses import dataclass
from datetime import datetime

from governor.core.errors import InvalidRequestError
from governor.services.approvals.desk import Desk
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.store.approval_audit import Fault, audit_chain
from governor.store.approval_records import Head, Record, chain_head, read_records


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some records in order, the cursor of the next page or None, and the chain's head."""

    records: tuple[Record, ...]
    next: str | None
    head: Head


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: no faults, and the head to note."""

    head: Head
    faults: tuple[Fault, ...]
    at: datetime


async def read_audit(desk: Desk, *, cursor: str = "", limit: int = 100) -> AuditPage:
    """Return one page of records, the oldest first.

    Raises:
        InvalidRequestError: If the cursor is not one of this list.
    """
    after = _number(*decode_cursor(cursor, 1)) if cursor else 0
    records, head = await desk.database.read(
        lambda connection: (read_records(connection, after_seq=after, limit=limit + 1), chain_head(connection))
    )
    following = encode_cursor(str(records[limit - 1].seq)) if len(records) > limit else None
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


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise wrong_cursor()
    return int(text)


def _head(text: str) -> Head:
    number, _, digest = text.strip().partition(":")
    try:
        return Head(int(number), bytes.fromhex(digest))
    except ValueError:
        message = f"`{text[:80]}` is not a head; write number and digest as an audit printed them, like 41:9f1c..."
        raise InvalidRequestError(message, field="head") from None
