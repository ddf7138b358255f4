"""``POST /slack/events``: hands what Slack sends to the Slack door, and its answer back."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from governor.edges.api.errors import ApiError

SlackReceiver = Callable[[bytes, Mapping[str, str]], Awaitable[tuple[int, Mapping[str, str], bytes]]]
"""Takes a body and headers with lower-case names; returns status, headers and body."""


class SlackEvents:
    """The route.

    Args:
        receive: The Slack door, or None if no bot token is set.
    """

    def __init__(self, receive: SlackReceiver | None) -> None:
        self._receive = receive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whether Slack sent it is for the door to check."""
        if self._receive is None:
            raise ApiError(
                "slack is not connected; set GOVERNOR_SLACK_BOT_TOKEN and GOVERNOR_SLACK_SIGNING_SECRET",
                code="not_found",
            )
        request = Request(scope, receive)
        status, headers, body = await self._receive(await request.body(), dict(request.headers))
        await Response(body, status, dict(headers))(scope, receive, send)
