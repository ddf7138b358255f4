"""Time-ordered identifiers: UUID version 7 (RFC 9562). They keep database indexes warm."""

import os
from collections import deque

_BATCH = 512
_tails: deque[bytes] = deque()


def _forget_tails() -> None:
    """Forget what was drawn: two processes must never continue with the same bytes."""
    _tails.clear()


os.register_at_fork(after_in_child=_forget_tails)


def new_id(at_ms: int) -> bytes:
    """Return 16 bytes: 48 bits of Unix milliseconds, then version, variant and 74 random bits.

    Randomness is drawn for 512 ids at once: each call to the system gives the interpreter lock away, and getting it
    back from the ledger's thread cost a third of a decision.
    """
    try:
        tail = _tails.popleft()
    except IndexError:
        drawn = os.urandom(10 * _BATCH)
        _tails.extend(_versioned(drawn[start : start + 10]) for start in range(0, len(drawn), 10))
        tail = _tails.popleft()
    return at_ms.to_bytes(6, "big") + tail


def _versioned(drawn: bytes) -> bytes:
    tail = bytearray(drawn)
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return bytes(tail)
