"""Who signed a webhook: GitHub signs the body; GitLab signs body, id and time, or sends the secret itself."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from governor.core.recent import is_recent
from governor.core.signing_tokens import SIGNING_PREFIX, signing_key
from governor.edges.api.errors import ApiError

GITHUB = "x-hub-signature-256"
GITLAB = "x-gitlab-token"
STANDARD = "webhook-signature"
STANDARD_ID = "webhook-id"
STANDARD_TIMESTAMP = "webhook-timestamp"

_STANDARD_VERSION = "v1,"


def check_webhook(headers: Mapping[str, str], body: bytes, secret: str | None, now_s: float) -> None:
    """Let a webhook pass that knows the secret; compared in constant time.

    GitLab can send a signature and a secret token: which one counts is what the secret is. One that is no signing
    token is good as the secret token, also beside a signature by another key.

    Args:
        headers: Of the request, by lower-case name.
        body: As it was sent.
        secret: The setting, which was checked at the start, or None if there is none.
        now_s: The wall clock, Unix seconds.

    Source: GitHub, "Validating webhook deliveries"; GitLab, "Webhooks: signing token" (as Standard Webhooks has it) and
    "secret token".

    Raises:
        ApiError: ``unauthenticated``.
    """
    if not secret:
        raise _refused(
            "send an admin's key, or set GOVERNOR_POLICIES_WEBHOOK_SECRET and the same secret in the webhook"
        )
    github, standard, token = headers.get(GITHUB), headers.get(STANDARD), headers.get(GITLAB)
    knows_token = token is not None and _same(secret, token)
    if github is not None:
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        good = _same(expected, github)
    elif standard is not None and (secret.startswith(SIGNING_PREFIX) or not knows_token):
        timestamp = headers.get(STANDARD_TIMESTAMP, "")
        expected = standard_signature(secret, headers.get(STANDARD_ID, ""), timestamp, body)
        # While a key is changed there is one signature by each, with a space between them.
        good = any(_same(expected, each) for each in standard.split())
        if good and not is_recent(timestamp, now_s):
            raise _refused(
                "the webhook was not signed within the last five minutes; send it anew, and check this server's clock"
            )
    elif token is not None:
        good = knows_token
    else:
        raise _refused(f"send an admin's key, or a webhook with `{GITHUB}`, `{STANDARD}` or `{GITLAB}`")
    if not good:
        raise _refused("the webhook is not signed with GOVERNOR_POLICIES_WEBHOOK_SECRET; set the same secret in both")


def standard_signature(secret: str, delivery: str, timestamp: str, body: bytes) -> str:
    """Return ``v1,`` and the HMAC-SHA256, in Base64, of ``<id>.<timestamp>.<body>``.

    Args:
        secret: The key itself, or ``whsec_`` and the key in Base64.
        delivery: The webhook's id.
        timestamp: Unix seconds, as they are sent.
        body: As it is sent.
    """
    signed = f"{delivery}.{timestamp}.".encode() + body
    digest = hmac.new(signing_key(secret), signed, hashlib.sha256).digest()
    return _STANDARD_VERSION + base64.b64encode(digest).decode("ascii")


def _same(expected: str, given: str) -> bool:
    # The web server reads the bytes of a header as Latin-1, whatever they are: GitLab sends UTF-8.
    return hmac.compare_digest(expected.encode(), given.encode("latin-1", "replace"))


def _refused(message: str) -> ApiError:
    return ApiError(message, code="unauthenticated")
