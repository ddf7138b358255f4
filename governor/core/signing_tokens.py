"""Signing tokens of Standard Webhooks: ``whsec_`` and a key in Base64, as GitLab makes them."""

import base64

SIGNING_PREFIX = "whsec_"
"""How a signing token begins."""


def signing_key(secret: str) -> bytes:
    """Return the key that a secret signs with: what a signing token holds, or else the secret itself.

    Raises:
        ValueError: If it begins like a signing token, and what follows is no key in Base64.
    """
    if not secret.startswith(SIGNING_PREFIX):
        return secret.encode()
    key = base64.b64decode(secret.removeprefix(SIGNING_PREFIX), validate=True)
    if not key:
        # Anybody can sign with it.
        raise ValueError("the key is empty")
    return key
