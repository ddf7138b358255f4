"""The first refusal of a machine in a period is told to whoever answers for it: machines read no messages."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from governor.clients.slack_blocks.denial import denial_message
from governor.core.decisions.ids import id_text
from governor.core.ledger.reservation import Reservation
from governor.core.policy.organization import Organization
from governor.services.explanation_wire import instant_ms
from governor.services.slack.card_facts import slack_ids
from governor.services.slack.outbox import DENIAL, note
from governor.store.slack_messages import WantedMessage

NEWS = timedelta(days=1)
"""How old a refusal may be when it is told, and how long what tells of it waits for a process that has Slack.

Nobody gets last week's on the day on which Slack is connected.
"""


def first_denials(organization: Organization, denials: Iterable[Reservation], now: datetime) -> list[WantedMessage]:
    """Return what owners must be told of refused requests; what was told before is the same message again.

    Args:
        organization: Who answers for which machine.
        denials: The oldest first.
        now: What is older than a day is old news.
    """
    ids = slack_ids(organization)
    told: dict[str, WantedMessage] = {}
    for denial in denials:
        account = organization.service_accounts.get(denial.facts.attributes.get("user", ""))
        owner = ids.get(account.owner) if account is not None else None
        at = instant_ms(denial.at_ms)
        if account is None or owner is None or not denial.answer or at < now - NEWS:
            continue
        answer = msgspec.json.decode(denial.answer)
        reason = answer["reasons"][0] if answer["reasons"] else {}
        about = f"denied {account.name} {reason.get('policy')} {_period(reason, at, organization.time_zone)}"
        if about not in told:
            message = denial_message(
                account.name,
                str(answer["requested_model"]),
                str(reason.get("message", "")),
                decision_id=id_text(denial.id),
                at=at,
                time_zone=organization.time_zone,
            )
            told[about] = note(message, about, owner, now, DENIAL)
    return list(told.values())


def _period(reason: dict[str, Any], at: datetime, time_zone: str) -> str:
    """Return what names the period: the end of the budget's, or the day where no budget refuses."""
    return str(reason.get("resets_at") or at.astimezone(ZoneInfo(time_zone)).date())
