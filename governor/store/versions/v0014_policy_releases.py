"""Keep which commits of the policy repository went live, and how the repository was last found."""

import sqlalchemy as sa

from alembic import op

revision = "v0014"
down_revision = "v0013"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "policy_releases",
        sa.Column("sequence", INT64, autoincrement=False, nullable=False),
        sa.Column("commit_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("decided_at_ms", INT64, nullable=False),
        sa.Column("live_at_ms", INT64, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_policy_releases")),
        sqlite_strict=True,
    )
    op.create_table(
        "policy_sources",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("confirmed_at_ms", INT64, nullable=True),
        sa.Column("tried_at_ms", INT64, nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_policy_sources")),
        sqlite_strict=True,
    )
