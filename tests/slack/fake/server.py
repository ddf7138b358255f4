"""The made-up Slack on a real port: HTTP for the Web API and for answers, a websocket for Socket Mode."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

from tests.slack.fake.block_kit import message_problems
from tests.slack.fake.methods import METHODS, authorised
from tests.slack.fake.workspace import Fault, SlackRefusalError, Workspace

ACK_S = 60.0
"""How long an acknowledgement is waited for: a busy machine is no defect. That none waits for the database is shown by
one that answers only after the acknowledgement has come."""


class SlackServer:
    """The server, and the sockets that are connected to it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.url = ""
        self.sockets: list[web.WebSocketResponse] = []
        self.connected = asyncio.Event()
        self._acks: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._tickets: set[str] = set()

    @property
    def api_url(self) -> str:
        """What GOVERNOR_SLACK_API_URL is set to."""
        return f"{self.url}/api"

    def application(self) -> web.Application:
        """Make the application."""
        application = web.Application()
        application.router.add_route("*", "/api/{method}", self._call)
        application.router.add_post("/response/{name}", self._answer)
        application.router.add_get("/socket/{ticket}", self._socket)
        return application

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if self.workspace.down:
            return web.Response(status=503, text="down")
        try:
            fault = self.workspace.next_fault(method)
            if fault is not None and not fault.after:
                return self._broken(request, fault)
            token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
            arguments = await _arguments(request)
            authorised(method, token or str(arguments.pop("token", "")))
            self.workspace.calls.append((method, arguments))
            body = self._connection() if method == "apps.connections.open" else self._done(method, arguments)
            if fault is not None:
                return self._broken(request, fault)
        except SlackRefusalError as refusal:
            return web.json_response(refusal.body, status=refusal.status, headers=refusal.headers)
        scopes = ",".join(sorted(self.workspace.scopes))
        return web.json_response({"ok": True, **body}, headers={"x-oauth-scopes": scopes})

    def _done(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if method not in METHODS:
            raise SlackRefusalError("unknown_method")
        return METHODS[method](self.workspace, arguments)

    def _broken(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.drop:
            assert request.transport is not None
            request.transport.close()
        if fault.retry_after_s:
            raise SlackRefusalError("ratelimited", status=429, headers={"Retry-After": str(fault.retry_after_s)})
        if fault.error:
            raise SlackRefusalError(fault.error)
        return web.Response(status=fault.status, text="broken")

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        problems = message_problems(body.get("blocks", []))
        if problems:
            return web.json_response({"ok": False, "error": "invalid_blocks", "errors": problems}, status=400)
        try:
            self.workspace.take_answer(request.match_info["name"], body)
        except SlackRefusalError as refusal:
            return web.json_response(refusal.body, status=refusal.status)
        return web.Response(text="ok")

    def _connection(self) -> dict[str, Any]:
        ticket = f"t{self.workspace.number()}"
        self._tickets.add(ticket)
        return {"url": f"{self.url.replace('http', 'ws', 1)}/socket/{ticket}"}

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["ticket"] not in self._tickets:
            return web.Response(status=404)
        self._tickets.discard(request.match_info["ticket"])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": len(self.sockets)})
        self.connected.set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                said = json.loads(message.data)
                waiting = self._acks.pop(said.get("envelope_id", ""), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(said.get("payload") or {})
        if socket in self.sockets:
            self.sockets.remove(socket)
        return socket

    async def deliver(self, kind: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Send an envelope over the socket, and return what it is acknowledged with.

        Raises:
            TimeoutError: If it is not acknowledged in time.
        """
        envelope_id = f"e{self.workspace.number()}"
        waiting = self._acks[envelope_id] = asyncio.get_running_loop().create_future()
        envelope = {"type": kind, "envelope_id": envelope_id, "payload": payload, "accepts_response_payload": True}
        await self.sockets[-1].send_json({**envelope, **more})
        return await asyncio.wait_for(waiting, ACK_S)

    async def drop_sockets(self, *, politely: bool = False) -> None:
        """Lose every connection; ``politely``, Slack says before that it is going to."""
        self.connected.clear()
        for socket in list(self.sockets):
            if politely:
                await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
            await socket.close()
        self.sockets.clear()


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Read the arguments of a call: JSON, a form whose nested values are JSON, or the query."""
    if request.content_type == "application/json":
        body: dict[str, Any] = await request.json()
        return body
    given = dict(request.query) | {name: str(value) for name, value in (await request.post()).items()}
    return {name: _nested(value) for name, value in given.items()}


def _nested(value: str) -> Any:
    if value[:1] in {"{", "["}:
        return json.loads(value)
    return value


@asynccontextmanager
async def slack_server(workspace: Workspace) -> AsyncIterator[SlackServer]:
    """Run the server on a free port."""
    server = SlackServer(workspace)
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await server.drop_sockets()
        await runner.cleanup()
