"""An alert as it stands in a channel."""

from governor.clients.slack_blocks.elements import context, header, section
from governor.clients.slack_blocks.message import Message
from governor.clients.slack_blocks.texts import escape, instant
from governor.core.alerts.alert import Alert

FALLBACK_ZONE = "UTC"
"""Slack shows an instant in each reader's own zone; this is what a client sees that cannot."""


def alert_message(alert: Alert) -> Message:
    """Show what happened, the numbers that were compared, and what can be done."""
    blocks = [header(alert.title), section(escape(alert.reason))]
    if alert.ways_out:
        blocks.append(section("\n".join(f"• {escape(way)}" for way in alert.ways_out)))
    if alert.policy:
        blocks.append(context(f"{escape(alert.policy)} · {instant(alert.at, FALLBACK_ZONE)}"))
    return Message(alert.title, tuple(blocks))
