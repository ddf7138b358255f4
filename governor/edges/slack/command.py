"""``/ai-budget``: what is left, why something was refused, and stopping at once."""

from collections.abc import Mapping
from typing import Any

import msgspec

from governor.clients.slack.manifest import COMMAND
from governor.clients.slack_blocks import asking, glass
from governor.clients.slack_blocks.budgets import left_message
from governor.clients.slack_blocks.decision import decision_message
from governor.clients.slack_blocks.message import Message
from governor.clients.slack_blocks.stops import resumed_message, stopped_message
from governor.clients.slack_blocks.usage import help_message
from governor.core.decisions.blocks import Block
from governor.core.errors import InvalidRequestError, NotFoundError
from governor.edges.slack.desk import Asked
from governor.edges.slack.glass import glass_asked
from governor.edges.slack.requesting import request_asked
from governor.edges.slack.words import USAGES, stop_words, target_words, typed
from governor.services.blocks import BlockQuery, BlockWish, end_of, lift_a_block, list_blocks, place_block
from governor.services.explanation_wire import instant_ms
from governor.services.who_may_see import may_see

FORMS = {"request": asking.TITLE, "break-glass": glass.TITLE}
"""What opens a modal, and its title."""


async def answer_command(asked: Asked) -> None:
    """Do what somebody typed after the command."""
    words = typed(str(asked.body.get("text", "")))
    match words.verb:
        case "left":
            await asked.say(await what_is_left(asked))
        case "why":
            await asked.say(await why(asked, words.rest))
        case "request":
            await request_asked(asked)
        case "break-glass":
            await glass_asked(asked)
        case "stop":
            await asked.say(await stop(asked, words.rest))
        case "resume":
            await asked.say(await resume(asked, words.rest))
        case _:
            await asked.say(help_message(COMMAND, USAGES, words.problem))


def opens_form(body: Mapping[str, Any]) -> str:
    """Return the title of the modal that a command opens at once, or ``""``."""
    return FORMS.get(typed(str(body.get("text", ""))).verb, "")


async def what_is_left(asked: Asked) -> Message:
    """Return what is left of the budgets that somebody's requests draw on."""
    entitled = await asked.desk.governor.entitlements.of(asked.person.user, asked.now)
    views, rests = entitled.budgets_in(asked.desk.organization.default_environment)
    more = f"`governor budgets --user {asked.person.user}` lists them all"
    return left_message(views, asked.desk.time_zone, who=asked.person.user, rests=rests, more=more)


async def why(asked: Asked, decision_id: str) -> Message:
    """Explain a decision to somebody whose business it is.

    Raises:
        InvalidRequestError: If no decision is named.
        NotFoundError: If there is none of this id that they may see; which of the two is not told.
    """
    wanted = decision_id.strip().strip("`")
    if not wanted:
        raise InvalidRequestError(f"name a decision: `{COMMAND} why DECISION`; App Home lists what was refused")
    unknown = NotFoundError(f"no decision of yours, or of those you lead, has the id `{wanted[:60]}`")
    try:
        explanation = await asked.desk.governor.explainer.explain(wanted)
    except NotFoundError:
        raise unknown from None
    reservation = explanation.reservation
    attributes = reservation.facts.attributes
    if not may_see(asked.desk.organization, asked.person, attributes, asked.now):
        raise unknown
    answer = msgspec.json.decode(reservation.answer)
    return decision_message(answer, attributes, instant_ms(reservation.at_ms), asked.desk.time_zone)


async def stop(asked: Asked, rest: str) -> Message:
    """Stop something at once, for those who may."""
    desk = asked.desk
    words = stop_words(rest, lambda slack_id: desk.person(slack_id, asked.now))
    wish = BlockWish(words.kind, words.name, words.reason, end_of(None, words.length, asked.now))
    placed = await place_block(desk.governor.database, desk.snapshot, wish, asked.identity, asked.now)
    await desk.governor.blocks.refresh()
    return stopped_message(placed.block, placed.note, desk.time_zone)


async def resume(asked: Asked, rest: str) -> Message:
    """Lift every block in force on something.

    Raises:
        NotFoundError: If nothing of this name is stopped.
    """
    desk = asked.desk
    kind, name = target_words(rest, lambda slack_id: desk.person(slack_id, asked.now))
    query = BlockQuery(kind=kind, name=name)
    page = await list_blocks(desk.governor.database, desk.organization, query, asked.identity, asked.now)
    if not page.blocks:
        raise NotFoundError(f"the {kind.replace('_', ' ')} `{name[:60]}` is not stopped")
    lifted = [await lift(asked, block.ref.partition("/")[2]) for block in page.blocks]
    return resumed_message(lifted, desk.time_zone)


async def lift(asked: Asked, block_id: str) -> Block:
    """Lift one block, for those who may."""
    desk = asked.desk
    block = await lift_a_block(
        desk.governor.database,
        desk.organization,
        block_id,
        reason="lifted from Slack",
        identity=asked.identity,
        now=asked.now,
    )
    await desk.governor.blocks.refresh()
    return block
