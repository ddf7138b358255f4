"""Forecasts: what was foreseen of each budget, day by day, and what then happened."""

import sqlalchemy as sa

from alembic import op

revision = "v0009"
down_revision = "v0008"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "forecasts",
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("day_s", INT64, nullable=False),
        sa.Column("made_at_s", INT64, nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("period_start_s", INT64, nullable=False),
        sa.Column("period_end_s", INT64, nullable=True),
        sa.Column("limit_amount", INT64, nullable=True),
        sa.Column("used", INT64, nullable=False),
        sa.Column("held", INT64, nullable=False),
        sa.Column("lower", INT64, nullable=False),
        sa.Column("median", INT64, nullable=False),
        sa.Column("upper", INT64, nullable=False),
        sa.Column("interval_percent", INT64, nullable=False),
        sa.Column("exceeds_ppm", INT64, nullable=True),
        sa.Column("runs_out_at_s", INT64, nullable=True),
        sa.Column("history_days", INT64, nullable=False),
        sa.Column("insufficient_data", INT64, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("run_rate", INT64, nullable=False),
        sa.Column("seasonal_naive", INT64, nullable=False),
        sa.Column("actual", INT64, nullable=True),
        sa.Column("path_error", INT64, nullable=True),
        sa.Column("scale", INT64, nullable=False),
        sa.Column("record", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("digest", "day_s", name=op.f("pk_forecasts")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_forecasts_day_s"), "forecasts", ["day_s"], unique=False)
    op.create_index(op.f("ix_forecasts_period_end_s_actual"), "forecasts", ["period_end_s", "actual"], unique=False)
