"""Messages in Slack as rows: what should stand where, who is at it, and what stands there."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, select, update

from governor.store.dialects import insert_into
from governor.store.tables import SLACK_CURSORS, SLACK_MESSAGES


@dataclass(frozen=True, slots=True)
class WantedMessage:
    """What should stand somewhere.

    Attributes:
        id: 16 bytes, time-ordered.
        kind: What renders it; with ``about`` and ``recipient`` it is one message, whatever its revision.
        about: What it is about, like the id of a request.
        recipient: A channel's name or id, or a person's Slack id.
        wanted: The revision that should be shown, from 1 on.
        body: What the renderer needs, or ``b""``.
    """

    id: bytes
    kind: str
    about: str
    recipient: str
    wanted: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """One message with what is known of it; times are Unix milliseconds.

    Attributes:
        shown: The revision that stands there; 0: nothing does.
        channel: The conversation where it stands, or ``""``; ``ts`` is its timestamp there.
        digest: Of what stands there.
        tried_at_ms: When it was first tried to post it; 0: it was not. Until it is known to stand, it may since then.
        claim: Which worker is at it.
    """

    id: bytes
    kind: str
    about: str
    recipient: str
    body: bytes
    wanted: int
    shown: int
    channel: str
    ts: str
    digest: bytes
    failures: int
    tried_at_ms: int
    claim: bytes


def want_message(connection: Connection, message: WantedMessage, now_ms: int) -> None:
    """Let a message be shown in a revision; one that is shown already, or is to be in a later one, stays."""
    columns = SLACK_MESSAGES.c
    values = {
        "id": message.id,
        "kind": message.kind,
        "about": message.about,
        "recipient": message.recipient,
        "body": message.body,
        "wanted": message.wanted,
        "shown": 0,
        "settled": 0,
        "channel": "",
        "ts": "",
        "digest": b"",
        "failures": 0,
        "problem": "",
        "next_at_ms": now_ms,
        "claim": b"",
        "claimed_until_ms": 0,
        "tried_at_ms": 0,
        "created_at_ms": now_ms,
    }
    made = connection.execute(
        insert_into(connection, SLACK_MESSAGES).values(values).on_conflict_do_nothing().returning(columns.id)
    ).first()
    if made is None:
        connection.execute(
            update(SLACK_MESSAGES)
            .where(_is(message.kind, message.about), columns.recipient == message.recipient)
            .where(columns.wanted < message.wanted)
            .values(wanted=message.wanted, settled=0, next_at_ms=now_ms)
        )


def touch_messages(connection: Connection, kind: str, about: str, now_ms: int) -> None:
    """Let every message about something be looked at again: what stands there may be stale."""
    columns = SLACK_MESSAGES.c
    connection.execute(
        update(SLACK_MESSAGES).where(_is(kind, about), columns.shown > 0).values(settled=0, next_at_ms=now_ms)
    )


def is_waiting(connection: Connection, now_ms: int) -> bool:
    """Tell whether there is a message to show that nobody is at; a look costs less than a transaction that writes."""
    columns = SLACK_MESSAGES.c
    query = select(columns.id).where(*_waiting(now_ms)).limit(1)
    return connection.execute(query).first() is not None


def _waiting(now_ms: int) -> tuple[Any, ...]:
    columns = SLACK_MESSAGES.c
    return columns.settled == 0, columns.next_at_ms <= now_ms, columns.claimed_until_ms <= now_ms


def claim_messages(connection: Connection, claim: bytes, now_ms: int, until_ms: int, limit: int) -> list[SlackMessage]:
    """Take messages that wait and that nobody is at, the oldest first; they are this worker's until an instant."""
    columns = SLACK_MESSAGES.c
    waiting = (
        select(columns.id)
        .where(*_waiting(now_ms))
        .order_by(columns.next_at_ms, columns.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = [bytes(row.id) for row in connection.execute(waiting)]
    if not ids:
        return []
    connection.execute(update(SLACK_MESSAGES).where(columns.id.in_(ids)).values(claim=claim, claimed_until_ms=until_ms))
    rows = connection.execute(select(SLACK_MESSAGES).where(columns.id.in_(ids)).order_by(columns.id))
    return [_message(row) for row in rows]


def note_attempt(connection: Connection, message: SlackMessage, now_ms: int) -> bool:
    """Note that a message is about to be posted; False if it is no longer this worker's."""
    columns = SLACK_MESSAGES.c
    mine = and_(columns.id == message.id, columns.claim == message.claim, columns.claimed_until_ms > now_ms)
    tried_at_ms = message.tried_at_ms or now_ms
    return connection.execute(update(SLACK_MESSAGES).where(mine).values(tried_at_ms=tried_at_ms)).rowcount == 1


def note_shown(
    connection: Connection, message: SlackMessage, *, channel: str, ts: str, digest: bytes, now_ms: int
) -> None:
    """Note what stands there; if a later revision is wanted by now, it waits."""
    columns = SLACK_MESSAGES.c
    done = {"channel": channel, "ts": ts, "digest": digest, "shown": message.wanted, "problem": "", "failures": 0}
    mine = (columns.id == message.id, columns.claim == message.claim)
    connection.execute(update(SLACK_MESSAGES).where(*mine, columns.wanted == message.wanted).values(settled=1))
    connection.execute(
        update(SLACK_MESSAGES).where(*mine).values(**done, claim=b"", claimed_until_ms=0, next_at_ms=now_ms)
    )


def note_failure(
    connection: Connection, message: SlackMessage, *, problem: str, next_at_ms: int, given_up: bool, certain: bool
) -> None:
    """Note that a message could not be shown.

    Args:
        connection: In a transaction that writes.
        message: As it was claimed.
        problem: Why, in a sentence.
        next_at_ms: When it is tried again.
        given_up: Whether it is not, until something else is wanted.
        certain: Whether nothing was posted by this attempt.
    """
    columns = SLACK_MESSAGES.c
    values: dict[str, Any] = {"problem": problem[:500], "failures": columns.failures + 1, "next_at_ms": next_at_ms}
    values |= {"claim": b"", "claimed_until_ms": 0, "settled": int(given_up)}
    if certain:
        values["tried_at_ms"] = message.tried_at_ms
    mine = (columns.id == message.id, columns.claim == message.claim)
    connection.execute(update(SLACK_MESSAGES).where(*mine).values(**values))


def read_messages(connection: Connection, kind: str, about: str) -> list[SlackMessage]:
    """Return every message of a kind about something, the oldest first."""
    columns = SLACK_MESSAGES.c
    rows = connection.execute(select(SLACK_MESSAGES).where(_is(kind, about)).order_by(columns.id))
    return [_message(row) for row in rows]


def forget_messages(connection: Connection, before_ms: int) -> int:
    """Delete messages that stand as they should and were wanted before an instant; return how many."""
    columns = SLACK_MESSAGES.c
    return connection.execute(
        delete(SLACK_MESSAGES).where(columns.settled == 1, columns.created_at_ms < before_ms)
    ).rowcount


def forget_untried(connection: Connection, kind: str, before_ms: int) -> None:
    """Delete messages of a kind, wanted before an instant, that nobody has tried to post: there may be no Slack."""
    columns = SLACK_MESSAGES.c
    connection.execute(
        delete(SLACK_MESSAGES).where(
            columns.settled == 0, columns.tried_at_ms == 0, columns.kind == kind, columns.created_at_ms < before_ms
        )
    )


def count_waiting(connection: Connection) -> int:
    """Return how many messages should stand in Slack, or say something else there, and do not yet."""
    query = select(func.count()).select_from(SLACK_MESSAGES).where(SLACK_MESSAGES.c.settled == 0)
    return int(connection.execute(query).scalar_one())


def read_cursor(connection: Connection, name: str) -> bytes:
    """Return how far a projection has read (``b""``: nothing)."""
    query = select(SLACK_CURSORS.c.position).where(SLACK_CURSORS.c.name == name)
    return bytes(connection.execute(query).scalar_one_or_none() or b"")


def lock_cursor(connection: Connection, name: str) -> bytes:
    """Return how far a projection has read (``b""``: nothing), and let no other worker read on meanwhile."""
    columns = SLACK_CURSORS.c
    connection.execute(insert_into(connection, SLACK_CURSORS).values(name=name, position=b"").on_conflict_do_nothing())
    query = select(columns.position).where(columns.name == name).with_for_update()
    return bytes(connection.execute(query).scalar_one())


def move_cursor(connection: Connection, name: str, position: bytes) -> None:
    """Note how far a projection has read."""
    connection.execute(update(SLACK_CURSORS).where(SLACK_CURSORS.c.name == name).values(position=position))


def _is(kind: str, about: str) -> Any:
    return and_(SLACK_MESSAGES.c.kind == kind, SLACK_MESSAGES.c.about == about)


def _message(row: Row[Any]) -> SlackMessage:
    return SlackMessage(
        id=bytes(row.id),
        kind=row.kind,
        about=row.about,
        recipient=row.recipient,
        body=bytes(row.body),
        wanted=row.wanted,
        shown=row.shown,
        channel=row.channel,
        ts=row.ts,
        digest=bytes(row.digest),
        failures=row.failures,
        tried_at_ms=row.tried_at_ms,
        claim=bytes(row.claim),
    )
