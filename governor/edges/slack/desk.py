"""What every handler works with, and what it knows about whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governor.clients.slack import SlackClient
from governor.clients.slack_blocks.message import Message, View
from governor.clients.slack_blocks.notes import problem_message, problem_modal
from governor.core.decisions.caller import Caller
from governor.core.decisions.snapshot import Snapshot
from governor.core.keys import Role
from governor.core.policy.organization import Organization, Person
from governor.edges.slack.later import Later
from governor.edges.slack.showing import Showing
from governor.services.approvals.desk import Desk as ApprovalDesk
from governor.services.keys import Identity
from governor.services.slack.card_facts import CardFinder
from governor.services.slack.cards import SlackCards
from governor.wiring import Governor

NAME = "slack"
"""The name under which the audit keeps what was done through this door, with the Slack id behind a colon."""

PATIENCE_S = 2.0
"""How long a modal's submission is worked on before Slack, which waits for three seconds, is told to wait."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The server, Slack's client, and the work that goes on after an answer."""

    governor: Governor
    client: SlackClient
    later: Later
    approvals: ApprovalDesk
    facts: CardFinder
    cards: SlackCards
    showing: Showing
    patience_s: float = PATIENCE_S

    @property
    def now(self) -> datetime:
        """The present instant, read once for each act."""
        return self.governor.clock.now()

    @property
    def snapshot(self) -> Snapshot:
        """What decides now."""
        return self.governor.publisher.snapshots.current

    @property
    def organization(self) -> Organization:
        """Who we are."""
        return self.snapshot.organization

    def person(self, slack_id: str, now: datetime) -> Person | None:
        """Return who has a Slack id, or None: nobody, or nobody for certain."""
        return self.organization.person_in_slack(slack_id, now)

    async def shown(self, request_id: str, now: datetime) -> None:
        """Let what has just happened to a request be shown at once, without anybody waiting for it."""
        await self.cards.touch(request_id, now)
        self.later.start(self.showing.once())

    @property
    def time_zone(self) -> str:
        """The organisation's own."""
        return self.organization.time_zone


@dataclass(slots=True)
class Asked:
    """One command, click or submission of somebody who is known.

    Attributes:
        desk: What it is done with.
        person: Who asks.
        slack_id: Their Slack id.
        body: What Slack sent.
        now: When it came.
        view_id: The modal that shows what comes of it, or ``""``: then it is said where Slack lets us answer.
    """

    desk: Desk
    person: Person
    slack_id: str
    body: Mapping[str, Any]
    now: datetime
    view_id: str = ""

    @property
    def identity(self) -> Identity:
        """Who this is to the services: a known person without a role of their own."""
        name = f"{NAME}:{self.slack_id}"
        return Identity(name, Role.VIEWER, self.person.user, Caller(name))

    @property
    def trigger_id(self) -> str:
        """What opens a modal, within three seconds and once."""
        return str(self.body.get("trigger_id") or "")

    @property
    def value(self) -> str:
        """What a clicked button stands for, or ``""``."""
        actions = self.body.get("actions") or [{}]
        return str(actions[0].get("value", ""))

    async def say(self, message: Message) -> None:
        """Answer so that only whoever asked sees it: where Slack lets us, else directly."""
        url = self.body.get("response_url")
        if url:
            await self.desk.client.answer(str(url), message)
        else:
            await self.desk.client.post(self.slack_id, message)

    async def show(self, view: View) -> None:
        """Change the modal that was opened for the answer."""
        await self.desk.client.update_view(self.view_id, view)

    async def refuse(self, problem: str) -> None:
        """Say why something was not done."""
        if self.view_id:
            await self.show(problem_modal(problem))
        else:
            await self.say(problem_message(problem))


def who_asks(body: Mapping[str, Any]) -> str:
    """Return the Slack id of whoever did what a payload tells of."""
    user = body.get("user")
    if isinstance(user, Mapping):
        return str(user.get("id", ""))
    event = body.get("event")
    if isinstance(event, Mapping):
        return str(event.get("user", ""))
    return str(body.get("user_id", ""))
