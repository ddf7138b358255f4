"""Remember what made the budgets of quotas the same budgets, and since when."""

import sqlalchemy as sa

from alembic import op

revision = "v0019"
down_revision = "v0018"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "quota_identities",
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("sequence", INT64, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("per", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("root", "sequence", name=op.f("pk_quota_identities")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
