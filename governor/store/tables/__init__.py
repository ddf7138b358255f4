"""All tables, one file per noun. Whoever wants every table (migrations, tests) imports this room."""

from governor.store.tables.alerts import ALERT_DELIVERIES, ALERT_MARKS, ALERTS
from governor.store.tables.approvals import EXCEPTION_DELEGATIONS, EXCEPTION_RECORDS, EXCEPTIONS, SIGN_INS
from governor.store.tables.blocks import BLOCKS
from governor.store.tables.budgets import BUDGETS, QUOTA_IDENTITIES, QUOTA_ROOTS, QUOTA_TERMS
from governor.store.tables.columns import BYTES, METADATA
from governor.store.tables.decisions import DECISIONS, REQUEST_KEYS, RING_DAYS
from governor.store.tables.existing import EXISTING_COUNTS
from governor.store.tables.forecasts import FORECAST_SCORES, FORECASTS
from governor.store.tables.grants import GRANTS
from governor.store.tables.jobs import JOB_MARKS, JOBS
from governor.store.tables.keys import API_KEYS
from governor.store.tables.ledger_checks import LEDGER_CHECKS
from governor.store.tables.outcomes import OUTCOMES
from governor.store.tables.policy_releases import POLICY_RELEASES, POLICY_SOURCES
from governor.store.tables.policy_versions import POLICY_VERSIONS
from governor.store.tables.refusals import REFUSALS
from governor.store.tables.slack import SLACK_CURSORS, SLACK_DELIVERIES, SLACK_MESSAGES
from governor.store.tables.statements import BUDGET_USAGE, STATEMENT_CHECKS, STATEMENTS
from governor.store.tables.usage import ENTRIES, SPEND_BURSTS, USAGE_HOURLY, USAGE_UNITS_HOURLY

__all__ = [
    "ALERTS",
    "ALERT_DELIVERIES",
    "ALERT_MARKS",
    "API_KEYS",
    "BLOCKS",
    "BUDGETS",
    "BUDGET_USAGE",
    "BYTES",
    "DECISIONS",
    "ENTRIES",
    "EXCEPTIONS",
    "EXCEPTION_DELEGATIONS",
    "EXCEPTION_RECORDS",
    "EXISTING_COUNTS",
    "FORECASTS",
    "FORECAST_SCORES",
    "GRANTS",
    "JOBS",
    "JOB_MARKS",
    "LEDGER_CHECKS",
    "METADATA",
    "OUTCOMES",
    "POLICY_RELEASES",
    "POLICY_SOURCES",
    "POLICY_VERSIONS",
    "QUOTA_IDENTITIES",
    "QUOTA_ROOTS",
    "QUOTA_TERMS",
    "REFUSALS",
    "REQUEST_KEYS",
    "RING_DAYS",
    "SIGN_INS",
    "SLACK_CURSORS",
    "SLACK_DELIVERIES",
    "SLACK_MESSAGES",
    "SPEND_BURSTS",
    "STATEMENTS",
    "STATEMENT_CHECKS",
    "USAGE_HOURLY",
    "USAGE_UNITS_HOURLY",
]
