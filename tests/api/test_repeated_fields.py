"""Bodies in which an object names a field twice."""

import json
from typing import Any

import pytest

from tests.api.world import Server, question

JSON = {"content-type": "application/json"}
DECIDE = b'{"model":"gpt-4o-mini","subject":{"user":"eve@acme.example"},"input_tokens":1}'
EVENT = b'{"event_id":"e","model":"gpt-4o-mini","status":"ok","usage":{"input_tokens":1}}'
REPORT = b'{"provider":"openai","usage":{"a":[{"b":1,"b":2}]}}'
CLOUD = b'{"specversion":"1.0","id":"1","source":"gw","type":"usage","data":{"status":"ok","status":"ok"}}'


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/decide", DECIDE[:-1] + b',"model":"b"}', "model"),
        ("/decide", b'{"model": "a", "subject" : {"user":"eve", "user" : "mia"}}', "user"),
        *[("/decide", DECIDE[:-1] + b',"model"' + space + b':"b"}', "model") for space in (b" ", b"\t", b"\r", b"\n")],
        ("/decide", b'{"model" :"a",' + DECIDE[1:], "model"),
        ("/decide", DECIDE[:-1] + b',"tags":{"a":"\\":","a":"1"}}', "a"),
        ("/decide", DECIDE[:-1] + b',"mod\\u0065l":"b"}', "model"),
        ("/decide/batch", b"{" + b",".join([b'"requests":[' + DECIDE + b"]"] * 2) + b"}", "requests"),
        ("/usage", EVENT[:-1] + b',"status":"error"}', "status"),
        ("/usage", EVENT.replace(b'"usage":{"input_tokens":1}', b'"provider_usage":' + REPORT), "b"),
        ("/outcomes", b'{"use_case":"x","count":1,"count":2}', "count"),
    ],
)
async def test_a_field_that_stands_twice_is_refused(server: Server, path: str, body: bytes, field: str) -> None:
    """One reader takes the first and another the last: nobody may be billed by either."""
    async with server.client() as client:
        answer = await client.post(path, content=body, headers=JSON)

    assert (422, f"the body names `{field}` twice in one object") == (
        answer.status_code,
        answer.json()["error"]["message"],
    )


async def test_an_event_in_an_envelope_names_each_field_once_too(server: Server) -> None:
    """Alone it is refused, in a batch it is rejected in its slot."""
    one, many = "application/cloudevents+json", "application/cloudevents-batch+json"
    async with server.client() as client:
        alone = await client.post("/usage", content=CLOUD, headers={"content-type": one})
        batch = await client.post("/usage", content=b"[" + CLOUD + b"]", headers={"content-type": many})

    assert (422, "the body names `status` twice in one object") == (alone.status_code, alone.json()["error"]["message"])
    assert [("1", "rejected")] == [(event["event_id"], event["status"]) for event in batch.json()["events"]]


async def test_in_a_list_it_is_the_fault_of_that_one_alone(server: Server) -> None:
    """The others of a batch are decided and recorded."""
    twice = b',"model":"gpt-4o"}'
    async with server.client() as client:
        told = await client.post("/usage", content=b"[" + EVENT[:-1] + twice + b"," + EVENT + b"]", headers=JSON)
        body = b'{"requests":[' + DECIDE[:-1] + twice + b"," + DECIDE + b"]}"
        asked = await client.post("/decide/batch", content=body, headers=JSON)

    assert ["rejected", "recorded"] == [event["status"] for event in told.json()["events"]]
    assert [True, False] == ["error" in decision for decision in asked.json()["decisions"]]


@pytest.mark.parametrize("text", ['":', '\\":', ' : "', '{"a":1}', "ä", '"'])
@pytest.mark.parametrize("style", [{}, {"indent": 2}, {"separators": (" , ", " : ")}, {"separators": (",", ":")}])
async def test_marks_within_a_text_are_no_fields(server: Server, text: str, style: dict[str, Any]) -> None:
    """Whatever a tag says, and however a body is written, what names each field once is read."""
    body = json.dumps(question(tags={"a": text, "b": text}), **style)
    async with server.client() as client:
        answer = await client.post("/decide", content=body, headers=JSON)

    assert 200 == answer.status_code, answer.text
