"""How a gateway talks to Governor: a keep-alive connection that asks ``/decide`` and reports what came after."""

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

from governor.core.errors import GovernorError

TIMEOUT_S = 30.0


class ServerError(GovernorError):
    """The server could not be reached or refused the call; the message says what it answered."""

    code = "server_error"


class Gateway:
    """One connection to a Governor server; not for several threads at once.

    Args:
        url: Where the server is, like ``http://127.0.0.1:8080``.
        key: A bearer key, or ``""`` where the server runs with ``AUTH=off``.

    Raises:
        ServerError: If the URL is not one of a server.
    """

    def __init__(self, url: str, key: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ServerError(f"`{url}` is not the address of a server; write it like http://127.0.0.1:8080")
        self._url = url
        self._path = parts.path.rstrip("/")
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = connect(parts.hostname, parts.port, timeout=TIMEOUT_S)
        self._headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def decide(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask whether a model request may be made; a deny is an answer."""
        return self._call("POST", "/decide", request)

    def report(self, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Report usage events."""
        return self._call("POST", "/usage", events)

    def report_outcomes(self, reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Report what came of the work."""
        return self._call("POST", "/outcomes", reports)

    def get(self, path: str) -> dict[str, Any]:
        """Read one of the ``GET`` routes."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask one of the ``POST`` routes to do something."""
        return self._call("POST", path, body)

    def delete(self, path: str) -> dict[str, Any]:
        """Ask one of the ``DELETE`` routes to end something."""
        return self._call("DELETE", path, None)

    def _call(self, method: str, path: str, body: object) -> dict[str, Any]:
        payload = None if body is None else json.dumps(body, separators=(",", ":"))
        try:
            self._connection.request(method, self._path + path, payload, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ServerError(
                f"no answer from `{self._url}` ({error}); check the address and that the server runs"
            ) from error
        if response.status >= 400:
            raise ServerError(
                f"`{self._url}{path}` answered {response.status}: {_said(answer)}", status=response.status
            )
        return _document(answer, self._url)


def _document(answer: bytes, url: str) -> dict[str, Any]:
    try:
        document = json.loads(answer)
    except ValueError as error:
        raise ServerError(f"`{url}` does not answer in JSON; is it a Governor server?") from error
    if not isinstance(document, dict):
        raise ServerError(f"`{url}` does not answer like a Governor server")
    return document


def _said(answer: bytes) -> str:
    try:
        error = json.loads(answer)["error"]
        return f"{error['message']} ({error['code']})"
    except (ValueError, KeyError, TypeError):
        return answer[:200].decode(errors="replace") or "nothing"
