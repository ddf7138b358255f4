"""Who signed a webhook: GitHub signs the body, GitLab sends the secret itself."""

import hashlib
import hmac
from collections.abc import Mapping

from governor.edges.api.errors import ApiError

GITHUB = "x-hub-signature-256"
GITLAB = "x-gitlab-token"


def check_webhook(headers: Mapping[str, str], body: bytes, secret: str | None) -> None:
    """Let a webhook pass that knows the secret; compared in constant time.

    Args:
        headers: Of the request, by lower-case name.
        body: As it was sent.
        secret: The setting, or None if there is none.

    Source: GitHub, "Validating webhook deliveries"; GitLab, "Webhooks: secret token".

    Raises:
        ApiError: ``unauthenticated``.
    """
    if not secret:
        raise _refused(
            "send an admin's key, or set GOVERNOR_POLICIES_WEBHOOK_SECRET and the same secret in the webhook"
        )
    signature, token = headers.get(GITHUB), headers.get(GITLAB)
    if signature is not None:
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        good = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
    elif token is not None:
        good = hmac.compare_digest(secret.encode(), token.encode("utf-8", "replace"))
    else:
        raise _refused(f"send an admin's key, or a webhook with `{GITHUB}` or `{GITLAB}`")
    if not good:
        raise _refused("the webhook is not signed with GOVERNOR_POLICIES_WEBHOOK_SECRET; set the same secret in both")


def _refused(message: str) -> ApiError:
    return ApiError(message, code="unauthenticated")
