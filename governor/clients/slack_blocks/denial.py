"""What the owner of a machine is told when it is refused for the first time in a period."""

from datetime import datetime

from governor.clients.slack_blocks.asking import REQUEST
from governor.clients.slack_blocks.elements import actions, button, context, section
from governor.clients.slack_blocks.home import WHY
from governor.clients.slack_blocks.message import Message
from governor.clients.slack_blocks.texts import escape, instant, lines


def denial_message(account: str, model: str, reason: str, *, decision_id: str, at: datetime, time_zone: str) -> Message:
    """Tell an owner that their machine is refused, and what they can do.

    Args:
        account: The service account.
        model: What it asked for.
        reason: Why it was refused.
        decision_id: The first refused request.
        at: When.
        time_zone: The organisation's.
    """
    said = lines(
        [
            f":no_entry: *{escape(account)}* is refused: it asked for `{escape(model)}`, {instant(at, time_zone)}.",
            f">{escape(reason)}",
        ]
    )
    buttons = [button("Why?", WHY, decision_id), button("Ask for an exception…", REQUEST, decision_id, style="primary")]
    small = context("You answer for this machine. You are told once for each budget and period, or once a day.")
    return Message(f"{account} is refused", (section(said), actions(buttons, f"denied-{decision_id}"), small))
