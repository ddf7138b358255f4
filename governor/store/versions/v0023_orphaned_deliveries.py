"""Forget deliveries without an alert: PostgreSQL was left some, and whatever came after them was not delivered."""

from alembic import op

revision = "v0023"
down_revision = "v0022"


def upgrade() -> None:
    """Go forward."""
    op.execute("DELETE FROM alert_deliveries WHERE alert_id NOT IN (SELECT id FROM alerts)")
