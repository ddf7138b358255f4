"""Messages in Slack as projections of the database: posted once, edited when stale, repaired after an outage.

A row says what should stand where. Workers claim rows; what is posted is recorded, and what may have been posted
without an answer is looked for by its key before it is posted again: nothing is posted twice.
"""

import hashlib
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import msgspec
import structlog

from governor.clients.slack import Posted, SlackClient, SlackError, SlackUnavailableError
from governor.clients.slack_blocks.message import Message
from governor.core.decisions.ids import id_text
from governor.core.errors import GovernorError
from governor.services.ids import new_id
from governor.store.database import Database
from governor.store.slack_messages import (
    SlackMessage,
    WantedMessage,
    claim_messages,
    is_waiting,
    note_attempt,
    note_failure,
    note_shown,
)

NOTE = "note"
"""The kind of a message that says one thing for ever: its body is the message."""

DENIAL = "denial"
"""A note of a machine's first refusal; wanted also where no process has Slack, and not for long there."""

HELD = timedelta(minutes=2)
"""How long a worker keeps a message: longer than posting may take."""

BATCH = 10
"""Few enough that a dozen workers, who take turns in one channel, are done while their messages are theirs."""

FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=5)

HOPELESS = frozenset(
    {
        "cant_update_message",
        "edit_window_closed",
        "invalid_arguments",
        "invalid_blocks",
        "message_not_found",
        "msg_too_long",
        "no_text",
    }
)
"""What trying again does not mend; all else may be mended by somebody in Slack."""

REFUSED_MAX = 300
"""How often Slack may refuse a message before it is given up: a day. Slack being away does not count."""

Render = Callable[[SlackMessage, datetime], Awaitable["Rendered | None"]]
"""Returns what a message of a kind says now, or None: it is not needed any more."""

_log = structlog.get_logger("governor.slack")


class Rendered(msgspec.Struct, frozen=True):
    """What a message says, and the message that it answers, or ``""``."""

    text: str
    blocks: tuple[dict[str, object], ...]
    thread_ts: str = ""

    @property
    def message(self) -> Message:
        """As it is sent."""
        return Message(self.text, self.blocks)


def rendered(message: Message, thread_ts: str = "") -> Rendered:
    """Return a message as it is kept."""
    return Rendered(message.text, message.blocks, thread_ts)


def note(message: Message, about: str, recipient: str, now: datetime, kind: str = NOTE) -> WantedMessage:
    """Return what lets somebody be told something once; ``about`` makes it the same when it is wanted again."""
    body = msgspec.json.encode(rendered(message))
    return WantedMessage(new_id(int(now.timestamp() * 1000)), kind, about, recipient, 1, body)


class Outbox:
    """Shows what should be shown.

    Args:
        database: Where messages are kept.
        client: Slack's client.
        renders: For each kind but notes, what renders it.
    """

    def __init__(self, database: Database, client: SlackClient, renders: Mapping[str, Render]) -> None:
        self._database = database
        self._client = client
        self._renders: Mapping[str, Render] = {NOTE: _as_kept, DENIAL: _as_kept, **renders}

    async def deliver(self, now: Callable[[], datetime]) -> int:
        """Show everything that waits and that no other worker is at; return how many messages were looked at.

        Args:
            now: The clock: posting takes time.
        """
        claim = os.urandom(16)
        at = now()
        until_ms = _ms(at + HELD)
        if not await self._database.read(lambda connection: is_waiting(connection, _ms(at))):
            return 0
        claimed = await self._database.write(
            lambda connection: claim_messages(connection, claim, _ms(at), until_ms, BATCH)
        )
        for message in claimed:
            await self._show(message, now)
        return len(claimed)

    async def _show(self, message: SlackMessage, now: Callable[[], datetime]) -> None:
        try:
            made = await self._renders[message.kind](message, now())
        except GovernorError as error:
            await self._failed(message, error, now(), certain=True)
            return
        digest = _digest(made) if made is not None else message.digest
        if made is None or (message.ts and digest == message.digest):
            await self._shown(message, Posted(message.channel, message.ts), digest, now())
            return
        try:
            posted = await self._put(message, made, now)
        except SlackUnavailableError as error:
            await self._failed(message, error, now(), certain=not error.perhaps_done)
        except SlackError as error:
            await self._failed(message, error, now(), certain=True)
        else:
            if posted is not None:
                await self._shown(message, posted, digest, now())

    async def _put(self, message: SlackMessage, made: Rendered, now: Callable[[], datetime]) -> Posted | None:
        """Edit what stands there, or post it; None if another worker has taken it over meanwhile."""
        if message.ts:
            posted = Posted(message.channel, message.ts)
            await self._client.update(posted, made.message)
            return posted
        key = id_text(message.id)
        if message.tried_at_ms:
            since_s = message.tried_at_ms / 1000 - 60
            found = await self._client.find(message.recipient, key, since_s, thread_ts=made.thread_ts)
            if found is not None:
                # Found as it was said then; it may be stale by now.
                await self._client.update(found, made.message)
                return found
        at_ms = _ms(now())
        if not await self._database.write(lambda connection: note_attempt(connection, message, at_ms)):
            return None
        return await self._client.post(message.recipient, made.message, thread_ts=made.thread_ts, key=key)

    async def _shown(self, message: SlackMessage, posted: Posted, digest: bytes, now: datetime) -> None:
        await self._database.write(
            lambda connection: note_shown(
                connection, message, channel=posted.channel, ts=posted.ts, digest=digest, now_ms=_ms(now)
            )
        )

    async def _failed(self, message: SlackMessage, error: GovernorError, now: datetime, *, certain: bool) -> None:
        given_up = isinstance(error, SlackError) and (error.error in HOPELESS or message.failures >= REFUSED_MAX)
        wait = min(FIRST_RETRY * 2 ** min(message.failures, 10), LONGEST_RETRY)
        if isinstance(error, SlackUnavailableError):
            wait = max(wait, timedelta(seconds=error.retry_after_s))
        _log.warning(
            "slack_message_not_shown",
            recipient=message.recipient,
            kind=message.kind,
            problem=error.message,
            given_up=given_up,
        )
        await self._database.write(
            lambda connection: note_failure(
                connection,
                message,
                problem=error.message,
                next_at_ms=_ms(now + wait),
                given_up=given_up,
                certain=certain,
            )
        )


async def _as_kept(message: SlackMessage, _now: datetime) -> Rendered | None:
    return _DECODER.decode(message.body)


_DECODER = msgspec.json.Decoder(Rendered)


def _digest(made: Rendered) -> bytes:
    return hashlib.sha256(msgspec.json.encode(made)).digest()[:16]


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
