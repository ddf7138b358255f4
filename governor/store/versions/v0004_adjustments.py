"""Find adjustments and re-ratings among the entries without reading usage."""

import sqlalchemy as sa

from alembic import op

revision = "v0004"
down_revision = "v0003"


def upgrade() -> None:
    """Go forward."""
    op.create_index(
        "ix_entries_rerating",
        "entries",
        ["root_key"],
        unique=False,
        sqlite_where=sa.text("kind = 'rerating'"),
        postgresql_where=sa.text("kind = 'rerating'"),
    )
    op.create_index(
        "ix_entries_adjustment",
        "entries",
        ["id"],
        unique=False,
        sqlite_where=sa.text("kind = 'adjustment'"),
        postgresql_where=sa.text("kind = 'adjustment'"),
    )
