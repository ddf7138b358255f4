"""What Slack refuses of blocks and views, from https://docs.slack.dev/reference/block-kit and .../reference/views.

Written from Slack's pages, not from our own limits: two mistakes that agree would prove nothing.
"""

from collections.abc import Iterator
from typing import Any

Problem = str

ELEMENTS = {
    "actions": {"button", "static_select", "datepicker", "overflow", "radio_buttons", "checkboxes", "users_select"},
    "section": {"button", "static_select", "datepicker", "overflow", "radio_buttons", "checkboxes", "image"},
    "input": {
        "plain_text_input",
        "number_input",
        "static_select",
        "multi_static_select",
        "datepicker",
        "radio_buttons",
        "checkboxes",
        "users_select",
    },
}
MESSAGE_BLOCKS = {"section", "actions", "context", "divider", "header", "image", "input"}
VIEW_BLOCKS = MESSAGE_BLOCKS
VIEW_FIELDS = {
    "type",
    "title",
    "blocks",
    "close",
    "submit",
    "private_metadata",
    "callback_id",
    "clear_on_close",
    "notify_on_close",
    "external_id",
}


def message_problems(blocks: Any) -> list[Problem]:
    """Return what Slack would refuse of a message's blocks."""
    if not isinstance(blocks, list):
        return ["must provide an array of blocks"]
    found = [f"no more than 50 items allowed [json-pointer:/blocks] ({len(blocks)})"] if len(blocks) > 50 else []
    return [*found, *_blocks(blocks)]


def view_problems(view: Any) -> list[Problem]:
    """Return what Slack would refuse of a view."""
    if not isinstance(view, dict) or view.get("type") not in {"modal", "home"}:
        return ["a view is a modal or a home"]
    found: list[Problem] = []
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        return ["missing required field: blocks"]
    if len(blocks) > 100:
        found.append(f"no more than 100 items allowed [json-pointer:/view/blocks] ({len(blocks)})")
    if len(view.get("private_metadata", "")) > 3000:
        found.append("must be less than 3001 characters [json-pointer:/view/private_metadata]")
    if len(view.get("callback_id", "")) > 255:
        found.append("must be less than 256 characters [json-pointer:/view/callback_id]")
    if view["type"] == "modal":
        found.extend(_text(view.get("title"), "/view/title", 24, kinds={"plain_text"}))
        for part in ("close", "submit"):
            if part in view:
                found.extend(_text(view[part], f"/view/{part}", 24, kinds={"plain_text"}))
        if any(block.get("type") == "input" for block in blocks if isinstance(block, dict)) and "submit" not in view:
            found.append("missing required field: submit, because there is an input block")
    found.extend(f"unknown field of a view: {name}" for name in view.keys() - VIEW_FIELDS)
    return [*found, *_blocks(blocks)]


def _blocks(blocks: list[Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        place = f"/blocks/{index}"
        if not isinstance(block, dict) or block.get("type") not in VIEW_BLOCKS:
            yield f"unsupported type [json-pointer:{place}/type]"
            continue
        block_id = block.get("block_id", "")
        if len(block_id) > 255:
            yield f"must be less than 256 characters [json-pointer:{place}/block_id]"
        if block_id and block_id in seen:
            yield f"block_id `{block_id}` already exists [json-pointer:{place}]"
        seen.add(block_id)
        yield from _KINDS[block["type"]](block, place)


def _section(block: dict[str, Any], place: str) -> Iterator[Problem]:
    if "text" not in block and not block.get("fields"):
        yield f"must have text or fields [json-pointer:{place}]"
    if "text" in block:
        yield from _text(block["text"], f"{place}/text", 3000)
    fields = block.get("fields", [])
    if len(fields) > 10:
        yield f"no more than 10 items allowed [json-pointer:{place}/fields]"
    for index, field in enumerate(fields):
        yield from _text(field, f"{place}/fields/{index}", 2000)
    if "accessory" in block:
        yield from _element(block["accessory"], f"{place}/accessory", "section")
    yield from _unknown(block, place, {"text", "fields", "accessory", "expand"})


def _actions(block: dict[str, Any], place: str) -> Iterator[Problem]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
        yield f"must have 1 to 25 elements [json-pointer:{place}/elements]"
        return
    ids = [element.get("action_id") for element in elements]
    if len(set(ids)) < len(ids):
        yield f"action_id must be unique in a block [json-pointer:{place}/elements]"
    for index, element in enumerate(elements):
        yield from _element(element, f"{place}/elements/{index}", "actions")
    yield from _unknown(block, place, {"elements"})


def _context(block: dict[str, Any], place: str) -> Iterator[Problem]:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        yield f"must have 1 to 10 elements [json-pointer:{place}/elements]"
        return
    for index, element in enumerate(elements):
        yield from _text(element, f"{place}/elements/{index}", 3000)
    yield from _unknown(block, place, {"elements"})


def _header(block: dict[str, Any], place: str) -> Iterator[Problem]:
    yield from _text(block.get("text"), f"{place}/text", 150, kinds={"plain_text"})
    yield from _unknown(block, place, {"text"})


def _input(block: dict[str, Any], place: str) -> Iterator[Problem]:
    yield from _text(block.get("label"), f"{place}/label", 2000, kinds={"plain_text"})
    if "hint" in block:
        yield from _text(block["hint"], f"{place}/hint", 2000, kinds={"plain_text"})
    yield from _element(block.get("element"), f"{place}/element", "input")
    yield from _unknown(block, place, {"label", "hint", "element", "optional", "dispatch_action"})


def _divider(block: dict[str, Any], place: str) -> Iterator[Problem]:
    yield from _unknown(block, place, set())


_KINDS = {
    "section": _section,
    "actions": _actions,
    "context": _context,
    "header": _header,
    "input": _input,
    "divider": _divider,
    "image": _divider,
}


def _element(element: Any, place: str, where: str) -> Iterator[Problem]:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in ELEMENTS[where]:
        yield f"unsupported element `{kind}` [json-pointer:{place}/type]"
        return
    if not 1 <= len(element.get("action_id", "")) <= 255:
        yield f"must have an action_id of up to 255 characters [json-pointer:{place}/action_id]"
    if "placeholder" in element:
        yield from _text(element["placeholder"], f"{place}/placeholder", 150, kinds={"plain_text"})
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{place}/confirm")
    match kind:
        case "button":
            yield from _button(element, place)
        case "static_select" | "multi_static_select":
            yield from _choices(element, place, 100)
        case "radio_buttons" | "checkboxes":
            yield from _choices(element, place, 10)
        case "plain_text_input":
            yield from _text_input(element, place)


def _text_input(element: dict[str, Any], place: str) -> Iterator[Problem]:
    most = element.get("max_length", 3000)
    if not 1 <= most <= 3000:
        yield f"must be 1 to 3000 [json-pointer:{place}/max_length]"
    if len(element.get("initial_value", "")) > most:
        yield f"is longer than max_length [json-pointer:{place}/initial_value]"


def _button(element: dict[str, Any], place: str) -> Iterator[Problem]:
    yield from _text(element.get("text"), f"{place}/text", 75, kinds={"plain_text"})
    if len(element.get("value", "")) > 2000:
        yield f"must be less than 2001 characters [json-pointer:{place}/value]"
    if len(element.get("url", "")) > 3000:
        yield f"must be less than 3001 characters [json-pointer:{place}/url]"
    if "url" in element and not element["url"].startswith(("http://", "https://")):
        yield f"must be a URL [json-pointer:{place}/url]"
    if element.get("style", "primary") not in {"primary", "danger"}:
        yield f"must be primary or danger [json-pointer:{place}/style]"


def _choices(element: dict[str, Any], place: str, most: int) -> Iterator[Problem]:
    options = element.get("options")
    if not isinstance(options, list) or not 1 <= len(options) <= most:
        yield f"must have 1 to {most} options [json-pointer:{place}/options]"
        return
    for index, option in enumerate(options):
        yield from _option(option, f"{place}/options/{index}")
    values = [option.get("value") for option in options]
    if len(set(values)) < len(values):
        yield f"values must be unique [json-pointer:{place}/options]"
    if "initial_option" in element and element["initial_option"] not in options:
        yield f"must be one of the options [json-pointer:{place}/initial_option]"


def _option(option: dict[str, Any], place: str) -> Iterator[Problem]:
    yield from _text(option.get("text"), f"{place}/text", 75)
    if not 1 <= len(option.get("value", "")) <= 150:
        yield f"must be 1 to 150 characters [json-pointer:{place}/value]"
    if "description" in option:
        yield from _text(option["description"], f"{place}/description", 75)


def _confirm(confirm: dict[str, Any], place: str) -> Iterator[Problem]:
    yield from _text(confirm.get("title"), f"{place}/title", 100, kinds={"plain_text"})
    yield from _text(confirm.get("text"), f"{place}/text", 300)
    yield from _text(confirm.get("confirm"), f"{place}/confirm", 30, kinds={"plain_text"})
    yield from _text(confirm.get("deny"), f"{place}/deny", 30, kinds={"plain_text"})


def _text(text: Any, place: str, most: int, kinds: frozenset[str] | set[str] = frozenset()) -> Iterator[Problem]:
    if not isinstance(text, dict) or text.get("type") not in (kinds or {"plain_text", "mrkdwn"}):
        yield f"must be a text object [json-pointer:{place}]"
        return
    if not 1 <= len(text.get("text", "")) <= most:
        yield f"must be 1 to {most} characters [json-pointer:{place}/text] ({len(text.get('text', ''))})"
    if text["type"] == "mrkdwn" and "emoji" in text:
        yield f"emoji is for plain_text [json-pointer:{place}]"


def _unknown(block: dict[str, Any], place: str, known: set[str]) -> Iterator[Problem]:
    for name in sorted(block.keys() - known - {"type", "block_id"}):
        yield f"invalid additional property: {name} [json-pointer:{place}]"
