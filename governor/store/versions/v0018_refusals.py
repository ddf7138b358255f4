"""Keep what was refused lately by whose it was, so that nobody has to look for it among all decisions."""

import sqlalchemy as sa

from alembic import op

revision = "v0018"
down_revision = "v0017"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "refusals",
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("use_case", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("reasons", BYTES, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("times", INT64, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("decision_id", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_refusals")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_refusals_requester_at_ms"), "refusals", ["requester", "at_ms"])
    op.create_index(op.f("ix_refusals_department_at_ms"), "refusals", ["department", "at_ms"])
