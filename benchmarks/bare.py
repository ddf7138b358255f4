"""The baseline: a bare ASGI application that decodes the same request, encodes a like response, and decides nothing."""

import msgspec
from starlette.types import Receive, Scope, Send

from governor.edges.api.wire_decide import DecideWire

_decode = msgspec.json.Decoder(DecideWire).decode
_encode = msgspec.json.Encoder().encode

BUDGET = {
    "policy": "Quota/department-monthly-spend",
    "scope": {"department": "marketing"},
    "unit": "USD",
    "limit": "12000",
    "ceiling": "12000",
    "used": "17.0391",
    "held": "0.0204",
    "free": "11982.9405",
    "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
}
RESERVATION = {
    "id": "01a1fbae-1071-73fb-95f2-a0e9a447f6fd",
    "state": "held",
    "tokens": 2800,
    "cost_usd": "0.020400000",
    "worst_case_usd": "0.020400000",
    "expires_at": "2026-11-21T01:27:40Z",
}
HEADERS = [(b"content-type", b"application/json")]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a decision that nobody made."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    wire = _decode(body)
    answer = _encode(
        {
            "decision_id": RESERVATION["id"],
            "verdict": "allow",
            "requested_model": wire.model,
            "model": wire.model,
            "substituted": False,
            "max_output_tokens": wire.max_output_tokens,
            "clamped": False,
            "basis": "counted",
            "replayed": False,
            "reservation": RESERVATION,
            "reasons": [],
            "warnings": [],
            "budgets": [BUDGET] * 8,
            "remedies": [],
            "policy_version": "5b46a6007b2bbc1a067444f95ccaaa6e4b63020708605c986005f33eb4eb4cd3",
            "mode": "enforced",
            "degraded": False,
            "stale_policy": False,
        }
    )
    headers = [*HEADERS, (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
