"""Only Slack may speak for people: every request is signed with the secret that Slack and we share.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
from collections.abc import Mapping

from governor.core.errors import GovernorError
from governor.core.recent import is_recent

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
        now_s: The wall clock, Unix seconds.

    Raises:
        NotSlackError: If the signature is absent, wrong or too old.
    """
    timestamp = headers.get(_TIMESTAMP, "")
    given = headers.get(_SIGNATURE, "")
    # The comparison takes as long for every wrong signature.
    expected = signature(secret, timestamp, body)
    matches = hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
    if not matches or not is_recent(timestamp, now_s):
        raise NotSlackError(
            "this route is for Slack, and the request is not signed by it within the last five minutes; check "
            "GOVERNOR_SLACK_SIGNING_SECRET and this server's clock"
        )
