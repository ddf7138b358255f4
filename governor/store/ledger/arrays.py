"""Columns of a batch as PostgreSQL arrays in the binary format: a third of the CPU of the driver's general lists."""

from collections.abc import Callable, Sequence
from struct import Struct, pack
from typing import Any

from psycopg import pq
from psycopg.adapt import Buffer, Dumper
from sqlalchemy import Column

_LENGTH = Struct("!i").pack
_INT64 = Struct("!iq").pack
_NULL = _LENGTH(-1)

_BYTEA_OID, _INT8_OID, _TEXT_OID = 17, 20, 25


class Array:
    """An array, encoded."""

    __slots__ = ("encoded",)

    def __init__(self, encoded: bytes) -> None:
        self.encoded = encoded


class ArrayDumper(Dumper):
    """Hands an encoded array to the driver; the statement's casts say which type it has."""

    format = pq.Format.BINARY

    def dump(self, obj: Array) -> Buffer:
        """Return the array as it is."""
        return obj.encoded


def encoder_of(column: Column[Any]) -> Callable[[Sequence[Any]], Array]:
    """Return what encodes values of a column: bytes, 64-bit integers or text, or None."""
    encoders: dict[type, Callable[[Sequence[Any]], Array]] = {bytes: of_bytes, int: of_integers, str: of_texts}
    return encoders[column.type.python_type]


def of_bytes(values: Sequence[bytes | None]) -> Array:
    """Encode ``bytea[]``."""
    parts = [_NULL if value is None else _LENGTH(len(value)) + value for value in values]
    return _array(_BYTEA_OID, values, parts)


def of_integers(values: Sequence[int | None]) -> Array:
    """Encode ``bigint[]``."""
    return _array(_INT8_OID, values, [_NULL if value is None else _INT64(8, value) for value in values])


def of_texts(values: Sequence[str | None]) -> Array:
    """Encode ``text[]``."""
    encoded = [None if value is None else value.encode() for value in values]
    parts = [_NULL if value is None else _LENGTH(len(value)) + value for value in encoded]
    return _array(_TEXT_OID, values, parts)


def _array(element_oid: int, values: Sequence[object], parts: list[bytes]) -> Array:
    has_nulls = int(None in values)
    return Array(pack("!iiiii", 1, has_nulls, element_oid, len(values), 1) + b"".join(parts))
