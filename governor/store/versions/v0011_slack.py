"""Remember what was done and said in Slack, so that nothing is done or said twice."""

import sqlalchemy as sa

from alembic import op

revision = "v0011"
down_revision = "v0010"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "slack_deliveries",
        sa.Column("key", BYTES, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_slack_deliveries")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_slack_deliveries_at_ms"), "slack_deliveries", ["at_ms"], unique=False)
    op.create_table(
        "slack_messages",
        sa.Column("id", BYTES, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("wanted", INT64, nullable=False),
        sa.Column("shown", INT64, nullable=False),
        sa.Column("settled", INT64, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("failures", INT64, nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("next_at_ms", INT64, nullable=False),
        sa.Column("claim", BYTES, nullable=False),
        sa.Column("claimed_until_ms", INT64, nullable=False),
        sa.Column("tried_at_ms", INT64, nullable=False),
        sa.Column("created_at_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_messages")),
        sa.UniqueConstraint("kind", "about", "recipient", name=op.f("uq_slack_messages_kind_about_recipient")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_slack_messages_settled_next_at_ms"), "slack_messages", ["settled", "next_at_ms"], unique=False
    )
    op.create_table(
        "slack_cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_slack_cursors")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
