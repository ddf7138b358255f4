"""``/ext_authz`` against its worst callers: header values are any bytes, and bodies are a client's."""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from governor.core.keys import Role
from governor.edges.api.ext_authz_headers import FIELDS
from governor.edges.api.wire_answers import ErrorAnswer, ErrorFacts
from tests.api.world import Server, StandingClock, running, settings_for, write_policies

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY_MAX = 65_536
PATH = "/ext_authz/v1/chat/completions"
EVE = (b"x-governor-user", b"eve@acme.example")
MODEL = (b"x-governor-model", b"claude-sonnet-4")
GZIPPED = gzip.compress(b'{"model": "claude-sonnet-4"}', mtime=0)
CUT = (b"x-envoy-auth-partial-body", b"true")
Headers = list[tuple[bytes, bytes]]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """Give one server for the whole module."""
    folder: Path = tmp_path_factory.mktemp("untrusted")
    policies = write_policies(folder / "policies")
    given_settings = settings_for(f"sqlite:///{folder}/governor.db", policies, request_size_max=BODY_MAX)
    async with running(given_settings, StandingClock()) as server:
        yield server


async def ask(server: Server, headers: Headers, body: bytes = b"", path: str = PATH) -> httpx.Response:
    """Send headers as bytes."""
    async with server.client() as client:
        response = await client.post(path, headers=headers, content=body)
    assert response.status_code in {200, 403}
    return response


async def refused(server: Server, headers: Headers, body: bytes = b"", path: str = PATH) -> ErrorFacts:
    """Send what must be refused for good, and return the error."""
    response = await ask(server, headers, body, path)
    error = msgspec.json.decode(response.content, type=ErrorAnswer).error
    assert (403, "false", error.code) == (
        response.status_code,
        response.headers["x-should-retry"],
        response.headers["x-governor-reason"],
    )
    assert response.content.isascii() or response.text.isprintable()
    return error


async def question_of(server: Server, response: httpx.Response) -> dict[str, Any]:
    """Return what was kept of an allowed question."""
    async with server.client(Role.VIEWER) as viewer:
        kept = (await viewer.get(f"/decisions/{response.headers['x-governor-decision-id']}")).json()
    asked: dict[str, Any] = kept["request"]
    return asked


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"user", b"eve\x00"),
        (b"user", b"eve\x7f"),
        (b"user", b"eve\tadmin"),
        (b"user", b"eve\r\nx-governor-user: root"),
        (b"user", b"\xc2\x85eve"),
        (b"user", b"\xff\xfe"),
        (b"user", b"\xed\xa0\x80"),
        (b"user", b"x" * 257),
        (b"tag-customer", b"\x1b[31m"),
        (b"tag-" + b"x" * 65, b"1"),
        (b"model", b"m" * 257),
        (b"input-tokens", b"99999999999999999999999999999999"),
        (b"input-tokens", b"9999999999999999999"),
        (b"input-tokens", b"-1"),
        (b"input-tokens", b"+1"),
        (b"input-tokens", b"1.5"),
        (b"input-tokens", b"1e3"),
        (b"input-tokens", b"0x10"),
        (b"input-tokens", b"NaN"),
        (b"input-tokens", b"1_000"),
        (b"input-tokens", "١٢".encode()),
        (b"max-output-tokens", b"Infinity"),
        (b"n", b"0"),
        (b"attempt", b"2147483648"),
        (b"operation", b"anything"),
        (b"asserted-by", b"root"),
        (b"can", b"substitute,fly"),
        (b"hold-for", b"forever"),
        (b"cached-input-tokens", b"7"),
        (b"requests", b"5"),
        (b"unit-images", b"-1"),
    ],
)
async def test_a_value_that_is_not_what_it_should_be_is_refused(shared: Server, name: bytes, value: bytes) -> None:
    """Never a 5xx, never a guess: a limit that is misread protects nothing."""
    given_headers = [EVE, MODEL, (b"x-governor-input-tokens", b"5"), (b"x-governor-" + name, value)]
    headers = list({header: (header, text) for header, text in given_headers}.values())

    assert "invalid_request" == (await refused(shared, headers)).code


@pytest.mark.parametrize("name", [field.header.encode() for field in FIELDS])
async def test_a_repeated_header_is_refused(shared: Server, name: bytes) -> None:
    """Of two values, one may be the client's; nobody can tell which (also if they are the same)."""
    twice = [(b"x-governor-" + name, b"5"), (b"x-governor-" + name, b"5")]
    error = await refused(shared, [header for header in (EVE, MODEL) if header[0] != twice[0][0]] + twice)

    assert "is sent more than once" in error.message


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        (b"usr", "x-governor-user"),
        (b"max-output-token", "x-governor-max-output-tokens"),
        (b"dry-run", None),
        (b"decision-id", "x-governor-parent-decision-id"),
        (b"zzzz", None),
        (b"tag-", "x-governor-team"),
    ],
)
async def test_an_unknown_header_is_refused_with_the_nearest_name(
    shared: Server, name: bytes, nearest: str | None
) -> None:
    """A misspelt header, a dry run that would hold nothing, a decision id that a client made up."""
    error = await refused(shared, [EVE, MODEL, (b"x-governor-" + name, b"1")])

    assert ("unknown_field", nearest) == (error.code, error.details["nearest"])


async def test_an_empty_header_is_absent(shared: Server) -> None:
    """Proxies send a variable that has no value as an empty header."""
    response = await ask(shared, [EVE, MODEL, (b"x-governor-team", b""), (b"x-governor-input-tokens", b"  ")])

    assert {"team", "input_tokens"}.isdisjoint(str(await question_of(shared, response)))


async def test_a_name_in_any_script_is_text(shared: Server) -> None:
    """UTF-8 is read as such: the user is unknown, not misspelt."""
    response = await ask(
        shared, [(b"x-governor-user", "zoë@acme.example".encode()), (b"x-governor-model", b"gpt-4o-mini")]
    )

    assert "zoë@acme.example" == (await question_of(shared, response))["subject"]["user"]


@pytest.mark.parametrize("headers", [[MODEL], [MODEL, (b"x-governor-team", b"platform")]])
async def test_nobody_is_nobody(shared: Server, headers: Headers) -> None:
    """Somebody must be responsible; the user that a body names is only the client's word."""
    body = json.dumps({"user": "eve@acme.example", "metadata": {"user_id": "eve"}}).encode()

    assert "x-governor-user" in (await refused(shared, headers, body)).message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no model is named"),
        (b"{}", "no model is named"),
        (b'{"model": null}', "no model is named"),
        (b'{"model": 5}', "`model` in the body"),
        (b'{"model": ""}', "`model` in the body"),
        (b'{"model": ["claude-sonnet-4"]}', "`model` in the body"),
        (b'{"model": "a\\u0000b"}', "control character"),
        (b'{"model": "a\\ud800b"}', "control character"),
        (b'{"model": "gpt-4o-mini", "model": "claude-sonnet-4"}', "names `model` twice"),
        (b'{"model": "gpt-4o-mini", "mod\\u0065l": "claude-sonnet-4"}', "names `model` twice"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "twice"),
        (b'{"model": "gpt-4o-mini", "Model": "claude-sonnet-4"}', "which not everybody reads"),
        (b'{"model": "claude-sonnet-4", "max_tokens": "100"}', "`max_tokens`"),
        (b'{"model": "claude-sonnet-4", "max_tokens": -1}', "`max_tokens`"),
        (b'{"model": "claude-sonnet-4", "max_tokens": 1.5}', "`max_tokens`"),
        (b'{"model": "claude-sonnet-4", "max_tokens": true}', "`max_tokens`"),
        (b'{"model": "claude-sonnet-4", "max_completion_tokens": 1e400}', "`max_completion_tokens`"),
        (b'{"model": "claude-sonnet-4", "max_tokens": 100000000000000000000}', "`max_tokens`"),
        (b'{"model": "claude-sonnet-4", "n": 0}', "`n`"),
        (b'{"model": "claude-sonnet-4", "max_tokens": NaN}', "is not a JSON object"),
        (b'{"model": "claude-sonnet-4"', "is not a JSON object"),
        (b'{"model": "claude-sonnet-4"} {}', "is not a JSON object"),
        (b'["claude-sonnet-4"]', "is not a JSON object"),
        (b'{"model": "claude\xff"}', "is not a JSON object"),
        ('{"model": "claude-sonnet-4"}'.encode("utf-16"), "is not a JSON object"),
        (b'{"a":' * 10_000, "is not a JSON object"),
        (b'{"model": ' + b"9" * 5000 + b"}", "is not a JSON object"),
        (GZIPPED, "is not a JSON object"),
        (b"--x\r\ncontent-disposition: form-data; name=model\r\n\r\nwhisper-1\r\n--x--", "is not a JSON object"),
    ],
    ids=lambda value: repr(value)[:50],
)
async def test_a_body_that_can_be_misread_is_refused(shared: Server, body: bytes, said: str) -> None:
    """What the provider might read differently is not decided on; what nobody can read says nothing."""
    assert said in (await refused(shared, [EVE], body)).message


@pytest.mark.parametrize("body", [b'{"model": "gpt-4o-mini"}', GZIPPED, b'{"model": "gpt-4o-mini", "mess'])
@pytest.mark.parametrize("value", [b"true", b"TRUE", b"1", b"yes", b""])
async def test_a_cut_body_says_nothing(shared: Server, body: bytes, value: bytes) -> None:
    """A beginning may name a cheap model and a small size, and the rest another: the proxy must say it itself."""
    cut = (CUT[0], value)
    error = await refused(shared, [EVE, cut], body)
    without_size = await refused(shared, [EVE, MODEL, cut], body)
    complete = await ask(shared, [EVE, MODEL, cut, (b"x-governor-input-bytes", b"3000")], body)

    assert "was cut after" in error.message
    assert "was cut after" in without_size.message
    assert ("claude-sonnet-4", 3000) == (
        (await question_of(shared, complete))["model"],
        (await question_of(shared, complete))["input_bytes"],
    )


async def test_a_cut_that_somebody_denies_is_a_cut(shared: Server) -> None:
    """A client's ``false`` beside the proxy's ``true`` changes nothing."""
    body = b'{"model": "claude-sonnet-4"}'
    headers = [EVE, (CUT[0], b"false"), CUT]

    assert "was cut after" in (await refused(shared, headers, body)).message
    assert 200 == (await ask(shared, [EVE, (CUT[0], b"false")], body)).status_code


async def test_a_body_over_the_limit_is_refused_unread(shared: Server) -> None:
    """As a refusal that any proxy understands, with or without an announced length."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_MAX // 1024 + 1):
            yield b" " * 1024

    announced = await refused(shared, [EVE, MODEL], b" " * (BODY_MAX + 1))
    async with shared.client() as client:
        streamed = await client.post(PATH, headers=[EVE, MODEL], content=chunks())

    assert ("body_too_large", "body_too_large", 403) == (
        announced.code,
        streamed.json()["error"]["code"],
        streamed.status_code,
    )


@pytest.mark.parametrize(
    ("path", "operation", "model"),
    [
        ("/v1/chat/completions", "chat", "claude-sonnet-4"),
        ("/v1/messages", "chat", "claude-sonnet-4"),
        ("/openai/v1/responses", "responses", "claude-sonnet-4"),
        ("/v1/embeddings", "embeddings", "claude-sonnet-4"),
        ("/v1/images/generations", "image", "claude-sonnet-4"),
        ("/v1/audio/transcriptions", "transcription", "claude-sonnet-4"),
        ("/openai/deployments/gpt-4o-mini/embeddings", "embeddings", "gpt-4o-mini"),
        ("/v1beta/models/gpt-4o-mini:streamGenerateContent", "chat", "gpt-4o-mini"),
        ("/v1/projects/p/locations/l/publishers/google/models/gpt-4o-mini:embedContent", "embeddings", "gpt-4o-mini"),
        ("/model/us.anthropic.claude-sonnet-4-v1%3A0/converse", "chat", "us.anthropic.claude-sonnet-4-v1:0"),
        ("/model/gpt-4o-mini/unknown-verb", None, "claude-sonnet-4"),
        ("/v1/models/gpt-4o-mini:countTokens", None, "claude-sonnet-4"),
        ("/v1/chat/completions/%2e%2e/embeddings", None, "claude-sonnet-4"),
        ("/v1/chat/completions%3F/v1/embeddings", None, "claude-sonnet-4"),
        ("//v1/embeddings", None, "claude-sonnet-4"),
        ("/v1/embeddings/", None, "claude-sonnet-4"),
        ("/v1/Embeddings", None, "claude-sonnet-4"),
        ("/v1/chat/completions?x=/v1/embeddings", "chat", "claude-sonnet-4"),
    ],
)
async def test_a_path_says_only_what_everybody_reads_in_it(
    shared: Server, path: str, operation: str | None, model: str
) -> None:
    """What a proxy or a provider might take for another path says nothing: the operation stays ``chat``."""
    headers = [EVE, (b"x-governor-max-output-tokens", b"5")]
    response = await ask(shared, headers, b'{"model": "claude-sonnet-4"}', f"/ext_authz{path}")
    error_or_none = response.json().get("error", {"details": {}})
    asked = await question_of(shared, response)

    assert (operation, model) == (asked.get("operation"), asked["model"]), error_or_none


@pytest.mark.parametrize(
    ("path", "body", "held"),
    [
        ("/v1/chat/completions", {"max_tokens": 10, "max_completion_tokens": 20}, 20),
        ("/v1/chat/completions", {"max_tokens": 10, "max_output_tokens": 1}, 10),
        ("/v1/chat/completions", {"max_output_tokens": 1}, 64000),
        ("/v1/chat/completions", {"max_tokens": None}, 64000),
        ("/v1/responses", {"max_output_tokens": 30, "max_tokens": 1}, 30),
        ("/elsewhere", {"max_output_tokens": 30, "max_tokens": 10}, 30),
        ("/elsewhere", {"generationConfig": {"maxOutputTokens": 40}}, 40),
        ("/elsewhere", {"inferenceConfig": {"maxTokens": 50}}, 50),
        ("/elsewhere", {"generationConfig": [1]}, 64000),
        ("/v1/chat/completions", {"max_tokens": 0}, 0),
    ],
)
async def test_the_output_limit_is_the_one_that_the_operation_obeys(
    shared: Server, path: str, body: dict[str, Any], held: int
) -> None:
    """A small number in a field that the provider ignores must not make the hold small."""
    content = json.dumps({"model": "claude-sonnet-4", **body}).encode()
    response = await ask(shared, [EVE], content, f"/ext_authz{path}")

    assert (200, str(held)) == (response.status_code, response.headers["x-governor-max-output-tokens"])


async def test_answers_and_tiers_are_read(shared: Server) -> None:
    """``best_of`` makes more answers than ``n`` shows; a tier that changes nothing is not passed on."""
    body = {"model": "claude-sonnet-4", "max_tokens": 5, "n": 2, "best_of": 3, "service_tier": "priority"}
    told = await question_of(shared, await ask(shared, [EVE], json.dumps(body).encode()))
    usual = await question_of(
        shared, await ask(shared, [EVE], json.dumps(body | {"service_tier": "auto", "stream": "yes"}).encode())
    )

    assert (3, "priority") == (told["n"], told["service_tier"])
    assert {"service_tier", "tags"}.isdisjoint(usual)


async def test_a_model_that_no_header_can_hold_is_encoded(tmp_path: Path) -> None:
    """A catalogue may name models in any script; on its way to the upstream such a name is percent-encoded."""
    policies = write_policies(tmp_path / "policies")
    text = (policies / "organization.yaml").read_text()
    (policies / "organization.yaml").write_text(text.replace("anthropic/claude-sonnet-4", "acme/modèle-4"))
    async with running(settings_for(f"sqlite:///{tmp_path}/governor.db", policies), StandingClock()) as server:
        response = await ask(server, [EVE, MODEL])

    assert (200, "acme/mod%C3%A8le-4") == (response.status_code, response.headers["x-governor-model"])
