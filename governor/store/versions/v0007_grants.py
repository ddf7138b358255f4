"""Grants: what was approved beyond the policies, for whom, until when, and who revoked it."""

import sqlalchemy as sa

from alembic import op

revision = "v0007"
down_revision = "v0006"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "grants",
        sa.Column("id", BYTES, nullable=False),
        sa.Column("exception_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("lifts", sa.Text(), nullable=False),
        sa.Column("amount_nano_usd", INT64, nullable=False),
        sa.Column("amounts", sa.Text(), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.Column("input_tokens_max", INT64, nullable=True),
        sa.Column("output_tokens_max", INT64, nullable=True),
        sa.Column("total_tokens_max", INT64, nullable=True),
        sa.Column("starts_ms", INT64, nullable=False),
        sa.Column("ends_ms", INT64, nullable=False),
        sa.Column("issued_at_ms", INT64, nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("revoked_at_ms", INT64, nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=False),
        sa.Column("revoke_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_grants_ends_ms"), "grants", ["ends_ms"], unique=False)
    op.create_index(op.f("ix_grants_exception_id"), "grants", ["exception_id"], unique=False)
