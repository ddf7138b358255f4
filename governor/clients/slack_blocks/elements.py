"""The blocks and elements that our messages are made of, within Slack's limits."""

from collections.abc import Iterable, Sequence
from typing import Any

from governor.clients.slack_blocks import limits
from governor.clients.slack_blocks.message import Block, View
from governor.clients.slack_blocks.texts import cut, mrkdwn, plain


def header(text: str) -> Block:
    """Make a heading."""
    return {"type": "header", "text": plain(text, limits.HEADER)}


def section(text: str, *, accessory: Block | None = None, more: str = "", block_id: str = "") -> Block:
    """Make a paragraph; ``more`` ends it if it had to be cut."""
    made: dict[str, Any] = {"type": "section", "text": mrkdwn(text, limits.SECTION, more)}
    if block_id:
        made["block_id"] = block_id
    return made if accessory is None else {**made, "accessory": accessory}


def facts(pairs: Iterable[tuple[str, str]]) -> list[Block]:
    """Make sections of two columns, ten facts in each: a name above its value; empty values are left out."""
    fields = [mrkdwn(f"*{name}*\n{value}", limits.FIELD) for name, value in pairs if value]
    groups = (fields[start : start + limits.FIELDS] for start in range(0, len(fields), limits.FIELDS))
    return [{"type": "section", "fields": group} for group in groups]


def context(*texts: str) -> Block:
    """Make a line of small print."""
    elements = [mrkdwn(text, limits.FIELD) for text in texts if text]
    return {"type": "context", "elements": elements[: limits.CONTEXT_ELEMENTS]}


DIVIDER: Block = {"type": "divider"}


def actions(elements: Sequence[Block], block_id: str = "") -> Block:
    """Make a row of buttons."""
    made: dict[str, Any] = {"type": "actions", "elements": list(elements[: limits.ACTION_ELEMENTS])}
    return {**made, "block_id": block_id} if block_id else made


def button(
    label: str, action_id: str, value: str = "", *, style: str = "", url: str = "", confirm: Block | None = None
) -> Block:
    """Make a button; one with ``url`` opens a page, and clicking it is told to us nevertheless."""
    made = {"type": "button", "text": plain(label, limits.BUTTON), "action_id": action_id}
    more = {"value": value, "style": style, "url": url, "confirm": confirm}
    return {**made, **{name: given for name, given in more.items() if given}}


def confirmation(title: str, text: str, yes: str, no: str = "Go back", *, danger: bool = False) -> Block:
    """Make the question that is asked before a button acts."""
    made: dict[str, Any] = {
        "title": plain(title, limits.CONFIRM_TITLE),
        "text": mrkdwn(text, limits.CONFIRM_TEXT),
        "confirm": plain(yes, limits.CONFIRM_BUTTON),
        "deny": plain(no, limits.CONFIRM_BUTTON),
    }
    return {**made, "style": "danger"} if danger else made


def option(label: str, value: str, description: str = "") -> Block:
    """Make a choice; a value beyond Slack's limit cannot be one."""
    assert len(value) <= limits.OPTION_VALUE, "the value of a choice is sent back, so it cannot be cut"
    made: dict[str, Any] = {"text": plain(label, limits.OPTION), "value": value}
    return {**made, "description": plain(description, limits.OPTION)} if description else made


def select(action_id: str, options: Sequence[Block], *, placeholder: str = "", initial: str = "") -> Block:
    """Make a menu of at most a hundred choices, with the one of the value ``initial`` chosen."""
    shown = list(options[: limits.OPTIONS])
    made: dict[str, Any] = {"type": "static_select", "action_id": action_id, "options": shown}
    if placeholder:
        made["placeholder"] = plain(placeholder, limits.PLACEHOLDER)
    chosen = next((one for one in shown if one["value"] == initial), None)
    return made if chosen is None else {**made, "initial_option": chosen}


def choice(action_id: str, options: Sequence[Block], *, initial: str = "") -> Block:
    """Make a menu; where there are more choices than Slack shows, a field in which the name of one is typed."""
    if len(options) <= limits.OPTIONS:
        return select(action_id, options, initial=initial)
    said = f"One of {len(options):,}, by its name: {options[0]['value']}"
    return text_input(action_id, initial=initial, placeholder=said, length_max=limits.OPTION_VALUE)


def text_input(
    action_id: str, *, initial: str = "", placeholder: str = "", multiline: bool = False, length_max: int = 0
) -> Block:
    """Make a field for text."""
    made: dict[str, Any] = {"type": "plain_text_input", "action_id": action_id, "multiline": multiline}
    if initial:
        made["initial_value"] = cut(initial, length_max or limits.SECTION)
    if placeholder:
        made["placeholder"] = plain(placeholder, limits.PLACEHOLDER)
    return {**made, "max_length": length_max} if length_max else made


def labelled(
    label: str, block_id: str, element: Block, *, hint: str = "", optional: bool = False, dispatch: bool = False
) -> Block:
    """Make a field of a form; ``dispatch`` tells us of a change at once."""
    made: dict[str, Any] = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, limits.LABEL),
        "element": element,
        "optional": optional,
    }
    if hint:
        made["hint"] = plain(hint, limits.LABEL)
    return {**made, "dispatch_action": True} if dispatch else made


def modal(
    title: str, blocks: Sequence[Block], *, callback_id: str, submit: str = "", close: str = "Close", metadata: str = ""
) -> View:
    """Make a modal; with fields in it, it needs ``submit``."""
    assert len(metadata) <= limits.METADATA, "metadata is read back, so it cannot be cut"
    made: dict[str, Any] = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, limits.VIEW_TITLE),
        "close": plain(close, limits.VIEW_TITLE),
        "blocks": list(blocks[: limits.VIEW_BLOCKS]),
        "private_metadata": metadata,
    }
    return {**made, "submit": plain(submit, limits.VIEW_TITLE)} if submit else made


def home(blocks: Sequence[Block]) -> View:
    """Make an App Home."""
    return {"type": "home", "blocks": list(blocks[: limits.VIEW_BLOCKS])}
