"""The first tables: decisions, request keys, budgets, entries, hourly usage, policy versions, keys."""

import sqlalchemy as sa

from alembic import op

revision = "v0001"
down_revision = None
INT64 = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")
BYTES = sa.LargeBinary().with_variant(sa.BLOB(), "sqlite")


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "api_keys",
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("subject_user", sa.Text(), nullable=False),
        sa.Column("subject_service_account", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("created_at_ms", INT64, nullable=False),
        sa.Column("expires_at_ms", INT64, nullable=True),
        sa.Column("revoked_at_ms", INT64, nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_keys")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_api_keys_name"), "api_keys", ["name"], unique=False)
    op.create_table(
        "budgets",
        sa.Column("digest", BYTES, nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("period_start_s", INT64, nullable=False),
        sa.Column("period_end_s", INT64, nullable=True),
        sa.Column("used", INT64, nullable=False),
        sa.Column("buckets", BYTES, nullable=False),
        sa.Column("as_of_s", INT64, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_budgets")),
        postgresql_with={"fillfactor": 50},
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_budgets_policy_scope_period_start_s"), "budgets", ["policy", "scope", "period_start_s"], unique=False
    )
    op.create_table(
        "decisions",
        sa.Column("id", BYTES, nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("expires_at_s", INT64, nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("record", BYTES, nullable=False),
        sa.Column("request", BYTES, nullable=False),
        sa.Column("answer", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        postgresql_with={"toast_tuple_target": 8160},
        sqlite_strict=True,
    )
    op.create_table(
        "entries",
        sa.Column("id", BYTES, nullable=False),
        sa.Column("event_key", BYTES, nullable=False),
        sa.Column("root_key", BYTES, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body_digest", BYTES, nullable=False),
        sa.Column("decision_id", BYTES, nullable=True),
        sa.Column("received_at_ms", INT64, nullable=False),
        sa.Column("occurred_at_ms", INT64, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("cost_nano_usd", INT64, nullable=False),
        sa.Column("requests", INT64, nullable=False),
        sa.Column("record", BYTES, nullable=False),
        sa.Column("result", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("event_key", name=op.f("uq_entries_event_key")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_entries_correction",
        "entries",
        ["root_key"],
        unique=False,
        sqlite_where=sa.text("kind = 'correction'"),
        postgresql_where=sa.text("kind = 'correction'"),
    )
    op.create_index(
        "ix_entries_decision_id",
        "entries",
        ["decision_id"],
        unique=False,
        sqlite_where=sa.text("decision_id IS NOT NULL"),
        postgresql_where=sa.text("decision_id IS NOT NULL"),
    )
    op.create_table(
        "policy_versions",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.Column("files", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policy_versions")),
        sqlite_strict=True,
    )
    op.create_table(
        "request_keys_0",
        sa.Column("claim", BYTES, nullable=False),
        sa.Column("decision_id", BYTES, nullable=False),
        sa.Column("body_digest", BYTES, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("claim", name=op.f("pk_request_keys_0")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "request_keys_1",
        sa.Column("claim", BYTES, nullable=False),
        sa.Column("decision_id", BYTES, nullable=False),
        sa.Column("body_digest", BYTES, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("claim", name=op.f("pk_request_keys_1")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "request_keys_2",
        sa.Column("claim", BYTES, nullable=False),
        sa.Column("decision_id", BYTES, nullable=False),
        sa.Column("body_digest", BYTES, nullable=False),
        sa.Column("at_ms", INT64, nullable=False),
        sa.PrimaryKeyConstraint("claim", name=op.f("pk_request_keys_2")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_hourly",
        sa.Column("hour_s", INT64, nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("use_case", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("requests", INT64, nullable=False),
        sa.Column("input_tokens", INT64, nullable=False),
        sa.Column("cached_input_tokens", INT64, nullable=False),
        sa.Column("cache_write_tokens", INT64, nullable=False),
        sa.Column("cache_write_1h_tokens", INT64, nullable=False),
        sa.Column("output_tokens", INT64, nullable=False),
        sa.Column("reasoning_tokens", INT64, nullable=False),
        sa.Column("cost_nano_usd", INT64, nullable=False),
        sa.PrimaryKeyConstraint(
            "hour_s",
            "department",
            "team",
            "user",
            "project",
            "environment",
            "use_case",
            "model",
            "provider",
            name=op.f("pk_usage_hourly"),
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
