"""CloudEvents at ``POST /usage``: structured, binary and batch, and the recorded conformance cases."""

import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import yaml

from tests.api.world import Server

CONFORMANCE = Path(__file__).parents[3] / "shared" / "data" / "cloudevents"
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
DATA = {"model": "claude-sonnet-4", "subject": {"user": "eve@acme.example"}, "usage": {"input_tokens": 1000}}


def envelope(**changes: Any) -> dict[str, Any]:
    """Return a structured event, with changes; a change to None leaves the attribute out."""
    fields = {
        "specversion": "1.0",
        "type": "governor.usage",
        "id": "ce-1",
        "source": "/gateways/1",
        "time": "2026-11-20T11:59:00Z",
        "data": DATA,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


async def post(client: httpx.AsyncClient, body: Any, headers: dict[str, str]) -> httpx.Response:
    """Send a JSON body with other headers than a JSON client would."""
    return await client.post("/usage", content=msgspec.json.encode(body), headers=headers)


async def test_a_structured_event_is_a_usage_event(server: Server) -> None:
    """The envelope gives id, source and time, the data the rest; the type may be any."""
    async with server.client() as client:
        response = await post(
            client, envelope(type="com.acme.anything", datacontenttype="application/json"), STRUCTURED
        )

    [result] = response.json()["events"]
    assert ("ce-1", "recorded", "0.003000000") == (result["event_id"], result["status"], result["cost_usd"])


async def test_a_binary_event_is_a_usage_event(server: Server) -> None:
    """With the envelope in headers the body is the data."""
    headers = {
        "content-type": "application/json; charset=utf-8",
        "ce-specversion": "1.0",
        "ce-type": "governor.usage",
        "ce-id": "ce-2",
        "ce-source": "/gateways/1",
        "ce-time": "2026-11-20T11:59:00Z",
    }
    async with server.client() as client:
        response = await post(client, DATA, headers)

    assert [("ce-2", "recorded")] == [(r["event_id"], r["status"]) for r in response.json()["events"]]


async def test_a_batch_of_events_has_a_result_for_each(server: Server) -> None:
    """A bad event of a batch is rejected in its slot."""
    batch = [envelope(), envelope(id="ce-2", source=None), envelope(id="ce-3", data={"nonsense": 1})]
    async with server.client() as client:
        response = await post(client, batch, BATCH)

    results = response.json()["events"]
    assert ["recorded", "rejected", "rejected"] == [result["status"] for result in results]
    assert ["ce-1", "ce-2", "ce-3"] == [result["event_id"] for result in results]


async def test_the_data_may_travel_as_base64(server: Server) -> None:
    """``data_base64`` is the same event."""
    encoded = "eyJtb2RlbCI6ImdwdC00by1taW5pIiwic3ViamVjdCI6eyJ1c2VyIjoiZXZlIn0sInVzYWdlIjp7ImlucHV0X3Rva2VucyI6MX19"
    async with server.client() as client:
        response = await post(client, envelope(data=None, data_base64=encoded), STRUCTURED)

    assert "recorded" == response.json()["events"][0]["status"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": None}, "invalid_cloud_event"),
        ({"id": ""}, "invalid_cloud_event"),
        ({"source": None}, "invalid_cloud_event"),
        ({"type": None}, "invalid_cloud_event"),
        ({"specversion": "9.9"}, "invalid_cloud_event"),
        ({"time": "yesterday"}, "invalid_cloud_event"),
        ({"time": 5}, "invalid_cloud_event"),
        ({"Bad Name": "x"}, "invalid_cloud_event"),
        ({"data": "text"}, "invalid_request"),
        ({"data": None}, "invalid_request"),
        ({"data": {**DATA, "event_id": "x"}}, "invalid_request"),
        ({"data": None, "data_base64": "***"}, "invalid_cloud_event"),
        ({"data": {**DATA, "usage": {"input_tokens": -1}}}, "invalid_request"),
    ],
)
async def test_a_broken_event_is_refused_and_no_id_or_time_is_made_up(
    server: Server, changes: dict[str, Any], code: str
) -> None:
    """An id that we invent would count twice when the event is sent again."""
    async with server.client() as client:
        response = await post(client, envelope(**changes), STRUCTURED)

    assert code == response.json()["error"]["code"]


@pytest.mark.parametrize("time", ["yesterday", 5, "2026-11-20", "2026-02-30T00:00:00Z"])
async def test_a_time_that_is_none_is_refused_in_words(server: Server, time: Any) -> None:
    """The sentence is ours, not the library's."""
    async with server.client() as client:
        response = await post(client, envelope(time=time), STRUCTURED)

    expected = "not a CloudEvent: the attribute `time` is not a time like 2026-11-20T09:00:00Z"
    assert expected == response.json()["error"]["message"]


async def test_an_event_without_a_time_happened_when_it_was_received(server: Server) -> None:
    """The library's clock is not ours: without ``time`` the server's clock counts."""
    async with server.client() as client:
        response = await post(client, envelope(time=None), STRUCTURED)

    assert "recorded" == response.json()["events"][0]["status"]


def _feature_requests() -> list[Any]:
    """Return the HTTP requests of the conformance suite's feature, one for each content type."""
    if not CONFORMANCE.is_dir():
        return [pytest.param(None, None, id="no recorded data")]
    text = (CONFORMANCE / "http-protocol-binding.feature").read_text()
    cases = []
    for outline in text.split("Scenario Outline:")[1:]:
        request = re.search(r'"""\n(.*?)\n\s*"""', outline, re.DOTALL)
        assert request is not None
        for kind in re.findall(r"\|\s*(application/\S+(?:; \S+)?)\s*\|", outline.split("Examples:")[1]):
            lines = [line.strip() for line in request[1].replace("<contentType>", kind).splitlines()]
            gap = lines.index("")
            headers = dict(line.split(": ", 1) for line in lines[1:gap])
            cases.append(pytest.param(headers, "".join(lines[gap + 1 :]), id=f"{outline.split('(')[0].strip()} {kind}"))
    return cases


@pytest.mark.parametrize(("headers", "body"), _feature_requests())
async def test_every_request_of_the_conformance_suite_is_understood(
    server: Server, headers: dict[str, str] | None, body: str
) -> None:
    """The suite's data is no usage: it is refused for that, and not for its envelope."""
    if headers is None:
        pytest.skip("the conformance cases are not in ../shared/data/cloudevents")
    kept = {name: value for name, value in headers.items() if name.lower() not in {"host", "content-length"}}
    async with server.client() as client:
        response = await client.post("/usage", content=body, headers=kept)

    assert ("unknown_field", "message") == (
        response.json()["error"]["code"],
        response.json()["error"]["details"]["field"],
    )


def _yaml_events() -> list[Any]:
    if not CONFORMANCE.is_dir():
        return [pytest.param(None, id="no recorded data")]
    documents = [
        document
        for name in ("v1.yaml", "v1_minimum.yaml", "v03.yaml")
        for document in yaml.safe_load_all((CONFORMANCE / name).read_text())
    ]
    return [pytest.param(document, id=f"case {index}") for index, document in enumerate(documents)]


@pytest.mark.parametrize("case", _yaml_events())
async def test_no_event_of_the_conformance_suite_is_taken_for_usage_or_for_a_defect(
    server: Server, case: dict[str, Any] | None
) -> None:
    """Text, XML and foreign objects are refused as data, in the batch's slot, never with a 5xx."""
    if case is None:
        pytest.skip("the conformance cases are not in ../shared/data/cloudevents")
    attributes = {**case["ContextAttributes"]}
    extensions = attributes.pop("Extensions", {})
    fields = {name.lower(): str(value) for name, value in {**attributes, **extensions}.items()}
    async with server.client() as client:
        response = await post(client, [{**fields, "data": case.get("Data")}], BATCH)

    assert (200, "rejected") == (response.status_code, response.json()["events"][0]["status"])
