"""Keep what each period came to, with the sums that say by whom."""

import sqlalchemy as sa

from alembic import op

revision = "v0012"
down_revision = "v0011"
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")
CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "statements",
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("edition", INT64, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("root", "policy", "scope")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("department", "team", "user", "unit")),
        *(sa.Column(name, INT64, nullable=False) for name in ("period_start_s", "period_end_s", "stated_at_ms")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("policy_version", "reason")),
        *(sa.Column(name, INT64, nullable=False) for name in ("limit_amount", "carried_in", "used", "held")),
        *(sa.Column(name, INT64, nullable=False) for name in ("over_amount", "surcharge", "carried_out")),
        sa.Column("record", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("digest", "edition", name=op.f("pk_statements")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_statements_root_scope_period_start_s_edition"),
        "statements",
        ["root", "scope", "period_start_s", "edition"],
    )
    op.create_index(op.f("ix_statements_period_end_s"), "statements", ["period_end_s"])
    op.create_table(
        "statement_checks",
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("due_s", INT64, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_statement_checks")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_statement_checks_due_s"), "statement_checks", ["due_s"])
    op.create_table(
        "budget_usage",
        sa.Column("digest", BYTES, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "team", "use_case", "model")),
        *(sa.Column(name, INT64, nullable=False) for name in ("amount", "requests", "overrun_nano_usd")),
        sa.PrimaryKeyConstraint("digest", "kind", "team", "use_case", "model", name=op.f("pk_budget_usage")),
        **CLUSTERED,
    )
    op.create_index(op.f("ix_budgets_period_end_s_digest"), "budgets", ["period_end_s", "digest"])
