"""What tables are made of.

Rows are written and read with Core statements; no table model is constructed on the hot path.

Integers are 64 bits on both databases. On SQLite the tables are ``STRICT``, so that a sum which overflows fails
instead of turning into a float. Times are Unix seconds (``_s``) or milliseconds (``_ms``); identities are 16 bytes.
"""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects import sqlite
from sqlmodel import Field, SQLModel

INT64 = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")
BYTES = LargeBinary().with_variant(sqlite.BLOB(), "sqlite")

CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}
"""Small rows that are looked up by their key live inside the key's tree."""

STRICT = {"sqlite_strict": True}

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def number(*, key: bool = False, optional: bool = False) -> Any:
    """Declare a column of 64-bit integers."""
    return Field(sa_column=Column(INT64, primary_key=key, nullable=optional, autoincrement=False))


def words(*, key: bool = False) -> Any:
    """Declare a column of text."""
    return Field(sa_column=Column(Text, primary_key=key, nullable=False))


def octets(*, key: bool = False, optional: bool = False) -> Any:
    """Declare a column of bytes."""
    return Field(sa_column=Column(BYTES, primary_key=key, nullable=optional))


class Stored(SQLModel):
    """Every table of Governor."""

    metadata: ClassVar[MetaData] = METADATA


def table(model: type[Stored]) -> Table:
    """Return the Core table of a model."""
    return METADATA.tables[str(model.__tablename__)]
