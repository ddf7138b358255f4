"""Remember the root of every quota name, so that quotas can be renamed more than once."""

import sqlalchemy as sa

from alembic import op

revision = "v0002"
down_revision = "v0001"


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "quota_roots",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_quota_roots")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
