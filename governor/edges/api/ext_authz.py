"""``/ext_authz/{path}``: ``/decide`` for proxies that read only status codes and headers.

Envoy's HTTP ``ext_authz``, nginx's ``auth_request`` and Traefik's ``forwardAuth`` send a client's request here, by any
method, before they pass it on. The same decider, metrics and degraded answers as ``/decide``.
"""

import time

import structlog
from starlette.types import Receive, Scope, Send

from governor.core.errors import GovernorError
from governor.edges.api.bodies import read_body
from governor.edges.api.decide import FreshIds
from governor.edges.api.errors import status_of
from governor.edges.api.ext_authz_answer import ProxyAnswer, proxy_answer, proxy_error
from governor.edges.api.ext_authz_question import read_question
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.wire_decide import decide_request
from governor.services.keys import Identity
from governor.wiring import Governor

_log = structlog.get_logger("governor.http")


class ExtAuthz:
    """The ASGI endpoint behind the gate, which has checked the proxy's key.

    Args:
        metrics: Where decisions are counted.
    """

    def __init__(self, metrics: HttpMetrics) -> None:
        self._metrics = metrics
        self._ids = FreshIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of a proxy."""
        state = scope["state"]
        request_id: str = state["request_id"]
        try:
            answer = await self._answer(scope, receive, scope["app"].state.governor, state["identity"], request_id)
        except GovernorError as error:
            if status_of(error) >= 500:
                raise
            _log.info("refused", code=error.code, reason=error.message, path=scope["path"])
            answer = proxy_error(error, request_id)
        headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(
        self, scope: Scope, receive: Receive, governor: Governor, identity: Identity, request_id: str
    ) -> ProxyAnswer:
        now = governor.clock.now()
        body = await read_body(scope, receive, governor.settings.request_size_max)
        began_s = time.perf_counter()
        wire, canonical = read_question(scope, body, identity)
        request = decide_request(wire, self._ids.next())
        decoded_s = time.perf_counter()
        answered = await governor.decider.decide(request, identity.caller, canonical, now)
        ledger_s = time.perf_counter() - decoded_s - answered.evaluate_s
        self._metrics.decision(answered, (decoded_s - began_s, answered.evaluate_s, ledger_s))
        return proxy_answer(answered.body, now, request_id)
