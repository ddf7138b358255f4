"""What was done and said in Slack."""

from sqlalchemy import Index, UniqueConstraint

from governor.store.tables.columns import CLUSTERED, STRICT, Stored, number, octets, table, words


class SlackDeliveries(Stored, table=True):
    """Acts of people that were begun: a second delivery of one is no second act."""

    __tablename__ = "slack_deliveries"
    __table_args__ = (Index(None, "at_ms"), CLUSTERED)

    key: bytes = octets(key=True)
    at_ms: int = number()


class SlackMessages(Stored, table=True):
    """Messages that should stand somewhere, and what stands there. One row is posted once and edited afterwards.

    ``wanted`` is the revision that should be shown and ``shown`` the one that is (0: nothing is posted yet). A worker
    that is at it holds the row until ``claimed_until_ms``. ``tried_at_ms`` is when it was first tried to post it: while
    nothing is known to be posted, it may stand there since then.
    """

    __tablename__ = "slack_messages"
    __table_args__ = (
        UniqueConstraint("kind", "about", "recipient"),
        Index(None, "settled", "next_at_ms"),
        STRICT,
    )

    id: bytes = octets(key=True)
    kind: str = words()
    about: str = words()
    recipient: str = words()
    body: bytes = octets()
    wanted: int = number()
    shown: int = number()
    settled: int = number()
    channel: str = words()
    ts: str = words()
    digest: bytes = octets()
    failures: int = number()
    problem: str = words()
    next_at_ms: int = number()
    claim: bytes = octets()
    claimed_until_ms: int = number()
    tried_at_ms: int = number()
    created_at_ms: int = number()


class SlackCursors(Stored, table=True):
    """How far each projection into Slack has read what it shows."""

    __tablename__ = "slack_cursors"
    __table_args__ = (CLUSTERED,)

    name: str = words(key=True)
    position: bytes = octets()


SLACK_DELIVERIES = table(SlackDeliveries)
SLACK_MESSAGES = table(SlackMessages)
SLACK_CURSORS = table(SlackCursors)
