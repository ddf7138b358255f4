"""The manifest is the app: commands, shortcuts, events and scopes."""

import ast
from pathlib import Path

from governor.clients.slack import web
from governor.clients.slack.manifest import SCOPES, manifest
from governor.edges.slack.application import listeners
from tests.slack.fake.workspace import ALL_SCOPES
from tests.slack.world import SlackWorld

NEEDED = {
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_open": {"im:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "conversations_list": {"channels:read", "groups:read"},
    "users_list": {"users:read", "users:read.email"},
    "views_open": set(),
    "views_push": set(),
    "views_update": set(),
    "views_publish": set(),
    "auth_test": set(),
    "apps_connections_open": set(),
}
"""What Slack's pages say that each method needs."""


def methods_called() -> set[str]:
    """Return the methods of the Web API that our client calls."""
    tree = ast.parse(Path(web.__file__).read_text())
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "web"
    }


def test_scopes_are_those_that_the_calls_need() -> None:
    """None is missing, and none is asked for that nothing uses."""
    needed = set().union(*(NEEDED[method] for method in methods_called()))

    assert needed | {"commands"} == set(SCOPES)
    assert set(SCOPES) == set(ALL_SCOPES)


async def test_what_the_app_listens_to_is_what_the_manifest_registers(http_world: SlackWorld) -> None:
    """Commands, shortcuts and events are the same, in the app and in what is pasted into Slack."""
    heard = listeners(http_world.door.desk)
    made = manifest("https://g.example", socket_mode=False)
    features = made["features"]

    assert set(heard.commands) == {one["command"] for one in features["slash_commands"]}
    assert set(heard.message_shortcuts) == {one["callback_id"] for one in features["shortcuts"]}
    assert set(heard.events) == set(made["settings"]["event_subscriptions"]["bot_events"])
    assert made["settings"]["interactivity"]["is_enabled"]


def test_over_socket_mode_no_address_is_needed() -> None:
    """With an address every part names it; without one none does."""
    public = str(manifest("https://g.example", socket_mode=False))
    behind = str(manifest("", socket_mode=True))

    assert (3, 0) == (public.count("https://g.example/slack/events"), behind.count("url"))


def test_the_manifest_is_within_what_slack_takes() -> None:
    """From https://docs.slack.dev/reference/app-manifest: 35, 140, 24 and 150 characters."""
    made = manifest("https://g.example", socket_mode=False)
    [shortcut] = made["features"]["shortcuts"]

    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150
