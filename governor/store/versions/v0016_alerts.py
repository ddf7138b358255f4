"""Keep alerts, what each threshold has done, and the way of each alert to whoever is told."""

import sqlalchemy as sa

from alembic import op

revision = "v0016"
down_revision = "v0015"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "alert_marks",
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rounds", INT64, nullable=False),
        sa.Column("fired", INT64, nullable=False),
        sa.PrimaryKeyConstraint("digest", "rule", name=op.f("pk_alert_marks")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alerts",
        sa.Column("id", BYTES, nullable=False),
        sa.Column("claim", BYTES, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("record", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("claim", name=op.f("uq_alerts_claim")),
        sqlite_strict=True,
    )
    op.create_table(
        "alert_deliveries",
        sa.Column("alert_id", BYTES, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_ms", INT64, nullable=False),
        sa.Column("tries", INT64, nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("sent_at_ms", INT64, nullable=True),
        sa.PrimaryKeyConstraint("alert_id", "channel", "address", name=op.f("pk_alert_deliveries")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_alert_deliveries_state_due_ms"), "alert_deliveries", ["state", "due_ms"])
