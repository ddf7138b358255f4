"""Let one of several workers run a job, and remember how it ended and how far it came."""

import sqlalchemy as sa

from alembic import op

revision = "v0008"
down_revision = "v0007"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "jobs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("next_at_ms", INT64, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", INT64, nullable=False),
        sa.Column("lease_until_ms", INT64, nullable=False),
        sa.Column("started_at_ms", INT64, nullable=True),
        sa.Column("finished_at_ms", INT64, nullable=True),
        sa.Column("succeeded_at_ms", INT64, nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("took_ms", INT64, nullable=False),
        sa.Column("runs", INT64, nullable=False),
        sa.Column("failures", INT64, nullable=False),
        sa.Column("failing", INT64, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_jobs")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_marks")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
