"""An alert as it stands in a channel."""

from governor.clients.slack_blocks.elements import context, header, section
from governor.clients.slack_blocks.message import Message
from governor.clients.slack_blocks.texts import escape
from governor.core.alerts.alert import Alert


def alert_message(alert: Alert) -> Message:
    """Show what happened, the numbers that were compared, and what can be done."""
    blocks = [header(alert.title), section(escape(alert.reason))]
    if alert.ways_out:
        blocks.append(section("\n".join(f"• {escape(way)}" for way in alert.ways_out)))
    if alert.policy:
        blocks.append(context(f"{escape(alert.policy)} · {alert.at:%Y-%m-%d %H:%M} UTC"))
    return Message(alert.title, tuple(blocks))
