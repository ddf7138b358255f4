"""The Slack app: which act leads where. HTTP and Socket Mode both come through here."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from governor.clients.slack import SlackError, SlackUnavailableError
from governor.clients.slack.manifest import COMMAND, EXPLAIN_MESSAGE, HOME_OPENED
from governor.clients.slack_blocks.home import REFRESH, WHY
from governor.clients.slack_blocks.stops import LIFT
from governor.edges.slack import deciding, glass, requesting
from governor.edges.slack.clicks import WHY_TITLE, explain_message, lift_clicked, why_clicked
from governor.edges.slack.command import answer_command, opens_form
from governor.edges.slack.conduct import Listener, answered_first
from governor.edges.slack.desk import Desk, who_asks
from governor.edges.slack.home import show_home, show_stranger
from governor.edges.slack.submitting import submitted

_log = structlog.get_logger("governor.slack")


@dataclass(frozen=True, slots=True)
class Listeners:
    """What the app listens to, by the names that Slack uses; the manifest registers the same."""

    commands: Mapping[str, Listener]
    events: Mapping[str, Listener]
    message_shortcuts: Mapping[str, Listener]
    actions: Mapping[str, Listener]
    views: Mapping[str, Listener]


def listeners(desk: Desk) -> Listeners:
    """Return which act leads where."""
    clicks = {**deciding.CLICKS, **requesting.CLICKS}
    submissions = {**deciding.SUBMISSIONS, **requesting.SUBMISSIONS, **glass.SUBMISSIONS}
    return Listeners(
        commands={COMMAND: answered_first(desk, answer_command, waiting=opens_form)},
        events={HOME_OPENED: _home_opened(desk)},
        message_shortcuts={EXPLAIN_MESSAGE: answered_first(desk, explain_message, waiting=WHY_TITLE)},
        actions={
            REFRESH: answered_first(desk, show_home),
            WHY: answered_first(desk, why_clicked, waiting=WHY_TITLE),
            LIFT: answered_first(desk, lift_clicked),
            **{name: answered_first(desk, work, waiting=title) for name, (work, title) in clicks.items()},
        },
        views={name: submitted(desk, work) for name, work in submissions.items()},
    )


def slack_application(heard: Listeners, bot_token: str) -> AsyncApp:
    """Make the app; signatures are checked before anything reaches it.

    Args:
        heard: What it listens to.
        bot_token: Whose app it is.
    """
    quiet = _quiet_logger()
    app = AsyncApp(
        # The library sets the level of the logger of this name: of `governor` it would quiet the whole server.
        name=quiet.name,
        logger=quiet,
        authorize=_ours(bot_token),
        request_verification_enabled=False,
        ssl_check_enabled=False,
        attaching_function_token_enabled=False,
    )
    for name, listener in heard.commands.items():
        app.command(name)(listener)
    for name, listener in heard.events.items():
        app.event(name)(listener)
    for name, listener in heard.message_shortcuts.items():
        app.shortcut({"type": "message_action", "callback_id": name})(listener)
    for name, listener in heard.actions.items():
        app.action(name)(listener)
    for name, listener in heard.views.items():
        app.view(name)(listener)
    app.error(_defect)
    return app


def _ours(bot_token: str) -> Callable[..., Awaitable[AuthorizeResult]]:
    """Every signed request is for the one workspace that the app is installed in; Slack need not be asked."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=bot_token)

    return authorize


def _home_opened(desk: Desk) -> Callable[..., Awaitable[None]]:
    known = answered_first(desk, show_home)

    async def opened(ack: Callable[[], Awaitable[Any]], body: dict[str, Any]) -> None:
        slack_id = who_asks(body)
        if body["event"].get("tab", "home") != "home":
            # The messages tab of the same app: nothing is shown there.
            await ack()
            return
        if desk.person(slack_id, desk.now) is not None:
            await known(ack, body)
            return
        await ack()
        desk.later.start(_stranger(desk, slack_id))

    return opened


async def _stranger(desk: Desk, slack_id: str) -> None:
    _log.warning("unknown_slack_user", slack_id=slack_id[:40], what=HOME_OPENED)
    try:
        await show_stranger(desk, slack_id)
    except (SlackError, SlackUnavailableError) as error:
        _log.warning("slack_failed", problem=error.message, slack_id=slack_id)


async def _defect(error: Exception) -> BoltResponse:
    _log.error("defect", exc_info=error)
    return BoltResponse(status=500, body="")


def _quiet_logger() -> logging.Logger:
    """Return the logger of Slack's library: what it says of single requests may quote what people wrote."""
    logger = logging.getLogger("governor.slack.bolt")
    logger.setLevel(logging.ERROR)
    return logger
