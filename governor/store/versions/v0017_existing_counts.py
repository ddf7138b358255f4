"""Remember since when quotas count what was used before them."""

import sqlalchemy as sa

from alembic import op

revision = "v0017"
down_revision = "v0016"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "existing_counts",
        sa.Column("identity", BYTES, nullable=False),
        sa.Column("since_ms", INT64, nullable=False),
        sa.Column("counted_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_existing_counts")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
