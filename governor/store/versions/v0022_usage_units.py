"""Sum up units and events without a known price by the hour, beside the tokens; what came before is not in it."""

import sqlalchemy as sa

from alembic import op

revision = "v0022"
down_revision = "v0021"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
WORDS = ("department", "team", "user", "project", "environment", "use_case", "model", "provider", "unit")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "usage_units_hourly",
        sa.Column("hour_s", INT64, nullable=False),
        *[sa.Column(name, sa.Text(), nullable=False) for name in WORDS],
        sa.Column("amount", INT64, nullable=False),
        sa.PrimaryKeyConstraint("hour_s", *WORDS, name=op.f("pk_usage_units_hourly")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
