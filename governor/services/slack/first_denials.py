"""The first refusal of a machine in a period is told to whoever answers for it: machines read no messages."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from governor.clients.slack_blocks.denial import denial_message
from governor.core.decisions.ids import id_text
from governor.core.ledger.reservation import Reservation
from governor.core.policy.organization import Organization
from governor.services.explanation_wire import instant_ms
from governor.services.slack.card_facts import slack_ids
from governor.services.slack.outbox import note
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.decisions import id_floor, read_denials
from governor.store.slack_messages import WantedMessage, lock_cursor, move_cursor, read_cursor, want_message

CURSOR = "first_denials"

SETTLED = timedelta(seconds=5)
"""How old a decision is when it is looked at: younger ones may still be committed beside each other."""

BATCH = 500
_FOLLOWS_MS = 60_000


class FirstDenials:
    """Looks at what was refused to machines since the last time.

    Args:
        snapshots: Who answers for which machine.
        database: Where decisions are.
    """

    def __init__(self, snapshots: Snapshots, database: Database) -> None:
        self._snapshots = snapshots
        self._database = database

    async def catch_up(self, now: datetime) -> int:
        """Note who must be told; return how many refusals were looked at.

        What was refused before the first look is told to nobody. Of two workers at once one looks.
        """
        organization = self._snapshots.current.organization
        now_ms = int(now.timestamp() * 1000)
        below = id_floor(int((now - SETTLED).timestamp() * 1000))

        def is_behind(connection: Connection) -> bool:
            after = read_cursor(connection, CURSOR)
            # Now and then the cursor follows the clock, so that a look stays short where nothing is refused.
            return after < id_floor(now_ms - _FOLLOWS_MS) or bool(read_denials(connection, after, below, 1))

        if not await self._database.read(is_behind):
            return 0

        def write(connection: Connection) -> int:
            after = lock_cursor(connection, CURSOR)
            if not after:
                move_cursor(connection, CURSOR, below)
                return 0
            denials = read_denials(connection, after, below, BATCH)
            for denial in denials:
                for message in _told(organization, denial, now):
                    want_message(connection, message, now_ms)
            move_cursor(connection, CURSOR, denials[-1].id if len(denials) == BATCH else max(after, below))
            return len(denials)

        return await self._database.write(write)


def _told(organization: Organization, denial: Reservation, now: datetime) -> Iterator[WantedMessage]:
    account = organization.service_accounts.get(denial.facts.attributes.get("user", ""))
    owner = slack_ids(organization).get(account.owner) if account is not None else None
    if account is None or owner is None:
        return
    answer = msgspec.json.decode(denial.answer)
    reason = answer["reasons"][0] if answer["reasons"] else {}
    at = instant_ms(denial.at_ms)
    period = _period(reason, at, organization.time_zone)
    message = denial_message(
        account.name,
        str(answer["requested_model"]),
        str(reason.get("message", "")),
        decision_id=id_text(denial.id),
        at=at,
        time_zone=organization.time_zone,
    )
    yield note(message, f"denied {account.name} {reason.get('policy')} {period}", owner, now)


def _period(reason: dict[str, Any], at: datetime, time_zone: str) -> str:
    """Return what names the period: the end of the budget's, or the day where no budget refuses."""
    return str(reason.get("resets_at") or at.astimezone(ZoneInfo(time_zone)).date())
