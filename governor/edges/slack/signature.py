"""Only Slack may speak for people: every request is signed with the secret that Slack and we share.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
from collections.abc import Mapping

from governor.core.errors import GovernorError

WINDOW_S = 300
"""How old a request may be, or how far ahead of our clock: a recorded one cannot be sent again later."""

_SIGNATURE = "x-slack-signature"
_TIMESTAMP = "x-slack-request-timestamp"


class NotSlackError(GovernorError):
    """A request that Slack did not sign, or not lately."""

    code = "unauthenticated"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return what Slack signs a body with."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def check_signature(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> None:
    """Refuse what Slack did not sign within the last five minutes.

    Args:
        secret: The app's signing secret.
        headers: With lower-case names.
        body: The very bytes that came.
        now_s: The wall clock, Unix seconds: Slack's time is nobody's to move.

    Raises:
        NotSlackError: If the signature is absent, wrong or too old.
    """
    timestamp = headers.get(_TIMESTAMP, "")
    given = headers.get(_SIGNATURE, "")
    # Digits alone, so that the same instant has one spelling; the comparison takes as long for every wrong signature.
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("9999999999")
    expected = signature(secret, timestamp if is_number else "0", body)
    matches = hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
    if not matches or not is_number or abs(now_s - int(timestamp)) > WINDOW_S:
        raise NotSlackError(
            "this route is for Slack, and the request is not signed by it within the last five minutes; check "
            "GOVERNOR_SLACK_SIGNING_SECRET and this server's clock"
        )
