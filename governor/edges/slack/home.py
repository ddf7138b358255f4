"""App Home: shown when somebody opens it, and again when they ask for it."""

from datetime import timedelta

import msgspec

from governor.clients.slack.manifest import COMMAND
from governor.clients.slack_blocks.home import HomePage, Refusal, home_view, stranger_home
from governor.clients.slack_blocks.notes import unknown_person_message
from governor.core.decisions.ids import id_text
from governor.core.ledger.reservation import Reservation
from governor.edges.slack.desk import Asked, Desk
from governor.services.approvals.read import RequestQuery, list_requests
from governor.services.explain import DecisionQuery
from governor.services.explanation_wire import instant_ms
from governor.services.slack.card_facts import slack_ids
from governor.services.who_may_see import machines_of

REFUSALS_SINCE = timedelta(days=7)
REFUSALS = 10
REQUESTS = 20


async def show_home(asked: Asked) -> None:
    """Publish somebody's App Home as of now."""
    await asked.desk.client.publish_home(asked.slack_id, home_view(await home_page(asked), COMMAND))


async def show_stranger(desk: Desk, slack_id: str) -> None:
    """Publish the App Home of somebody who is not known.

    Raises:
        SlackError: If Slack does not take it.
    """
    message = unknown_person_message(slack_id, desk.organization.name)
    await desk.client.publish_home(slack_id, stranger_home(message.blocks))


async def home_page(asked: Asked) -> HomePage:
    """Collect what somebody's App Home shows."""
    desk = asked.desk
    entitled = await desk.governor.entitlements.of(asked.person.user, asked.now)
    default = desk.organization.default_environment
    budgets = next((one.budgets for one in entitled.environments if one.environment == default), ())
    mine = await list_requests(desk.approvals, RequestQuery(requester=asked.person.user, limit=REQUESTS), asked.now)
    waiting = await list_requests(desk.approvals, RequestQuery(waits_for=asked.person.user, limit=REQUESTS), asked.now)
    return HomePage(
        who=asked.person.user,
        budgets=budgets,
        refusals=await refusals(asked),
        time_zone=desk.time_zone,
        shown_at=asked.now,
        mine=mine.requests,
        waiting=waiting.requests,
        slack_ids=slack_ids(desk.organization),
    )


async def refusals(asked: Asked) -> list[Refusal]:
    """Return what was refused somebody and their machines lately, newest first."""
    found: list[Reservation] = []
    for user in (asked.person.user, *machines_of(asked.desk.organization, asked.person)):
        query = DecisionQuery(verdict="deny", user=user, from_at=asked.now - REFUSALS_SINCE, limit=REFUSALS)
        page = await asked.desk.governor.explainer.search(query)
        found += [reservation for reservation, _ in page.decisions]
    newest = sorted(found, key=lambda reservation: reservation.id, reverse=True)[:REFUSALS]
    return [_refusal(reservation) for reservation in newest]


def _refusal(reservation: Reservation) -> Refusal:
    answer = msgspec.json.decode(reservation.answer)
    message = answer["reasons"][0]["message"] if answer["reasons"] else ""
    return Refusal(id_text(reservation.id), instant_ms(reservation.at_ms), answer["requested_model"], message)
