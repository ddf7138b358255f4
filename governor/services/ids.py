"""Time-ordered identifiers: UUIDs of version 7 (RFC 9562). They keep database indexes warm."""

import os
from collections import deque
from itertools import count

_BATCH = 512
_COUNTER_BITS = 26
_tails: deque[bytes] = deque()
_numbers = count()


def _start_anew() -> None:
    """Forget what was drawn, and count from somewhere else: two processes must never continue with the same bytes."""
    global _numbers  # noqa: PLW0603 - one sequence for each process is what orders its ids
    _tails.clear()
    _numbers = count(int.from_bytes(os.urandom(4), "big"))


_start_anew()
os.register_at_fork(after_in_child=_start_anew)


def new_id(at_ms: int) -> bytes:
    """Return 16 bytes: 48 bits of Unix milliseconds, then version, variant, a counter of 26 bits and 48 random bits.

    The counter keeps what one process makes within a millisecond in the order in which it was made.

    Randomness is drawn for 512 ids at once: each call to the system gives the interpreter lock away, and getting it
    back from the ledger's thread cost a third of a decision.
    """
    try:
        tail = _tails.popleft()
    except IndexError:
        drawn = os.urandom(6 * _BATCH)
        _tails.extend(_tail(next(_numbers), drawn[start : start + 6]) for start in range(0, len(drawn), 6))
        tail = _tails.popleft()
    return at_ms.to_bytes(6, "big") + tail


def _tail(number: int, drawn: bytes) -> bytes:
    """Return what follows the milliseconds: 12 bits of the counter after the version, 14 after the variant."""
    number %= 1 << _COUNTER_BITS
    return (0x7000 | number >> 14).to_bytes(2, "big") + (0x8000 | number & 0x3FFF).to_bytes(2, "big") + drawn
