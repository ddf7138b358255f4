"""Remember when the ledger was verified, and what was found."""

import sqlalchemy as sa

from alembic import op

revision = "v0013"
down_revision = "v0012"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "ledger_checks",
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("differences", INT64, nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at_ms", name=op.f("pk_ledger_checks")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
