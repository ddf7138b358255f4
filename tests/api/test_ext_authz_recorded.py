"""What Envoy 1.40 sent with the configuration of ``docs/integration.md``, recorded, sent again byte for byte."""

import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.api.world import BOOTSTRAP, StandingClock, listening, settings_for, write_policies

RECORDED = Path(__file__).parent / "envoy"
CHAT_BYTES = 112


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a real server on a real port; the recordings carry the bootstrap key."""
    folder: Path = tmp_path_factory.mktemp("recorded")
    settings = settings_for(f"sqlite:///{folder}/governor.db", write_policies(folder / "policies"))
    with listening(settings, StandingClock()) as address:
        yield address


def send(address: str, name: str) -> tuple[HTTPResponse, bytes]:
    """Send a recording; line ends of its head are kept as plain ones in the file."""
    head, _, body = (RECORDED / f"{name}.http").read_bytes().partition(b"\n\n")
    host, _, port = address.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body)
        response = HTTPResponse(connection, method=head.partition(b" ")[0].decode())
        response.begin()
        return response, response.read()


def question_of(address: str, response: HTTPResponse) -> dict[str, Any]:
    """Return what was kept of an allowed question."""
    decision_id = response.headers["x-governor-decision-id"]
    kept = httpx.get(f"{address}/decisions/{decision_id}", headers={"authorization": f"Bearer {BOOTSTRAP}"})
    asked: dict[str, Any] = kept.json()["request"]
    return asked


@pytest.mark.parametrize(
    ("name", "model"), [("chat", "claude-sonnet-4"), ("forged", "claude-sonnet-4"), ("azure", "claude-sonnet-4")]
)
def test_a_chat_is_allowed_with_what_the_body_or_the_path_says(address: str, name: str, model: str) -> None:
    """Envoy sends no content type and the client's query; what a client forged is already gone."""
    response, body = send(address, name)
    asked = question_of(address, response)

    assert (200, "100") == (response.status, response.headers["x-governor-max-output-tokens"])
    assert "allow" == msgspec.json.decode(body)["verdict"]
    assert ({"user": "eve@acme.example"}, model, 100) == (asked["subject"], asked["model"], asked["max_output_tokens"])
    assert (CHAT_BYTES if name != "azure" else CHAT_BYTES - 28) == asked["input_bytes"]


def test_the_same_question_of_a_retrying_envoy_holds_once(address: str) -> None:
    """Envoy made the id, and sends the same one when it asks again."""
    first, again = send(address, "chat")[0], send(address, "chat")[0]

    assert first.headers["x-governor-decision-id"] == again.headers["x-governor-decision-id"]


@pytest.mark.parametrize("name", ["head", "options"])
def test_a_method_without_a_body_names_no_model(address: str, name: str) -> None:
    """Denied by default, in words for whoever configures the proxy; a HEAD gets no body."""
    response, body = send(address, name)

    assert (403, "false") == (response.status, response.headers["x-should-retry"])
    assert (b"" if name == "head" else b"exempt routes") in body
    assert ("head" == name) == (body == b"")


def test_a_cut_body_is_refused_with_what_to_do(address: str) -> None:
    """The recording was cut after 128 bytes, behind a complete object: it could have gone on with anything."""
    response, body = send(address, "partial")

    assert (403, "invalid_request") == (response.status, response.headers["x-governor-reason"])
    assert b"was cut after 128 bytes" in body
