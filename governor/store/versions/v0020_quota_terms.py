"""Remember what quotas said, and since when: periods that are over keep the limits of then."""

import sqlalchemy as sa

from alembic import op

revision = "v0020"
down_revision = "v0019"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "quota_terms",
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("sequence", INT64, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("record", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("root", "sequence", name=op.f("pk_quota_terms")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
