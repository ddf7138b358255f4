"""A workspace of the made-up Slack: people, channels, messages, views, and the clock that its rules are measured by."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

BOT_TOKEN = "xoxb-test"
APP_TOKEN = "xapp-test"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BOT = "U0BOT"
START_S = 1_795_176_000.0
"""2026-11-20 12:00 UTC."""

ALL_SCOPES = (
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "users:read",
    "users:read.email",
)
TRIGGER_LIVES_S = 3.0


class SlackRefusalError(Exception):
    """An answer ``{"ok": false, "error": ...}``."""

    def __init__(self, error: str, status: int = 200, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(error)
        self.body = {"ok": False, "error": error, **more}
        self.status = status
        self.headers = headers or {}


class Clock:
    """The clock of the workspace; Governor's pauses move it."""

    def __init__(self) -> None:
        self.now_s = START_S
        self.paused_s: list[float] = []

    def __call__(self) -> float:
        """Return the present instant, Unix seconds."""
        return self.now_s

    async def pause(self, seconds: float) -> None:
        """Let time pass instead of waiting."""
        self.paused_s.append(seconds)
        self.now_s += seconds


@dataclass
class Posting:
    """One message; ``versions`` are what it ever said, the last one is what it says."""

    channel: str
    ts: str
    versions: list[dict[str, Any]]
    thread_ts: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """What it shows now."""
        return list(self.versions[-1]["blocks"])

    @property
    def text(self) -> str:
        """What notifications say now."""
        return str(self.versions[-1]["text"])


@dataclass
class OpenView:
    """A modal that somebody looks at, or an App Home."""

    id: str
    user: str
    view: dict[str, Any]
    hash: str
    versions: list[dict[str, Any]]


@dataclass
class Fault:
    """What goes wrong with the next calls of a method.

    ``after`` lets the call be carried out before it fails.
    """

    times: int
    status: int = 200
    error: str = ""
    retry_after_s: int = 0
    drop: bool = False
    after: bool = False


class Workspace:
    """Everything that the made-up Slack remembers."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.scopes = set(ALL_SCOPES)
        self.users: dict[str, dict[str, Any]] = {}
        self.channels: dict[str, dict[str, Any]] = {}
        self.messages: list[Posting] = []
        self.views: dict[str, OpenView] = {}
        self.homes: dict[str, OpenView] = {}
        self.answers: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.down = False
        self._triggers: dict[str, float] = {}
        self._response_urls: dict[str, int] = {}
        self._numbers = count(1)
        self._last_post_s: dict[str, float] = {}
        self.add_person("governor", "", user_id=BOT, is_bot=True)

    def number(self) -> int:
        """Return a number that was not given before."""
        return next(self._numbers)

    def add_person(
        self, name: str, email: str, *, user_id: str = "", is_bot: bool = False, deleted: bool = False
    ) -> str:
        """Let somebody join, and return their id."""
        user_id = user_id or f"U{self.number():05d}"
        profile = {"real_name": name, "email": email}
        self.users[user_id] = {"id": user_id, "name": name, "deleted": deleted, "is_bot": is_bot, "profile": profile}
        return user_id

    def add_channel(self, name: str, *, member: bool = True, private: bool = False) -> str:
        """Make a channel, and return its id."""
        channel_id = f"C{self.number():05d}"
        self.channels[channel_id] = {"id": channel_id, "name": name, "is_member": member, "is_private": private}
        return channel_id

    def fail(self, method: str, times: int = 1, **how: Any) -> None:
        """Let the next calls of a method go wrong."""
        self.faults.setdefault(method, []).append(Fault(times, **how))

    def next_fault(self, method: str) -> Fault | None:
        """Return what goes wrong with this call, or None."""
        waiting = self.faults.get(method, [])
        while waiting:
            waiting[0].times -= 1
            fault = waiting[0]
            if fault.times <= 0:
                waiting.pop(0)
            return fault
        return None

    def trigger(self) -> str:
        """Return a trigger: it opens one modal within three seconds."""
        name = f"{self.number()}.trigger"
        self._triggers[name] = self.clock() + TRIGGER_LIVES_S
        return name

    def pull(self, trigger_id: str) -> None:
        """Use a trigger up.

        Raises:
            SlackRefusalError: If it is unknown, used or too old.
        """
        if not trigger_id:
            raise SlackRefusalError("invalid_arguments")
        ends_s = self._triggers.pop(trigger_id, None)
        if ends_s is None:
            raise SlackRefusalError("exchanged_trigger_id")
        if self.clock() > ends_s:
            raise SlackRefusalError("expired_trigger_id")

    def response_path(self) -> str:
        """Return the path of an address for answers: five uses."""
        name = f"{self.number()}"
        self._response_urls[name] = 5
        return f"/response/{name}"

    def take_answer(self, name: str, body: dict[str, Any]) -> None:
        """Keep an answer.

        Raises:
            SlackRefusalError: If the address is unknown or used up.
        """
        if self._response_urls.get(name, 0) < 1:
            raise SlackRefusalError("used_url", status=404)
        self._response_urls[name] -= 1
        self.answers.append(body)

    def push(self, view: dict[str, Any]) -> OpenView:
        """Keep a modal that an acknowledgement put over another one."""
        opened = OpenView(f"V{self.number():05d}", "", view, f"{self.number()}.h", [view])
        self.views[opened.id] = opened
        return opened

    def pace(self, channel: str) -> None:
        """Take at most a message a second in a channel.

        Raises:
            SlackRefusalError: If this one is too early.
        """
        last_s = self._last_post_s.get(channel)
        if last_s is not None and self.clock() < last_s + 1.0:
            raise SlackRefusalError("ratelimited", status=429, headers={"Retry-After": "1"})
        self._last_post_s[channel] = self.clock()

    def posted(self, channel: str = "") -> list[Posting]:
        """Return the messages of a conversation, by its id, its ``#name`` or a person's id; or all."""
        return [message for message in self.messages if not channel or message.channel == self.conversation(channel)]

    def conversation(self, name: str) -> str:
        """Return the id of a conversation.

        Raises:
            SlackRefusalError: If there is none.
        """
        if name in self.users:
            return f"D{name[1:]}"
        if name in self.channels or (name.startswith("D") and f"U{name[1:]}" in self.users):
            return name
        for channel in self.channels.values():
            if channel["name"] == name.removeprefix("#"):
                return str(channel["id"])
        raise SlackRefusalError("channel_not_found")

    def message(self, channel: str, ts: str) -> Posting | None:
        """Return a message, or None."""
        return next((one for one in self.messages if (one.channel, one.ts) == (channel, ts)), None)
