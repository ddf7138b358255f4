"""What people do in Slack, as Slack tells an app of it: over HTTP, signed, or over the websocket."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.slack.fake.block_kit import view_problems
from tests.slack.fake.server import ACK_S, SlackServer
from tests.slack.fake.workspace import SIGNING_SECRET, OpenView, Posting, Workspace


def signed(body: bytes, at_s: float, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """Return the headers that Slack sends with a body."""
    made = hmac.new(secret.encode(), b"v0:%d:" % int(at_s) + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": str(int(at_s)), "x-slack-signature": f"v0={made}"}


class Hands:
    """Somebody at the keyboard.

    Args:
        slack: The made-up Slack.
        address: Where it delivers; ``""``: over the websocket.
    """

    def __init__(self, slack: SlackServer, address: str) -> None:
        self.slack = slack
        self.address = address

    @property
    def workspace(self) -> Workspace:
        """What Slack remembers."""
        return self.slack.workspace

    async def command(self, user: str, text: str = "", **more: Any) -> dict[str, Any]:
        """Type the command, and return how it was acknowledged."""
        return await self._deliver("slash_commands", self.command_payload(user, text) | more)

    def command_payload(self, user: str, text: str = "") -> dict[str, Any]:
        """Return what Slack sends of a command."""
        return {
            "command": "/ai-budget",
            "text": text,
            "user_id": user,
            "channel_id": "C0SOME",
            "team_id": "T0ACME",
            "response_url": f"{self.slack.url}{self.workspace.response_path()}",
            "trigger_id": self.workspace.trigger(),
        }

    async def click(
        self, user: str, action_id: str, *, on: Posting | OpenView | None = None, value: str | None = None
    ) -> dict[str, Any]:
        """Click a button of a message or a view; it must be there."""
        blocks = self._blocks(on)
        found = [(block, element) for block in blocks for element in _elements(block)]
        block, element = next(pair for pair in found if _is(pair[1], action_id, value))
        action = {"type": element["type"], "action_id": action_id, "block_id": block.get("block_id", "x")}
        action["value"] = element.get("value", "")
        return await self._deliver("interactive", self._interaction(user, "block_actions", on) | {"actions": [action]})

    async def choose(self, user: str, view: OpenView, block_id: str, value: str, **filled: Any) -> dict[str, Any]:
        """Choose from a menu that tells of it at once; ``filled`` is what the other fields hold."""
        block = next(block for block in view.view["blocks"] if block.get("block_id") == block_id)
        element = block.get("element") or block["elements"][0]
        option = next(one for one in element["options"] if one["value"] == value)
        action = {"type": element["type"], "action_id": element["action_id"], "block_id": block_id}
        payload = self._interaction(user, "block_actions", view)
        payload["view"]["state"] = {"values": values_of(view, {block_id: value, **filled})}
        return await self._deliver("interactive", payload | {"actions": [{**action, "selected_option": option}]})

    async def submit(self, user: str, view: OpenView, **filled: Any) -> dict[str, Any]:
        """Send a modal, and return how it was acknowledged: with errors, another view, or nothing."""
        payload = self._interaction(user, "view_submission", view)
        payload["view"]["state"] = {"values": values_of(view, filled)}
        acknowledged = await self._deliver("interactive", payload)
        assert [] == (view_problems(acknowledged["view"]) if "view" in acknowledged else [])
        unknown = acknowledged.get("errors", {}).keys() - payload["view"]["state"]["values"].keys()
        assert not unknown, f"Slack shows no error at {unknown}: there is no such field"
        return acknowledged

    async def shortcut(self, user: str, message: dict[str, Any]) -> dict[str, Any]:
        """Use the message shortcut."""
        payload = self._interaction(user, "message_action", None)
        payload |= {"callback_id": "explain_message", "message": message, "channel": {"id": "C0SOME"}}
        payload["response_url"] = f"{self.slack.url}{self.workspace.response_path()}"
        return await self._deliver("interactive", payload)

    async def open_home(self, user: str, event_id: str = "", **headers: str) -> dict[str, Any]:
        """Open the App Home."""
        event = {"type": "app_home_opened", "user": user, "channel": f"D{user[1:]}", "tab": "home"}
        return await self._deliver(
            "events_api",
            {
                "type": "event_callback",
                "team_id": "T0ACME",
                "event_id": event_id or f"Ev{self.workspace.number()}",
                "event": event,
            },
            **headers,
        )

    def _interaction(self, user: str, kind: str, on: Posting | OpenView | None) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "type": kind,
            "user": {"id": user, "username": user.lower(), "team_id": "T0ACME"},
            "team": {"id": "T0ACME"},
            "trigger_id": self.workspace.trigger(),
        }
        if isinstance(on, Posting):
            payload["channel"] = {"id": on.channel}
            payload["message"] = {"ts": on.ts, "text": on.text, "blocks": on.blocks}
            payload["container"] = {"type": "message", "message_ts": on.ts, "channel_id": on.channel}
            payload["response_url"] = f"{self.slack.url}{self.workspace.response_path()}"
        elif isinstance(on, OpenView):
            payload["view"] = {"id": on.id, "hash": on.hash, **on.view}
            payload["container"] = {"type": "view", "view_id": on.id}
        elif kind == "block_actions":
            payload["response_url"] = f"{self.slack.url}{self.workspace.response_path()}"
            payload["container"] = {"type": "message", "is_ephemeral": True}
        return payload

    def _blocks(self, on: Posting | OpenView | None) -> list[dict[str, Any]]:
        if on is None:
            return list(self.workspace.answers[-1]["blocks"])
        return list(on.blocks if isinstance(on, Posting) else on.view["blocks"])

    async def _deliver(self, kind: str, payload: dict[str, Any], **headers: str) -> dict[str, Any]:
        if not self.address:
            return await self.slack.deliver(kind, payload)
        if kind == "events_api":
            body, media = json.dumps(payload).encode(), "application/json"
        else:
            form = {"payload": json.dumps(payload)} if kind == "interactive" else payload
            body, media = urlencode(form).encode(), "application/x-www-form-urlencoded"
        given = {**signed(body, self.workspace.clock()), "content-type": media, **headers}
        async with httpx.AsyncClient(timeout=ACK_S) as client:
            response = await client.post(self.address, content=body, headers=given)
        assert 200 == response.status_code, response.text
        return dict(response.json()) if response.content else {}


def values_of(view: OpenView, filled: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a modal's fields: what was filled in, else what stood there."""
    values: dict[str, Any] = {}
    for block in view.view["blocks"]:
        element = block.get("element")
        if element is None and block["type"] == "actions":
            element = next((one for one in block["elements"] if one["type"] == "static_select"), None)
        if element is not None:
            given = filled.get(block["block_id"])
            values[block["block_id"]] = {element["action_id"]: _value(element, given)}
    unknown = filled.keys() - values.keys()
    assert not unknown, f"the modal has no field {unknown}"
    return values


def _value(element: dict[str, Any], given: Any) -> dict[str, Any]:
    match element["type"]:
        case "static_select" | "radio_buttons":
            option = element.get("initial_option")
            if given is not None:
                option = next(one for one in element["options"] if one["value"] == given)
            return {"type": element["type"], "selected_option": option}
        case "checkboxes":
            chosen = [one for one in element["options"] if one["value"] in (given or ())]
            return {"type": element["type"], "selected_options": chosen}
        case "datepicker":
            return {"type": element["type"], "selected_date": given or element.get("initial_date")}
        case _:
            return {"type": element["type"], "value": given if given is not None else element.get("initial_value")}


def _elements(block: dict[str, Any]) -> list[dict[str, Any]]:
    accessory = [block["accessory"]] if "accessory" in block else []
    return [*accessory, *(block.get("elements", []) if block["type"] == "actions" else [])]


def _is(element: dict[str, Any], action_id: str, value: str | None) -> bool:
    return element.get("action_id") == action_id and (value is None or element.get("value") == value)


def said(blocks: Any) -> str:
    """Return everything that blocks say, a line for each text."""
    texts: list[str] = []

    def collect(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("text"), str):
                texts.append(part["text"])
            for inner in part.values():
                collect(inner)
        elif isinstance(part, list | tuple):
            for inner in part:
                collect(inner)

    collect(blocks)
    return "\n".join(texts)
