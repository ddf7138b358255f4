"""The one way in: names the request, checks key and role, sends errors in one shape, counts and logs.

Only routes of the roles table pass; everything else is refused here and never reaches a router. The hot routes
(``/decide``, ``/usage``) are answered directly, because walking a framework's middleware costs as much as deciding.
"""

import os
import re
import time
from collections.abc import Awaitable, Mapping
from itertools import count
from typing import Protocol

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from governor.core.errors import GovernorError
from governor.core.keys import Role
from governor.edges.api.bodies import ClientGoneError, header, read_body
from governor.edges.api.errors import ApiError, error_body, error_headers, status_of
from governor.edges.api.ext_authz_headers import one_key
from governor.edges.api.failures import DEFECT
from governor.edges.api.logs import REQUEST_ID
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.roles import ANY_METHOD, RULES, RouteRule
from governor.services.keys import Identity

_SAFE_ID = re.compile(rb"[\x21-\x7e]{1,128}")
JSON_HEADER = (b"content-type", b"application/json")


class Doorkeeper(Protocol):
    """Knows keys: the key ring, or the open door of ``AUTH=off``."""

    def identify(self, secret: bytes) -> Identity | None:
        """Return who a key belongs to, or None if it is not valid now."""
        ...


class HotRoute(Protocol):
    """A route that is answered without the framework."""

    def answer(self, scope: Scope, receive: Receive, identity: Identity) -> Awaitable[bytes]:
        """Return the JSON body of a 200; raises ``GovernorError`` for anything else."""
        ...


class RouteTable:
    """Finds the rule of a method and a path."""

    def __init__(self, rules: tuple[RouteRule, ...]) -> None:
        self._exact = {(rule.method, rule.path): rule for rule in rules if "{" not in rule.path}
        self._patterns = [
            (rule.method, re.compile(re.sub(r"\{\w+\}", _part(rule), rule.path), re.DOTALL), rule)
            for rule in rules
            if "{" in rule.path
        ]
        self._rules = rules

    def find(self, method: str, path: str) -> RouteRule:
        """Return the rule.

        Raises:
            ApiError: ``not_found`` for an unknown path, ``method_not_allowed`` for a known one with another method.
        """
        wanted = "GET" if method == "HEAD" else method
        rule = self._exact.get((wanted, path))
        if rule is not None:
            return rule
        allowed = sorted({known for (known, exact) in self._exact if exact == path})
        for known, pattern, candidate in self._patterns:
            if pattern.fullmatch(path):
                if known in {wanted, ANY_METHOD}:
                    return candidate
                allowed.append(known)
        if allowed:
            names = ", ".join(allowed)
            raise ApiError(f"`{path[:120]}` is not for {method}; use {names}", code="method_not_allowed", allow=names)
        raise ApiError(f"`{path[:120]}` is not a route here; see /docs for those there are", code="not_found")


class Gate:
    """The outermost ASGI application.

    Args:
        app: The framework's application, for all but the hot routes.
        doorkeeper: Knows keys.
        hot: Method and path to the routes answered directly.
        metrics: Where requests are counted.
        body_size_max: The largest body, in bytes.
        open_port: Where the open routes are, and no others; None: on the port of all.
    """

    def __init__(
        self,
        app: ASGIApp,
        doorkeeper: Doorkeeper,
        hot: Mapping[tuple[str, str], HotRoute],
        metrics: HttpMetrics,
        body_size_max: int,
        *,
        open_port: int | None = None,
    ) -> None:
        self._app = app
        self._doorkeeper = doorkeeper
        self._hot = hot
        self._metrics = metrics
        self._body_size_max = body_size_max
        self._open_port = open_port
        self._table = RouteTable(tuple(rule for rule in RULES if open_port is None or not rule.is_open))
        self._open_table = RouteTable(tuple(rule for rule in RULES if rule.is_open))
        self._prefix = os.urandom(6).hex()
        self._numbers = count(1)
        self._log = structlog.get_logger("governor.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        started_s = time.perf_counter()
        request_id = self._request_id(scope)
        REQUEST_ID.set(request_id)
        answer = _Answer(send, request_id)
        template = "(unknown)"
        try:
            table = self._table
            if self._open_port is not None and scope["server"][1] == self._open_port:
                table = self._open_table
            rule = table.find(scope["method"], scope["path"])
            template = rule.path
            identity = self._admitted(scope, rule)
            hot = self._hot.get((rule.method, rule.path))
            if hot is not None:
                await answer.json(200, await hot.answer(scope, receive, identity))
            else:
                await self._through_the_framework(scope, receive, answer, identity, rule)
        except GovernorError as error:
            await answer.error(error)
            self._log.info("refused", code=error.code, reason=error.message, status=answer.status, path=scope["path"])
        except ClientGoneError:
            answer.status = 499
        except Exception:  # noqa: BLE001 the last line of defence: whatever it is, the caller gets our shape
            self._log.exception("defect", path=scope["path"], method=scope["method"])
            await answer.error(GovernorError(DEFECT, code="internal"))
        self._metrics.request(scope["method"], template, answer.status, time.perf_counter() - started_s)

    def _request_id(self, scope: Scope) -> str:
        given = header(scope, b"x-request-id")
        if given and _SAFE_ID.fullmatch(given):
            return given.decode("ascii")
        return f"{self._prefix}-{next(self._numbers):x}"

    def _admitted(self, scope: Scope, rule: RouteRule) -> Identity:
        if not rule.roles:
            return ANYBODY
        identity = self._doorkeeper.identify(_secret(scope) if rule.method != ANY_METHOD else _proxy_secret(scope))
        if identity is None and rule.proof and not header(scope, b"authorization"):
            # A request that is signed brings no key: its route checks what is as good as one.
            return ANYBODY
        if identity is None:
            raise ApiError("this route needs a valid key; send `Authorization: Bearer gov_...`", code="unauthenticated")
        # Whom the Organization lets stop is for the service to look up; a machine is nobody whom it lists.
        if identity.role not in rule.roles and not (rule.persons and identity.person):
            persons = [f"a person in {rule.persons}"] if rule.persons else []
            needed = ", ".join([*(role for role in Role if role in rule.roles), *persons])
            raise ApiError(
                f"the key `{identity.name}` has the role {identity.role}; this route needs {needed}",
                code="forbidden",
                role=str(identity.role),
                needed=needed,
            )
        return identity

    async def _through_the_framework(
        self, scope: Scope, receive: Receive, answer: "_Answer", identity: Identity, rule: RouteRule
    ) -> None:
        if rule.method != ANY_METHOD:
            body = await read_body(scope, receive, self._body_size_max) if scope["method"] == "POST" else b""
            receive = _replay(body, receive)
        state = dict(scope.get("state") or {})
        state["identity"] = identity
        state["request_id"] = answer.request_id
        await self._app({**scope, "state": state}, receive, answer.send)


class _Answer:
    """Sends one response, and knows whether it has begun."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        """Pass a message of the framework on, with the request's id among the headers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": [*message["headers"], (b"x-request-id", self.request_id.encode())]}
        await self._send(message)

    async def json(self, status: int, body: bytes, extra: list[tuple[bytes, bytes]] | None = None) -> None:
        """Send a whole JSON response."""
        self.status = status
        headers = [
            JSON_HEADER,
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", self.request_id.encode()),
        ]
        if extra:
            headers.extend(extra)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def error(self, error: GovernorError) -> None:
        """Send an error, unless a response has begun: then there is nothing left to say."""
        if self.status:
            return
        body = error_body(error.code, error.message, dict(error.details), self.request_id)
        await self.json(status_of(error), body, error_headers(error))


def _secret(scope: Scope) -> bytes:
    given = header(scope, b"authorization")
    return given[7:].strip() if given[:7].lower() == b"bearer " else b""


def _proxy_secret(scope: Scope) -> bytes:
    """Return the key of a proxy; its own header comes first, because `Authorization` is its client's to fill."""
    given = one_key(scope["headers"])
    return _secret(scope) if given is None else given


def _part(rule: RouteRule) -> str:
    """Return the pattern of a path's parameter."""
    return ".*" if rule.method == ANY_METHOD else "[^/]+"


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives a body that was read already, and then whatever comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


ANYBODY = Identity(name="", role=Role.VIEWER)
"""Who calls an open route."""
