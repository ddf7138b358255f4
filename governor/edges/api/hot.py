"""A hot route as an ASGI endpoint, for whoever comes through the framework's router instead of the gate."""

from starlette.types import Receive, Scope, Send

from governor.edges.api.gate import JSON_HEADER, HotRoute


class HotEndpoint:
    """Sends what a hot route answers.

    Args:
        route: Makes the body.
    """

    def __init__(self, route: HotRoute) -> None:
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; the gate has put the caller's identity into the scope's state."""
        body = await self._route.answer(scope, receive, scope["state"]["identity"])
        headers = [JSON_HEADER, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
