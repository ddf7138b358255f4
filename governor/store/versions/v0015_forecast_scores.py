"""How good forecasts were when the past was forecast again."""

import sqlalchemy as sa

from alembic import op

revision = "v0015"
down_revision = "v0014"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "forecast_scores",
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("fraction", INT64, nullable=False),
        sa.Column("made_at_s", INT64, nullable=False),
        sa.Column("record", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("policy", "department", "fraction", name=op.f("pk_forecast_scores")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
