"""Keep requests for exceptions, what happened to them in a chain of digests, and who votes for whom."""

import sqlalchemy as sa

from alembic import op

revision = "v0010"
down_revision = "v0009"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "exceptions",
        sa.Column("id", BYTES, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("state", "kind", "scope", "department", "team")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("person", "requesters", "rule", "way")),
        sa.Column("amount_nano_usd", INT64, nullable=False),
        sa.Column("created_at_ms", INT64, nullable=False),
        sa.Column("approved_at_ms", INT64, nullable=True),
        sa.Column("review_due_ms", INT64, nullable=True),
        sa.Column("due_at_ms", INT64, nullable=True),
        sa.Column("revision", INT64, nullable=False),
        sa.Column("document", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exceptions")),
        sqlite_strict=True,
    )
    for column in ("state", "due_at_ms", "scope", "approved_at_ms"):
        op.create_index(op.f(f"ix_exceptions_{column}"), "exceptions", [column], unique=False)
    op.create_table(
        "exception_records",
        sa.Column("seq", INT64, nullable=False, autoincrement=False),
        sa.Column("subject_id", BYTES, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("previous", BYTES, nullable=False),
        sa.Column("digest", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_exception_records")),
        sa.UniqueConstraint("digest", name=op.f("uq_exception_records_digest")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_exception_records_subject_id_seq"), "exception_records", ["subject_id", "seq"], unique=False
    )
    op.create_table(
        "exception_delegations",
        sa.Column("id", BYTES, nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("delegate", sa.Text(), nullable=False),
        sa.Column("until_ms", INT64, nullable=False),
        sa.Column("ended_ms", INT64, nullable=True),
        sa.Column("document", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exception_delegations")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_exception_delegations_until_ms"), "exception_delegations", ["until_ms"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("digest", BYTES, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "user", "bound_to", "leads_to")),
        sa.Column("created_ms", INT64, nullable=False),
        sa.Column("expires_ms", INT64, nullable=False),
        sa.Column("used_ms", INT64, nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_ins")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_sign_ins_expires_ms"), "sign_ins", ["expires_ms"], unique=False)
