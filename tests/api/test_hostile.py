"""Whatever is sent to whichever route is answered with a clear error: never as a defect, and never half done."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry

from governor.core.keys import Role
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.openapi import openapi_of
from governor.edges.api.routes import create_framework_app
from governor.edges.api.wire_answers import ErrorAnswer
from governor.store.verify import verify
from tests.api.world import Server, StandingClock, running, settings_for, write_policies

pytestmark = pytest.mark.asyncio(loop_scope="module")

VALUES = (
    *(
        "1e400",
        "-1",
        "NaN",
        "Infinity",
        "9" * 400,
        "9223372036854775808",
        "1.5",
        "0.1e-999",
        "true",
        "null",
        "[]",
        "{}",
    ),
    *('"\\u0000"', '"\\ud800"', '"' + "x" * 5000 + '"', "[" * 300 + "]" * 300),
)
"""JSON, nearly JSON, and what no field should take."""

BODIES = (
    *(b"", b"{", b"null", b"5", b'"x"', b"[1e400]", b'[{"event_id": 1e400}]', b"[[]]", b"\x00" * 100),
    *(b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'{"x":"\xc3\x28"}', b"[" * 100_000 + b"]" * 100_000),
    *(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b'"' + b"a" * 10_000_000 + b'"', b"[" + b"{}," * 5000 + b"{}]"),
)
MARK = "@@@"


def examples() -> Iterator[tuple[str, Any]]:
    """Yield every route that takes a body, with an example of one."""
    document = openapi_of(create_framework_app(None, HttpMetrics(CollectorRegistry()), {}))  # type: ignore[arg-type]  # not called
    for path, operations in document["paths"].items():
        body = operations.get("post", {}).get("requestBody", {}).get("content", {})
        found = [each["value"] for media in body.values() for each in media.get("examples", {}).values()]
        found += [media["example"] for media in body.values() if "example" in media]
        for example in found[:1] if path != "/usage" else found:
            yield path.replace("{", "").replace("}", ""), example


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*above, key)
        yield from places(inner, (*above, key))


def with_mark(value: Any, place: tuple[Any, ...]) -> str:
    """Return a document as JSON with the mark at a place."""
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = MARK
    return json.dumps(copy)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """Give one server for the whole module; whatever is recorded by accident, its ledger must be right at the end."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    policies = write_policies(folder / "policies")
    async with running(settings_for(f"sqlite:///{folder}/governor.db", policies), StandingClock()) as server:
        yield server
        now_s = server.governor.clock.time()
        assert [] == await server.governor.database.read(lambda connection: list(verify(connection, now_s)))


def check(response: httpx.Response, sent: object) -> None:
    """An answer, or an error of the one shape."""
    assert 500 > response.status_code, (response.text, sent)
    if response.status_code >= 400 and response.headers.get("content-type", "").startswith("application/json"):
        msgspec.json.decode(response.content, type=ErrorAnswer)


ROUTES = list(examples())


@pytest.mark.parametrize(("path", "example"), ROUTES, ids=[path for path, _ in ROUTES])
async def test_no_value_of_a_field_is_a_defect(shared: Server, path: str, example: Any) -> None:
    """Every field of every body, with every value that it should not have."""
    async with shared.client(Role.ADMIN, **{"content-type": "application/json"}) as admin:
        for place in places(example):
            marked = with_mark(example, place)
            for value in VALUES:
                body = marked.replace(f'"{MARK}"', value, 1)
                check(await admin.post(path, content=body.encode()), body)


@pytest.mark.parametrize("path", list(dict.fromkeys(path for path, _ in ROUTES)))
async def test_no_body_is_a_defect(shared: Server, path: str) -> None:
    """No JSON, other encodings, brackets without end, ten megabytes."""
    async with shared.client(Role.ADMIN) as admin:
        for body in BODIES:
            for media in ("application/json", "text/plain", "application/cloudevents-batch+json"):
                check(await admin.post(path, content=body, headers={"content-type": media}), body[:80])


async def test_an_unreadable_event_is_refused_in_its_slot(shared: Server) -> None:
    """A number that no machine holds, wherever it stands, refuses no other event of the list."""
    good = '{"event_id": "good", "model": "gpt-4o-mini", "subject": {"user": "eve"}, "usage": {"input_tokens": 1, '
    good += '"output_tokens": 1}}'
    async with shared.client(**{"content-type": "application/json"}) as gateway:
        body = f'[1e400, {{"event_id": "bad", "usage": 1e400}}, {good}]'
        answer = (await gateway.post("/usage", content=body.encode())).json()

    assert ["rejected", "rejected", "recorded"] == [event["status"] for event in answer["events"]]
