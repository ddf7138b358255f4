"""What the Slack app is made of: the manifest that is pasted into Slack, which a test holds equal to the app."""

from typing import Any

COMMAND = "/ai-budget"
HOME_OPENED = "app_home_opened"
EXPLAIN_MESSAGE = "explain_message"

EVENTS = (HOME_OPENED,)
"""The events that the app listens to."""

SHORTCUTS = (
    {
        "name": "Explain or ask for more",
        "type": "message",
        "callback_id": EXPLAIN_MESSAGE,
        "description": "Explains the refusal that a message quotes, or starts a request",
    },
)

SCOPES: dict[str, str] = {
    "channels:history": "finds a message of its own again whose confirmation was lost, so that none is posted twice",
    "channels:read": "`governor slack check` looks whether the app is in the channels that policies name",
    "chat:write": "posts approval cards and messages",
    "commands": f"`{COMMAND}` and the message shortcut",
    "groups:history": "as channels:history, in private channels that it was invited to",
    "groups:read": "as channels:read, for private channels that it was invited to",
    "im:history": "as channels:history, in direct messages with it",
    "im:write": "writes to people directly",
    "users:read": "`governor slack people` lists who is there",
    "users:read.email": "`governor slack people` proposes who is who by their addresses",
}
"""Every scope of the bot, and what it is for."""

APP_SCOPES = ("connections:write",)
"""What the app-level token of Socket Mode needs."""


def manifest(public_url: str, *, socket_mode: bool) -> dict[str, Any]:
    """Return the manifest.

    Args:
        public_url: Where Slack reaches this server; not needed for Socket Mode.
        socket_mode: Whether Governor listens over a websocket that it opens itself.
    """
    address = {} if socket_mode else {"request_url": f"{public_url}/slack/events"}
    command = {
        "command": COMMAND,
        "description": "What is left of your AI budget, why a request was refused, and how to ask for more",
        "usage_hint": "[request | why DECISION | stop team:growth for 2h | help]",
        "should_escape": True,
        **({} if socket_mode else {"url": f"{public_url}/slack/events"}),
    }
    return {
        "display_information": {
            "name": "Governor",
            "description": "AI token budgets: what is left, why something was refused, and exceptions",
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Governor", "always_online": True},
            "shortcuts": [dict(shortcut) for shortcut in SHORTCUTS],
            "slash_commands": [command],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {**address, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }
