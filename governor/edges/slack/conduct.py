"""How everything that people do in Slack is done: answer Slack, find out who it is, act once, say what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from governor.clients.slack import SlackError, SlackUnavailableError
from governor.clients.slack_blocks.notes import unknown_person_message, waiting_modal
from governor.core.errors import GovernorError
from governor.edges.slack.desk import Asked, Desk, who_asks
from governor.services.slack.deliveries import first_time

Work = Callable[[Asked], Awaitable[None]]
"""One act: a call of a service, and what is said about it."""

Listener = Callable[..., Awaitable[None]]

NO_DATABASE = "the database does not answer; try again in a moment"
DEFECT = "something broke on our side, and the people who run Governor can see it in the log; try again later"

_log = structlog.get_logger("governor.slack")


def answered_first(desk: Desk, work: Work, *, waiting: str | Callable[[Mapping[str, Any]], str] = "") -> Listener:
    """Make a listener that acknowledges at once and works afterwards, however slow the database is.

    Args:
        desk: What it works with.
        work: What is done.
        waiting: The title of the modal that is opened at once and shows what comes of it, or what tells it from what
            Slack sent; ``""``: none is.
    """

    async def listen(ack: Callable[[], Awaitable[Any]], body: dict[str, Any]) -> None:
        await ack()
        title = waiting if isinstance(waiting, str) else waiting(body)
        desk.later.start(conduct(desk, body, work, waiting=title))

    return listen


async def conduct(desk: Desk, body: Mapping[str, Any], work: Work, *, waiting: str = "") -> None:
    """Do what somebody asked for, and tell them if it cannot be done."""
    asked = await known(desk, body)
    if asked is None:
        return
    await carefully(asked, _one_act(asked, work, waiting))


async def _one_act(asked: Asked, work: Work, waiting: str) -> None:
    if waiting:
        # A trigger lives for three seconds: the modal is opened first, and filled when the database has answered.
        # From within a modal, the new one is put over it.
        client, inside = asked.desk.client, (asked.body.get("view") or {}).get("type") == "modal"
        opens = client.push_view if inside else client.open_view
        asked.view_id = await opens(asked.trigger_id, waiting_modal(waiting))
    if await first_time(asked.desk.governor.database, delivery_of(asked.body), asked.now):
        await work(asked)


async def carefully(asked: Asked, work: Awaitable[None]) -> None:
    """Do some work; whatever goes wrong is said to whoever asked, and never a stack trace."""
    try:
        await work
    except (SlackError, SlackUnavailableError) as error:
        _log.warning("slack_failed", problem=error.message, slack_id=asked.slack_id)
    except GovernorError as error:
        _log.info("refused", code=error.code, reason=error.message, person=asked.person.user)
        await _refuse(asked, error.message)
    except SQLAlchemyError as error:
        _log.warning("database_failed", problem=type(error).__name__)
        await _refuse(asked, NO_DATABASE)
    except Exception:  # noqa: BLE001 the last line of defence: nothing else would tell whoever asked
        _log.exception("defect", person=asked.person.user)
        await _refuse(asked, DEFECT)


async def known(desk: Desk, body: Mapping[str, Any]) -> Asked | None:
    """Return who asks; somebody who is not known is told so politely, and logged."""
    slack_id = who_asks(body)
    now = desk.now
    person = desk.person(slack_id, now)
    if person is not None:
        return Asked(desk, person, slack_id, body, now)
    _log.warning("unknown_slack_user", slack_id=slack_id[:40], what=str(body.get("type") or body.get("command"))[:40])
    url = body.get("response_url")
    try:
        message = unknown_person_message(slack_id, desk.organization.name)
        if url:
            await desk.client.answer(str(url), message)
        elif slack_id and body.get("type") != "event_callback":
            await desk.client.post(slack_id, message)
    except (SlackError, SlackUnavailableError) as error:
        _log.warning("slack_failed", problem=error.message, slack_id=slack_id)
    return None


def delivery_of(body: Mapping[str, Any]) -> str:
    """Return what stays the same when Slack, or whoever stands between, delivers one act twice."""
    if body.get("event_id"):
        return f"event {body['event_id']}"
    if body.get("trigger_id"):
        return f"trigger {body['trigger_id']}"
    view = body.get("view") or {}
    return f"view {view.get('id')} {view.get('hash')}"


async def _refuse(asked: Asked, problem: str) -> None:
    try:
        await asked.refuse(problem)
    except (SlackError, SlackUnavailableError) as error:
        _log.warning("slack_failed", problem=error.message, slack_id=asked.slack_id)
