"""The methods of Slack's Web API that Governor calls, as https://docs.slack.dev/reference/methods describes them."""

from collections.abc import Callable
from typing import Any

from tests.slack.fake.block_kit import message_problems, view_problems
from tests.slack.fake.workspace import APP_TOKEN, BOT, BOT_TOKEN, OpenView, Posting, SlackRefusalError, Workspace

Arguments = dict[str, Any]
Method = Callable[[Workspace, Arguments], dict[str, Any]]


def auth_test(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Say who the token is."""
    return {"url": "https://acme.slack.com/", "team": "Acme", "team_id": "T0ACME", "user": "governor", "user_id": BOT}


def chat_post_message(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Post."""
    channel = _writable(workspace, arguments.get("channel", ""))
    _check_message(arguments)
    workspace.pace(channel)
    ts = f"{workspace.clock():.0f}.{workspace.number():06d}"
    said = {"text": arguments.get("text", ""), "blocks": arguments.get("blocks") or []}
    thread_ts = arguments.get("thread_ts", "")
    if thread_ts and workspace.message(channel, thread_ts) is None:
        raise SlackRefusalError("thread_not_found")
    workspace.messages.append(Posting(channel, ts, [said], thread_ts, arguments.get("metadata") or {}))
    return {"channel": channel, "ts": ts, "message": {"type": "message", "user": BOT, "ts": ts, **said}}


def chat_update(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Change what a message says."""
    channel = _writable(workspace, arguments.get("channel", ""))
    message = workspace.message(channel, arguments.get("ts", ""))
    if message is None:
        raise SlackRefusalError("message_not_found")
    _check_message(arguments)
    message.versions.append({"text": arguments.get("text", ""), "blocks": arguments.get("blocks") or []})
    return {"channel": channel, "ts": message.ts, "text": message.text}


def chat_post_ephemeral(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Show something to one person."""
    _writable(workspace, arguments.get("channel", ""))
    if arguments.get("user") not in workspace.users:
        raise SlackRefusalError("user_not_in_channel")
    _check_message(arguments)
    workspace.answers.append(arguments)
    return {"message_ts": f"{workspace.clock():.0f}.{workspace.number():06d}"}


def views_open(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Open a modal."""
    view = _checked_view(arguments, "modal")
    workspace.pull(arguments.get("trigger_id", ""))
    opened = workspace.push(view)
    return {"view": _shown(opened)}


def views_update(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Change a modal that is open."""
    view = _checked_view(arguments, "modal")
    opened = workspace.views.get(arguments.get("view_id", ""))
    if opened is None:
        raise SlackRefusalError("not_found")
    if arguments.get("hash") and arguments["hash"] != opened.hash:
        raise SlackRefusalError("hash_conflict")
    _change(workspace, opened, view)
    return {"view": _shown(opened)}


def views_publish(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Show an App Home."""
    view = _checked_view(arguments, "home")
    user = arguments.get("user_id", "")
    if user not in workspace.users:
        raise SlackRefusalError("invalid_arguments")
    if user in workspace.homes:
        _change(workspace, workspace.homes[user], view)
    else:
        workspace.homes[user] = OpenView(f"V{workspace.number():05d}", user, view, "1.a", [view])
    return {"view": _shown(workspace.homes[user])}


def users_list(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """List people, with their addresses if the token may see them."""
    _need(workspace, "users:read")
    members, following = _page(list(workspace.users.values()), arguments)
    return {"members": [_user(workspace, one) for one in members], **following}


def users_info(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Show one person."""
    _need(workspace, "users:read")
    if arguments.get("user") not in workspace.users:
        raise SlackRefusalError("user_not_found")
    return {"user": _user(workspace, workspace.users[arguments["user"]])}


def users_lookup_by_email(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Find somebody by their address."""
    _need(workspace, "users:read.email")
    for user in workspace.users.values():
        if user["profile"]["email"] == arguments.get("email") and not user["deleted"]:
            return {"user": user}
    raise SlackRefusalError("users_not_found")


def conversations_list(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """List channels; private ones only to their members."""
    _need(workspace, "channels:read")
    _need(workspace, "groups:read")
    seen = [one for one in workspace.channels.values() if one["is_member"] or not one["is_private"]]
    channels, following = _page(seen, arguments)
    return {"channels": channels, **following}


def conversations_info(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Show one channel."""
    _need(workspace, "channels:read")
    if arguments.get("channel") not in workspace.channels:
        raise SlackRefusalError("channel_not_found")
    return {"channel": workspace.channels[arguments["channel"]]}


def conversations_open(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Open a direct message."""
    _need(workspace, "im:write")
    user = arguments.get("users", "")
    if user not in workspace.users:
        raise SlackRefusalError("user_not_found")
    return {"channel": {"id": workspace.conversation(user)}}


def conversations_history(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """List the messages of a conversation, newest first; answers in threads are not among them."""
    channel = _readable(workspace, arguments.get("channel", ""))
    oldest_s = float(arguments.get("oldest", 0))
    here = [one for one in workspace.messages if one.channel == channel and not one.thread_ts]
    found = [one for one in here if float(one.ts) >= oldest_s]
    messages, following = _page(list(reversed(found)), arguments)
    return {"messages": [_message(one) for one in messages], **following}


def conversations_replies(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """List a thread, oldest first."""
    channel = _readable(workspace, arguments.get("channel", ""))
    ts = arguments.get("ts", "")
    found = [one for one in workspace.messages if one.channel == channel and ts in {one.ts, one.thread_ts}]
    if not found:
        raise SlackRefusalError("thread_not_found")
    return {"messages": [_message(one) for one in found]}


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "chat.postMessage": chat_post_message,
    "chat.update": chat_update,
    "chat.postEphemeral": chat_post_ephemeral,
    "views.open": views_open,
    "views.push": views_open,
    "views.update": views_update,
    "views.publish": views_publish,
    "users.list": users_list,
    "users.info": users_info,
    "users.lookupByEmail": users_lookup_by_email,
    "conversations.list": conversations_list,
    "conversations.info": conversations_info,
    "conversations.open": conversations_open,
    "conversations.history": conversations_history,
    "conversations.replies": conversations_replies,
}
"""``apps.connections.open`` is the socket's."""


def authorised(method: str, token: str) -> None:
    """Refuse a token that is not the one for a method.

    Raises:
        SlackRefusalError: If it is not.
    """
    if not token:
        raise SlackRefusalError("not_authed")
    if method == "apps.connections.open":
        if token != APP_TOKEN:
            raise SlackRefusalError("not_allowed_token_type" if token == BOT_TOKEN else "invalid_auth")
    elif token != BOT_TOKEN:
        raise SlackRefusalError("invalid_auth")


def _need(workspace: Workspace, scope: str) -> None:
    if scope not in workspace.scopes:
        raise SlackRefusalError("missing_scope", needed=scope, provided=",".join(sorted(workspace.scopes)))


def _writable(workspace: Workspace, name: str) -> str:
    _need(workspace, "chat:write")
    channel = workspace.conversation(name)
    if channel in workspace.channels and not workspace.channels[channel]["is_member"]:
        raise SlackRefusalError("not_in_channel")
    return channel


def _readable(workspace: Workspace, name: str) -> str:
    if name[:1] not in {"C", "D"}:
        raise SlackRefusalError("channel_not_found")
    channel = workspace.conversation(name)
    if channel not in workspace.channels:
        _need(workspace, "im:history")
    else:
        _need(workspace, "groups:history" if workspace.channels[channel]["is_private"] else "channels:history")
        if not workspace.channels[channel]["is_member"]:
            raise SlackRefusalError("not_in_channel")
    return channel


def _check_message(arguments: Arguments) -> None:
    if not arguments.get("text") and not arguments.get("blocks"):
        raise SlackRefusalError("no_text")
    if len(arguments.get("text", "")) > 40_000:
        raise SlackRefusalError("msg_too_long")
    problems = message_problems(arguments.get("blocks") or [])
    if problems:
        raise SlackRefusalError("invalid_blocks", errors=problems, response_metadata={"messages": problems})


def _checked_view(arguments: Arguments, kind: str) -> dict[str, Any]:
    view = arguments.get("view")
    problems = view_problems(view)
    if problems or not isinstance(view, dict) or view["type"] != kind:
        raise SlackRefusalError("invalid_arguments", response_metadata={"messages": problems or [f"not a {kind}"]})
    return view


def _change(workspace: Workspace, opened: OpenView, view: dict[str, Any]) -> None:
    opened.view = view
    opened.versions.append(view)
    opened.hash = f"{workspace.number()}.h"


def _shown(opened: OpenView) -> dict[str, Any]:
    return {"id": opened.id, "hash": opened.hash, "root_view_id": opened.id, **opened.view}


def _user(workspace: Workspace, user: dict[str, Any]) -> dict[str, Any]:
    if "users:read.email" in workspace.scopes:
        return user
    return {**user, "profile": {name: value for name, value in user["profile"].items() if name != "email"}}


def _message(posting: Posting) -> dict[str, Any]:
    return {"type": "message", "ts": posting.ts, "text": posting.text, "metadata": posting.metadata}


def _page(rows: list[Any], arguments: Arguments) -> tuple[list[Any], dict[str, Any]]:
    start = int(arguments.get("cursor") or 0)
    end = start + int(arguments.get("limit") or 100)
    return rows[start:end], {"response_metadata": {"next_cursor": str(end) if end < len(rows) else ""}}
