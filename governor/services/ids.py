"""Time-ordered identifiers: UUID version 7 (RFC 9562). They keep database indexes warm."""

import os


def new_id(at_ms: int) -> bytes:
    """Return 16 bytes: 48 bits of Unix milliseconds, then version, variant and 74 random bits."""
    tail = bytearray(os.urandom(10))
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return at_ms.to_bytes(6, "big") + bytes(tail)
