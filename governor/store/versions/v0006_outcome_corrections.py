"""Let a report of outcomes replace an earlier one: each is replaced at most once, so that corrections make a chain."""

import sqlalchemy as sa

from alembic import op

revision = "v0006"
down_revision = "v0005"
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.add_column("outcomes", sa.Column("corrects_key", BYTES, nullable=True))
    op.create_index(op.f("ix_outcomes_corrects_key"), "outcomes", ["corrects_key"], unique=True)
