"""Keep what came of the work, so that a use case's cost can be set against its outcomes."""

import sqlalchemy as sa

from alembic import op

revision = "v0005"
down_revision = "v0004"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "outcomes",
        sa.Column("id", BYTES, nullable=False),
        sa.Column("event_key", BYTES, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body_digest", BYTES, nullable=False),
        sa.Column("received_at_ms", INT64, nullable=False),
        sa.Column("occurred_at_ms", INT64, nullable=False),
        sa.Column("use_case", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("count", INT64, nullable=False),
        sa.Column("worth_nano_usd", INT64, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcomes")),
        sa.UniqueConstraint("event_key", name=op.f("uq_outcomes_event_key")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_outcomes_occurred_at_ms"), "outcomes", ["occurred_at_ms"], unique=False)
