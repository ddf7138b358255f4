"""Remember the busiest five minutes of an hour: a runaway is known by what was never usual."""

import sqlalchemy as sa

from alembic import op

revision = "v0021"
down_revision = "v0020"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "spend_bursts",
        sa.Column("hour_s", INT64, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cost_nano_usd", INT64, nullable=False),
        sa.PrimaryKeyConstraint("hour_s", "level", "name", name=op.f("pk_spend_bursts")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
