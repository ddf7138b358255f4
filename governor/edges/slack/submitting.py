"""What people send with a modal: answered before Slack loses patience, with errors at their fields."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from governor.clients.slack import SlackError, SlackUnavailableError
from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.elements import modal, section
from governor.clients.slack_blocks.message import View
from governor.clients.slack_blocks.notes import note_modal, problem_modal, unknown_person_message, waiting_modal
from governor.clients.slack_blocks.texts import cut, escape
from governor.core.errors import GovernorError
from governor.edges.slack.conduct import DEFECT, NO_DATABASE, Listener, delivery_of
from governor.edges.slack.desk import Asked, Desk, who_asks
from governor.services.slack.deliveries import first_time

_log = structlog.get_logger("governor.slack")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a modal becomes: errors at fields, another modal in its place or over it, or nothing (all are closed).

    Attributes:
        errors: By field.
        instead: Takes its place.
        over: Is put over it, so that closing it leads back.
    """

    errors: Mapping[str, str] = field(default_factory=dict)
    instead: View | None = None
    over: View | None = None

    def acknowledgement(self) -> dict[str, Any]:
        """Return how Slack is told."""
        if self.errors:
            texts = {name: cut(text, limits.LABEL) for name, text in self.errors.items()}
            return {"response_action": "errors", "errors": texts}
        if self.over is not None:
            return {"response_action": "push", "view": self.over}
        if self.instead is not None:
            return {"response_action": "update", "view": self.instead}
        return {"response_action": "clear"}


CLOSE = Reply()
"""All is done: every modal is closed."""

Submission = Callable[[Asked], Awaitable[Reply]]


def submitted(desk: Desk, work: Submission) -> Listener:
    """Make a listener for a modal's submission.

    What is wrong is shown at its field, and what was typed stays. If the database takes longer than Slack waits, the
    modal says so and shows what came of it later.
    """

    async def listen(ack: Callable[..., Awaitable[Any]], body: dict[str, Any]) -> None:
        working = asyncio.ensure_future(_reply(desk, body, work))
        desk.later.start(_until(working))
        await asyncio.wait({working}, timeout=desk.patience_s)
        if working.done():
            await ack(**working.result().acknowledgement())
            return
        await ack(response_action="update", view=waiting_modal("Still at it"))
        desk.later.start(_afterwards(desk, body, working))

    return listen


async def _until(working: "asyncio.Future[Reply]") -> None:
    await working


async def _afterwards(desk: Desk, body: Mapping[str, Any], working: "asyncio.Future[Reply]") -> None:
    """Show in the modal what came of a submission that took longer than Slack waits."""
    reply = await working
    view = body["view"]
    shown = reply.instead or reply.over or note_modal("Done", ":white_check_mark: It is done.")
    if reply.errors:
        shown = refilled(view, reply.errors)
    try:
        await desk.client.settle()
        await desk.client.update_view(str(view["id"]), shown)
    except (SlackError, SlackUnavailableError) as error:
        _log.warning("slack_failed", problem=error.message, slack_id=who_asks(body))


async def _reply(desk: Desk, body: Mapping[str, Any], work: Submission) -> Reply:
    slack_id, now = who_asks(body), desk.now
    person = desk.person(slack_id, now)
    if person is None:
        _log.warning("unknown_slack_user", slack_id=slack_id[:40], what="view_submission")
        message = unknown_person_message(slack_id, desk.organization.name)
        return Reply(instead=modal("Who are you?", message.blocks, callback_id="note"))
    asked = Asked(desk, person, slack_id, body, now)
    try:
        if not await first_time(desk.governor.database, delivery_of(body), now):
            return CLOSE
        return await work(asked)
    except GovernorError as error:
        return _refused(asked, error)
    except SQLAlchemyError as error:
        _log.warning("database_failed", problem=type(error).__name__)
        return _problem(asked, NO_DATABASE)
    except Exception:  # noqa: BLE001 the last line of defence: nothing else would tell whoever asked
        _log.exception("defect", person=person.user)
        return _problem(asked, DEFECT)


def _refused(asked: Asked, error: GovernorError) -> Reply:
    """Show an error at the field that it names, else at the first one."""
    _log.info("refused", code=error.code, reason=error.message, person=asked.person.user)
    given = str(error.details.get("field", ""))
    fields = field_names(asked.body["view"])
    for at in FIELDS_OF.get(given.partition(".")[0], (given,)):
        if at in fields:
            return Reply(errors={at: error.message})
    return _problem(asked, error.message)


def _problem(asked: Asked, problem: str) -> Reply:
    """Show a problem without losing what was typed: at the first field, or in place of a modal that has none."""
    fields = field_names(asked.body["view"])
    return Reply(errors={fields[0]: problem}) if fields else Reply(instead=problem_modal(problem))


FIELDS_OF = {
    "amount_usd": ("amount",),
    "terms": ("amount",),
    "ends_at": ("until",),
    "note": ("reason",),
    "reason": ("reason", "justification"),
    "until": ("until", "hours"),
    "expected_value_usd": ("value",),
    "worth_usd": ("worth",),
    "scope": ("whom",),
    "lifts": ("quota", "model", "size"),
    "models": ("model",),
    "input_tokens_max": ("tokens",),
    "amounts": ("units",),
}
"""The fields of modals that may show what services say of theirs; a modal has one of them."""


def field_names(view: Mapping[str, Any]) -> list[str]:
    """Return the fields of a modal, in order."""
    return [str(block["block_id"]) for block in view["blocks"] if block["type"] == "input"]


def filled(asked: Asked) -> dict[str, Any]:
    """Return what the fields of a modal hold: texts, chosen values, lists of chosen values, dates; absent if empty."""
    return filled_in(asked.body["view"])


def filled_in(view: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields of a view hold; see ``filled``."""
    values = (view.get("state") or {}).get("values") or {}
    held = {name: _held(next(iter(actions.values()))) for name, actions in values.items() if actions}
    return {name: value for name, value in held.items() if value not in (None, "", [])}


def _held(value: Mapping[str, Any]) -> Any:
    if "selected_options" in value:
        return [one["value"] for one in value["selected_options"] or ()]
    if value.get("selected_option"):
        return value["selected_option"]["value"]
    return value.get("selected_date") or value.get("value")


def refilled(view: Mapping[str, Any], errors: Mapping[str, str]) -> View:
    """Return a modal as it was sent, with what was typed, and what is wrong with it above."""
    held = filled_in(view)
    said = "\n".join(f":warning: {escape(text)}" for text in errors.values())
    made = {name: view[name] for name in _VIEW if view.get(name)}
    blocks = [_with(block, held.get(block.get("block_id", ""))) for block in view["blocks"]]
    return {**made, "type": "modal", "blocks": [section(said), *blocks]}


_VIEW = ("title", "submit", "close", "callback_id", "private_metadata")


def _with(block: Mapping[str, Any], held: Any) -> dict[str, Any]:
    element = block.get("element")
    if element is None or held is None:
        return dict(block)
    match element["type"]:
        case "plain_text_input":
            filled_element = {**element, "initial_value": held}
        case "datepicker":
            filled_element = {**element, "initial_date": held}
        case "static_select":
            chosen = next((one for one in element["options"] if one["value"] == held), None)
            filled_element = {**element, "initial_option": chosen} if chosen else dict(element)
        case _:
            chosen_all = [one for one in element.get("options", ()) if one["value"] in held]
            filled_element = {**element, "initial_options": chosen_all} if chosen_all else dict(element)
    return {**block, "element": filled_element}
