"""Slack's Web API, asked politely: what it refuses, what did not reach it, and what is unknown are three things.

Slack's library is imported when a client is opened: whoever has no Slack does not wait for it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from governor.clients.slack.calls import Caller, SlackError
from governor.clients.slack.pace import OwnTurns, Pace, Turns
from governor.clients.slack_blocks.message import Message, View

if TYPE_CHECKING:
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

TIMEOUT_S = 10
"""How long Slack may take to answer one call."""

PAGE = 200
"""Rows of a list that are asked for at a time, as Slack recommends."""

ACKNOWLEDGED_S = 0.5
"""How long Slack may take to read an acknowledgement."""

KEY_EVENT = "governor_message"
"""The type of the metadata by which a message of ours is found again."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands: the conversation's id and the message's timestamp, which is its id there."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who a token is: the bot's user and workspace, and the scopes that it was given."""

    user: str
    team: str
    url: str
    scopes: frozenset[str]


class SlackClient:
    """What Governor does in Slack.

    Args:
        web: Slack's own client.
        session: Its connections, also used for the addresses that Slack hands out for answers.
        pace: When a message may be posted.
        pause: Waits for a number of seconds.
    """

    def __init__(
        self,
        web: "AsyncWebClient",
        session: "aiohttp.ClientSession",
        pace: Pace,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self.web = web
        self._session = session
        self._pause = pause
        self._pace = pace
        self._caller = Caller(pause)

    async def post(self, channel: str, message: Message, *, thread_ts: str = "", key: str = "") -> Posted:
        """Post a message, one a second in a conversation.

        Args:
            channel: A conversation's id or ``#name``, or a person's id: that is a direct message.
            message: What it says.
            thread_ts: The message that it answers, or ``""``.
            key: By what ``find`` finds it again, or ``""``.

        Raises:
            SlackError: If Slack refuses it.
            SlackUnavailableError: If Slack cannot be reached; ``perhaps_done`` if it may stand there nevertheless.
        """
        await self._pace.turn(channel)
        more: dict[str, Any] = {"thread_ts": thread_ts} if thread_ts else {}
        if key:
            more["metadata"] = {"event_type": KEY_EVENT, "event_payload": {"key": key}}
        said = await self._caller.call(
            lambda: self.web.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=list(message.blocks),
                unfurl_links=False,
                unfurl_media=False,
                **more,
            ),
            repeatable=False,
        )
        return Posted(said["channel"], said["ts"])

    async def update(self, posted: Posted, message: Message) -> None:
        """Change what a message says; see ``post`` for the errors."""
        await self._caller.call(
            lambda: self.web.chat_update(
                channel=posted.channel, ts=posted.ts, text=message.text, blocks=list(message.blocks)
            )
        )

    async def find(self, channel: str, key: str, since_s: float, *, thread_ts: str = "") -> Posted | None:
        """Return the message of ours with this key that was posted since an instant (Unix seconds), or None.

        Args:
            channel: As it was posted to.
            key: As it was posted with.
            since_s: When it cannot have been posted before.
            thread_ts: The message that it answers: a conversation's history leaves answers out.
        """
        channel = await self._conversation(channel)
        asked = {"channel": channel, "oldest": f"{since_s:.6f}", "include_all_metadata": True}
        method = self.web.conversations_replies if thread_ts else self.web.conversations_history
        async for page in self._pages(method, {**asked, **({"ts": thread_ts} if thread_ts else {})}):
            for message in page["messages"]:
                metadata = message.get("metadata") or {}
                payload = metadata.get("event_payload") or {}
                if metadata.get("event_type") == KEY_EVENT and payload.get("key") == key:
                    return Posted(channel, message["ts"])
        return None

    async def answer(self, url: str, message: Message, *, replace: bool = False) -> None:
        """Answer a command or a click at the address that Slack gave for it; only whoever asked sees it."""
        body = {
            "response_type": "ephemeral",
            "replace_original": replace,
            "text": message.text,
            "blocks": list(message.blocks),
        }
        await self._caller.post_json(self._session, url, body)

    async def open_view(self, trigger_id: str, view: View) -> str:
        """Open a modal and return its id; a trigger lives for three seconds and opens one modal."""
        said = await self._caller.call(lambda: self.web.views_open(trigger_id=trigger_id, view=view), repeatable=False)
        return str(said["view"]["id"])

    async def push_view(self, trigger_id: str, view: View) -> str:
        """Put a modal over the one that is open, and return its id."""
        said = await self._caller.call(lambda: self.web.views_push(trigger_id=trigger_id, view=view), repeatable=False)
        return str(said["view"]["id"])

    async def update_view(self, view_id: str, view: View) -> None:
        """Change an open modal."""
        await self._caller.call(lambda: self.web.views_update(view_id=view_id, view=view))

    async def settle(self) -> None:
        """Wait until Slack has read an acknowledgement: an update that overtook it would be overwritten by it."""
        await self._pause(ACKNOWLEDGED_S)

    async def publish_home(self, user: str, view: View) -> None:
        """Show somebody their App Home."""
        await self._caller.call(lambda: self.web.views_publish(user_id=user, view=view))

    async def introduce(self) -> Introduction:
        """Return who the bot token is."""
        said, headers = await self._caller.answer(self.web.auth_test)
        given = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
        scopes = frozenset(scope.strip() for scope in str(given).split(",") if scope.strip())
        return Introduction(said["user_id"], said["team"], said["url"], scopes)

    async def people(self) -> list[Mapping[str, Any]]:
        """Return every user of the workspace, bots and deleted ones included."""
        return [user async for page in self._pages(self.web.users_list, {}) for user in page["members"]]

    async def channels(self) -> list[Mapping[str, Any]]:
        """Return every channel that the bot can see, also private ones that it is a member of."""
        asked = {"types": "public_channel,private_channel", "exclude_archived": True}
        return [
            channel async for page in self._pages(self.web.conversations_list, asked) for channel in page["channels"]
        ]

    async def socket_address(self, app_token: str) -> str:
        """Return where Socket Mode listens; proves that the app-level token works."""
        return str((await self._caller.call(lambda: self.web.apps_connections_open(app_token=app_token)))["url"])

    async def _conversation(self, name: str) -> str:
        """Return the id of a conversation: only posting takes a channel's name or a person's id."""
        if name[:1] in {"U", "W"}:
            opened = await self._caller.call(lambda: self.web.conversations_open(users=name))
            return str(opened["channel"]["id"])
        if not name.startswith("#"):
            return name
        for channel in await self.channels():
            if channel["name"] == name[1:]:
                return str(channel["id"])
        raise SlackError("channel_not_found")

    async def _pages(
        self, method: Callable[..., Awaitable[Any]], asked: Mapping[str, Any]
    ) -> AsyncIterator[Mapping[str, Any]]:
        cursor = ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await self._caller.call(lambda more=more: method(limit=PAGE, **asked, **more))  # type: ignore[misc]  # a lambda with a default has no type
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


@asynccontextmanager
async def open_slack_client(
    token: str,
    api_url: str,
    *,
    turns: Turns | None = None,
    time_s: Callable[[], float] = time.time,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[SlackClient]:
    """Open a client with a bot token, and close its connections again.

    Args:
        token: ``xoxb-...``.
        api_url: Where Slack's Web API is.
        turns: When a message may be posted, if other processes post, too; else this client's own.
        time_s: The wall clock, Unix seconds.
        pause: Waits for a number of seconds.
    """
    import aiohttp  # noqa: PLC0415  heavy, and nothing for whoever has no Slack
    from slack_sdk.web.async_client import AsyncWebClient  # noqa: PLC0415  the same

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), trust_env=True) as session:
        # The library's own retries cannot tell a call that may be repeated from one that may not.
        web = AsyncWebClient(token=token, base_url=f"{api_url}/", session=session, retry_handlers=[])
        yield SlackClient(web, session, Pace(turns or OwnTurns(), time_s, pause), pause)
