"""A web hook: a signed document to one address, so that its receiver knows who sent it, and when."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

TIMEOUT_S = 10.0

TIMESTAMP = "x-governor-timestamp"
SIGNATURE = "x-governor-signature"
DELIVERY = "x-governor-delivery"


class WebhookError(Exception):
    """The receiver did not take the document; it is sent again later."""


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """Return ``v1=`` and the HMAC-SHA256, in hex, of ``<timestamp>.<body>``."""
    signed = timestamp.encode() + b"." + body
    return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Webhook:
    """Sends documents to one address.

    Args:
        url: Where.
        secret: What documents are signed with.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    async def send(self, delivery: str, document: Mapping[str, Any], now: datetime) -> None:
        """Send one document.

        Args:
            delivery: The same when a document is sent again, so that its receiver can tell.
            document: What is sent, as JSON.
            now: Part of what is signed: an old document sent by somebody else is recognised.

        Raises:
            WebhookError: If it was not taken, or nobody knows.
        """
        body = json.dumps(document, separators=(",", ":")).encode()
        timestamp = str(int(now.timestamp()))
        headers = {
            "content-type": "application/json",
            TIMESTAMP: timestamp,
            SIGNATURE: signature_of(self._secret, timestamp, body),
            DELIVERY: delivery,
        }
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
                response = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise WebhookError(f"no answer ({type(error).__name__})") from error
        if not response.is_success:
            raise WebhookError(f"answered {response.status_code}")
