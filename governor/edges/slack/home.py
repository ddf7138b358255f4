"""App Home: shown when somebody opens it, and again when they ask for it."""

from governor.clients.slack.manifest import COMMAND
from governor.clients.slack_blocks.home import HomePage, Refusal, home_view, stranger_home
from governor.clients.slack_blocks.notes import unknown_person_message
from governor.edges.slack.desk import Asked, Desk
from governor.services.approvals.read import RequestQuery, list_requests
from governor.services.slack.card_facts import slack_ids
from governor.services.who_may_see import machines_of

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
    budgets, rests = entitled.budgets_in(desk.organization.default_environment)
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
        rests=rests,
    )


async def refusals(asked: Asked) -> list[Refusal]:
    """Return what was refused somebody and their machines lately, newest first."""
    requesters = (asked.person.user, *machines_of(asked.desk.organization, asked.person))
    found = await asked.desk.governor.refusals.of(requesters, asked.now)
    return [Refusal(one.decision_id, one.at, one.model, one.message, one.times) for one in found[:REFUSALS]]
