"""From what happened to requests to what stands in Slack: cards, what requesters are told, questions, outcomes.

Only this reads the records of exceptions for Slack, after a cursor that the database keeps: whatever was decided
anywhere, or by time, reaches every message that shows it, also after an outage.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from governor.clients.slack_blocks.card import card_message
from governor.clients.slack_blocks.message import Message
from governor.clients.slack_blocks.steps import (
    is_told,
    outcome_message,
    question_message,
    reminder_message,
    step_message,
)
from governor.core.approvals.request import Act, ExceptionRequest, Transition
from governor.core.decisions.ids import id_bytes
from governor.services.approvals.desk import Desk
from governor.services.ids import new_id
from governor.services.slack.card_facts import CardFinder, slack_ids
from governor.services.slack.outbox import Render, Rendered, note, rendered
from governor.store.approval_records import Record, read_records
from governor.store.approvals import read_request
from governor.store.slack_messages import (
    SlackMessage,
    WantedMessage,
    lock_cursor,
    move_cursor,
    read_cursor,
    read_messages,
    touch_messages,
    want_message,
)

CARD, THREAD, OUTCOME = "card", "thread", "outcome"
"""The kinds of messages that are rendered anew each time."""

CURSOR = "exception_records"
BATCH = 200


class SlackCards:
    """Lets Slack show what happened to requests.

    Args:
        desk: Where requests and their records are.
        cards: What a card shows.
    """

    def __init__(self, desk: Desk, cards: CardFinder) -> None:
        self._desk = desk
        self._cards = cards

    async def catch_up(self, now: datetime) -> int:
        """Read what happened since the last time, and note what must be shown; return how many records there were.

        Cursor and messages move in one transaction: two workers at once note everything once.
        """

        def is_behind(connection: Connection) -> bool:
            position = int(read_cursor(connection, CURSOR) or b"0")
            return bool(read_records(connection, after_seq=position, limit=1))

        if not await self._desk.database.read(is_behind):
            return 0

        def write(connection: Connection) -> int:
            position = int(lock_cursor(connection, CURSOR) or b"0")
            records = read_records(connection, after_seq=position, limit=BATCH)
            for record in records:
                self._note(connection, record, now)
            for request_id in dict.fromkeys(record.subject for record in records):
                self._want_cards(connection, request_id, now)
            if records:
                move_cursor(connection, CURSOR, b"%d" % records[-1].seq)
            return len(records)

        return await self._desk.database.write(write)

    async def touch(self, request_id: str, now: datetime) -> None:
        """Let the cards of a request be put together anew: somebody clicked on one that may be stale."""
        now_ms = int(now.timestamp() * 1000)
        await self._desk.database.write(lambda connection: touch_messages(connection, CARD, request_id, now_ms))

    @property
    def renders(self) -> Mapping[str, Render]:
        """What renders each kind of message."""
        return {CARD: self._card, OUTCOME: self._outcome, THREAD: self._thread}

    def _note(self, connection: Connection, record: Record, now: datetime) -> None:
        """Note what people are told about one thing that happened."""
        key = id_bytes(record.subject)
        request = read_request(connection, key) if key is not None else None
        if request is None:
            # A delegation: who votes for whom is nobody's request.
            return
        for message in self._told(connection, request, record, now):
            want_message(connection, message, int(now.timestamp() * 1000))

    def _told(
        self, connection: Connection, request: ExceptionRequest, record: Record, now: datetime
    ) -> Iterable[WantedMessage]:
        organization = self._desk.snapshots.current.organization
        ids = slack_ids(organization)
        step = record.transition
        about = f"{request.id} {record.seq}"
        if is_told(request, step):
            told = step_message(request, step, ids, organization.time_zone)
            yield from _to(sorted(request.requesters - _tells_itself(step)), ids, told, about, now)
        if step.act in {Act.REMINDED, Act.REVIEW_MISSED}:
            people = step.details.get("people")
            waiting = [str(user) for user in people] if isinstance(people, tuple) else []
            yield from _to(waiting, ids, reminder_message(request, ids, organization.time_zone), about, now)
        if step.act in {Act.ASKED, Act.ANSWERED}:
            for card in read_messages(connection, CARD, request.id):
                yield WantedMessage(_id(now), THREAD, about, card.recipient, 1, b"%d" % record.seq)
        if step.act in {Act.OUTCOME_ASKED, Act.OUTCOME_TOLD}:
            for user in sorted(request.requesters):
                if user in ids:
                    yield WantedMessage(_id(now), OUTCOME, request.id, ids[user], request.revision)

    def _want_cards(self, connection: Connection, request_id: str, now: datetime) -> None:
        """Let everybody who decides, and the channel, see the request as it is now."""
        key = id_bytes(request_id)
        request = read_request(connection, key) if key is not None else None
        if request is None:
            return
        shown = [message.recipient for message in read_messages(connection, CARD, request_id)]
        for recipient in dict.fromkeys([*shown, *self._deciders(connection, request, now)]):
            wanted = WantedMessage(_id(now), CARD, request_id, recipient, request.revision)
            want_message(connection, wanted, int(now.timestamp() * 1000))

    def _deciders(self, connection: Connection, request: ExceptionRequest, now: datetime) -> list[str]:
        """Return the channel, and the Slack ids of those who may decide or review; of what asked nobody, none."""
        if request.ruling.route.automatic and request.review is None:
            return []
        ids = slack_ids(self._desk.snapshots.current.organization)
        people = self._desk.electorate(connection, request, now).people
        channel = [request.ruling.channel] if request.ruling.channel else []
        return [*channel, *(ids[user] for user in sorted(people) if user in ids)]

    async def _card(self, message: SlackMessage, now: datetime) -> Rendered | None:
        return rendered(card_message(await self._cards.about(message.about, now)))

    async def _outcome(self, message: SlackMessage, now: datetime) -> Rendered | None:
        about = await self._cards.about(message.about, now)
        return rendered(outcome_message(about.request, about.case.spent_nano_usd, about.slack_ids))

    async def _thread(self, message: SlackMessage, _now: datetime) -> Rendered | None:
        """Render a question below the card that it is about."""
        seq = int(message.body)
        request_id = message.about.partition(" ")[0]

        def read(connection: Connection) -> tuple[list[Record], list[SlackMessage]]:
            return (
                read_records(connection, after_seq=seq - 1, limit=1),
                read_messages(connection, CARD, request_id),
            )

        records, cards = await self._desk.database.read(read)
        card = next((one for one in cards if one.recipient == message.recipient and one.ts), None)
        if card is None or not records:
            return None
        ids = slack_ids(self._desk.snapshots.current.organization)
        return rendered(question_message(records[0].transition, ids), card.ts)


def _tells_itself(step: Transition) -> frozenset[str]:
    """Return who need not be told, because it was they who acted; what they asked for is confirmed nevertheless."""
    confirmed = {Act.SENT, Act.APPROVED_AUTOMATICALLY, Act.BROKE_GLASS, Act.CANCELLED}
    return frozenset() if step.act in confirmed else frozenset({step.actor.user})


def _to(
    users: Iterable[str], ids: Mapping[str, str], message: Message, about: str, now: datetime
) -> Iterable[WantedMessage]:
    for user in users:
        if user in ids:
            yield note(message, about, ids[user], now)


def _id(now: datetime) -> bytes:
    return new_id(int(now.timestamp() * 1000))
