"""What the door refuses: every error in one shape, with a sentence that says what to do."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from governor.core.keys import Role
from governor.edges.api.errors import ERRORS
from governor.edges.api.wire_answers import ErrorAnswer
from governor.services.cursors import encode_cursor
from tests.api.world import Server, StandingClock, question, running, settings_for, write_policies

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """Give one server for the whole module: nothing here changes it."""
    folder: Path = tmp_path_factory.mktemp("refusals")
    policies = write_policies(folder / "policies")
    settings = settings_for(f"sqlite:///{folder}/governor.db", policies, request_size_max=65_536)
    async with running(settings, StandingClock()) as server:
        yield server


async def refused(
    server: Server, body: bytes | dict[str, Any], path: str = "/decide", **headers: str
) -> tuple[int, Any]:
    """Post a body and return status and error; whatever comes back must have the one shape of errors."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    async with server.client(**{"content-type": "application/json", **headers}) as client:
        response = await client.post(path, content=content)
    answer = msgspec.json.decode(response.content, type=ErrorAnswer).error
    assert response.headers["x-request-id"] == answer.request_id
    assert ERRORS[answer.code].status == response.status_code
    return response.status_code, answer


@pytest.mark.parametrize(
    ("changes", "field", "nearest"),
    [
        ({"modl": "x"}, "modl", "model"),
        ({"subject": {"usr": "x"}}, "subject.usr", "user"),
        ({"max_tokens": 5}, "max_tokens", "max_output_tokens"),
        ({"temporary_budget": 5}, "temporary_budget", None),
    ],
)
async def test_an_unknown_field_is_refused_with_the_nearest_name(
    shared: Server, changes: dict[str, Any], field: str, nearest: str | None
) -> None:
    """A misspelt field would be a rule that is not applied."""
    status, error = await refused(shared, question(**changes))

    assert (422, "unknown_field", field, nearest) == (
        status,
        error.code,
        error.details["field"],
        error.details["nearest"],
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input_tokens": "12"}, "expected a whole number or null, got text at `input_tokens`"),
        ({"input_tokens": 1.5}, "expected a whole number or null, got a number with a fraction at `input_tokens`"),
        ({"input_tokens": True}, "expected a whole number or null, got true or false at `input_tokens`"),
        ({"input_tokens": -1}, "expected a whole number >= 0 at `input_tokens`"),
        ({"input_tokens": 2**63}, "expected a whole number <= 9223372036854775807 at `input_tokens`"),
        ({"n": 0}, "expected a whole number >= 1 at `n`"),
        ({"model": "m" * 257}, "expected text of at most 256 characters at `model`"),
        ({"model": ""}, "expected text that is not empty at `model`"),
        ({"tags": {"": "a"}}, "expected text that is not empty at the names in `tags`"),
        ({"tags": {str(each): "a" for each in range(51)}}, "expected an object of at most 50 entries at `tags`"),
        ({"subject": []}, "expected an object or null, got a list at `subject`"),
        (
            {"operation": "chant"},
            (
                "`chant` is not known at `operation`; write one of "
                "chat, responses, embeddings, image, speech, transcription, rerank, realtime, batch"
            ),
        ),
        ({"can": ["clamp", "substitue"]}, "`substitue` is not known at `can[1]`; write one of substitute, clamp"),
        (
            {"subject": {"user": "mia", "asserted_by": "me"}},
            "`me` is not known at `subject.asserted_by`; write one of gateway, client",
        ),
        ({"units": {"images": -1}}, "expected a whole number >= 0 at `units[...]`"),
        ({"tags": {"a": 1}}, "expected text, got a whole number at `tags[...]`"),
        ({"requests": 5}, "`requests` is only for `operation: batch`; leave it out"),
        ({"hold_for": "soon"}, "`soon` is not a length of time; write `hold_for` like `10 minutes`"),
        ({"hold_for": "0 minutes"}, "a hold of no time holds nothing; write `hold_for` like `10 minutes`"),
        ({"hold_for": "25 hours"}, "`25 hours` is longer than a hold may live; write at most `24 hours`"),
        ({"subject": {"user": ""}}, None),
        ({"subject": None}, None),
        ({"subject": {"team": "growth"}}, None),
        (
            {"cached_input_tokens": 1001},
            "`cached_input_tokens` (1001) is a part of `input_tokens` (1000) and cannot be more",
        ),
        ({"use_case": "a\nb"}, "control character U+000A in `a\\nb`"),
        ({"use_case": "a\u0085b"}, "control character U+0085 in `a\\x85b`"),
        ({"tags": {"a\x7f": "b"}}, "control character U+007F in `a\\x7f`"),
    ],
)
async def test_a_wrong_value_is_refused_in_words(shared: Server, changes: dict[str, Any], message: str | None) -> None:
    """The sentence names the field and never a Python type."""
    body = {**question(), **changes}
    if changes == {"subject": None}:
        del body["subject"]
    status, error = await refused(shared, body)

    assert (422, "invalid_request") == (status, error.code)
    assert message in {error.message, None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time": "2026-11-20T09:00:00"}, "expected a time with its offset, like 2026-11-20T09:00:00Z at `time`"),
        ({"time": 5}, "expected a time like 2026-11-20T09:00:00Z or null, got a whole number at `time`"),
        ({"time": "soon"}, "not a time like 2026-11-20T09:00:00Z at `time`"),
        ({"counts": "guess"}, "`guess` is not known at `counts`; write one of estimated, provider"),
        ({"status": "OK"}, "`OK` is not known at `status`; write one of ok, error, cancelled, timeout, cache_hit"),
    ],
)
async def test_a_wrong_value_of_an_event_is_refused_in_words(
    shared: Server, changes: dict[str, Any], message: str
) -> None:
    """What a gateway's author has to mend is said as people say it."""
    body = {"event_id": "e-1", "model": "gpt-4o-mini", "usage": {"input_tokens": 1}, **changes}

    assert (422, message) == ((refusal := await refused(shared, body, "/usage"))[0], refusal[1].message)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-0.1", "1" * 400])
async def test_numbers_that_are_none_are_refused_at_the_door(shared: Server, number: str) -> None:
    """NaN, infinity and overflow never reach a ceiling (litellm#31469)."""
    body = b'{"model":"gpt-4o-mini","subject":{"user":"eve"},"input_tokens":' + number.encode() + b"}"
    status, error = await refused(shared, body)

    assert (status, error.code) in {(400, "malformed_json"), (422, "invalid_request")}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1,", b'{"model":"\xff"}', b'{"model":"\\ud800"}', b"\x00", b'{"a":' * 2000, b"null null"],
)
@pytest.mark.parametrize("path", ["/decide", "/decide/batch", "/usage"])
async def test_what_is_not_json_is_refused_with_400(shared: Server, path: str, body: bytes) -> None:
    """Broken, truncated, deeply nested or wrongly encoded bodies are no defect of ours."""
    status, error = await refused(shared, body, path)

    assert (status, error.code) in {(400, "malformed_json"), (422, "invalid_request"), (422, "unknown_field")}


@pytest.mark.parametrize("path", ["/decide", "/decide/batch", "/usage", "/reservations/x/extend"])
async def test_a_body_over_the_limit_is_refused_with_413(shared: Server, path: str) -> None:
    """Announced or not, a body is not read past the limit."""

    async def in_parts() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    announced, _ = await refused(shared, b" " * 65_537, path)
    async with shared.client() as client:
        streamed = await client.post(path, content=in_parts())

    assert (413, 413) == (announced, streamed.status_code)


@pytest.mark.parametrize("path", ["/decide", "/decide/batch", "/usage", "/reservations/x/extend"])
async def test_another_content_type_is_refused_with_415(shared: Server, path: str) -> None:
    """A form is not JSON, whatever it contains."""
    status, error = await refused(shared, question(), path, **{"content-type": "application/x-www-form-urlencoded"})

    assert (415, "unsupported_media_type") == (status, error.code)


async def test_json_may_name_its_charset_or_nothing(shared: Server) -> None:
    """``application/json; charset=utf-8`` and no content type at all are JSON."""
    async with shared.client() as client:
        named = await client.post(
            "/decide",
            content=msgspec.json.encode(question()),
            headers={"content-type": "Application/JSON; charset=utf-8"},
        )
        silent = await client.post("/decide", content=msgspec.json.encode(question()))

    assert (200, 200) == (named.status_code, silent.status_code)


@pytest.mark.parametrize("path", ["/nope", "/decide/", "//decide", "/decisions/a/b", "/DECIDE", "/budgets/"])
async def test_an_unknown_route_is_404(shared: Server, path: str) -> None:
    """What is not in the table of roles does not exist, with a key or without (litellm#10750)."""
    async with shared.client(Role.ADMIN) as admin, shared.client(None) as nobody:
        known = await admin.get(path)
        unknown = await nobody.get(path)

    assert (404, 404) == (known.status_code, unknown.status_code)
    assert "not_found" == known.json()["error"]["code"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/decide", "POST"), ("DELETE", "/budgets", "GET"), ("PUT", "/reservations/x/release", "POST")],
)
async def test_a_wrong_method_is_405_and_names_the_right_ones(
    shared: Server, method: str, path: str, allow: str
) -> None:
    """``Allow`` says what the route takes."""
    async with shared.client() as client:
        response = await client.request(method, path)

    assert (405, allow) == (response.status_code, response.headers["allow"])


async def test_a_request_id_is_echoed_and_an_unsafe_one_replaced(shared: Server) -> None:
    """The caller's own id comes back, unless it could forge a log line."""
    async with shared.client() as client:
        given = await client.get("/healthz", headers={"x-request-id": "gw-7f3a"})
        unsafe = await client.get("/healthz", headers={"x-request-id": "a b"})
        absent = await client.get("/healthz")

    assert "gw-7f3a" == given.headers["x-request-id"]
    assert unsafe.headers["x-request-id"] not in {"a b", absent.headers["x-request-id"]}


@pytest.mark.parametrize(
    ("path", "name", "said"),
    [
        ("/budgets?departement=x", "departement", "is not a parameter of this route"),
        ("/budgets?department=" + "x" * 257, "department", "must have at most 256 characters"),
        ("/decisions?limit=0", "limit", "must be 1 or more"),
        ("/decisions?limit=1001", "limit", "must be 1000 or less"),
        ("/decisions?limit=many", "limit", "must be a whole number"),
        ("/decisions?verdict=maybe", "verdict", "must be `allow` or `deny`"),
        ("/decisions?since=yesterday", "since", "write an instant like 2026-11-20T09:00:00Z"),
        ("/decisions?since=2026-11-20T09:00:00", "since", "write an instant with its offset"),
        ("/usage/summary?by=colour", "by", "`colour` is not a grouping"),
        ("/usage/summary?by=team,team", "by", "a grouping is named twice"),
        ("/usage/summary?user=a%00b", "user", "control character U+0000"),
        ("/entitlements", "user", "is required"),
        ("/entitlements?user=", "user", "must not be empty"),
    ],
)
async def test_a_wrong_parameter_is_named_in_plain_words(shared: Server, path: str, name: str, said: str) -> None:
    """A misspelt filter is an error: it would filter nothing."""
    async with shared.client(Role.ADMIN) as client:
        response = await client.get(path)
    error = response.json()["error"]

    assert (422, [name]) == (response.status_code, error["details"]["fields"])
    assert f"`{name}`" in error["message"]
    assert said in error["message"]


@pytest.mark.parametrize("path", ["/budgets", "/decisions", "/usage/summary?by=team"])
@pytest.mark.parametrize("cursor", ["x", "WyJhIl0", "bm90IGpzb24", "%00", "WzEsMl0", "//8"])
async def test_a_made_up_cursor_is_refused(shared: Server, path: str, cursor: str) -> None:
    """A cursor is what a page gave, and nothing else; a guess gives no 5xx and no wrong page, but says what to do."""
    async with shared.client(Role.ADMIN) as client:
        response = await client.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
    error = response.json()["error"]

    assert (422, "invalid_cursor") == (response.status_code, error["code"])
    assert "leave it out to begin again" in error["message"]


async def test_a_cursor_of_another_grouping_is_refused(shared: Server) -> None:
    """A page of teams does not go on with departments: it would leave some out at random."""
    cursor = encode_cursor("team", "platform")
    async with shared.client(Role.ADMIN) as client:
        statuses = [
            (await client.get(f"/usage/summary?by={by}&cursor={cursor}")).status_code for by in ("team", "department")
        ]

    assert [200, 422] == statuses


@pytest.mark.parametrize("identifier", ["x", "%00", "00000000-0000-0000-0000-000000000000", "1" * 65])
async def test_an_unknown_decision_is_404_or_refused(shared: Server, identifier: str) -> None:
    """Nothing is known under it, whatever it looks like."""
    async with shared.client(Role.ADMIN) as client:
        explained = await client.get(f"/decisions/{identifier}")
        released = await client.post(f"/reservations/{identifier}/release")

    assert {explained.status_code, released.status_code} <= {404, 422}
