"""Blocks: who was stopped, by whom, why, until when, and who lifted it."""

import sqlalchemy as sa

from alembic import op

revision = "v0003"
down_revision = "v0002"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "blocks",
        sa.Column("id", BYTES, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_key", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("placed_at_ms", INT64, nullable=False),
        sa.Column("until_ms", INT64, nullable=False),
        sa.Column("lifted_at_ms", INT64, nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=False),
        sa.Column("lift_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_blocks_until_ms"), "blocks", ["until_ms"], unique=False)
