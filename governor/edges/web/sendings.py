"""Each page that asks for something can be sent once: a second click finds what the first one made."""

from collections.abc import Mapping
from secrets import token_urlsafe

SENDING = "request_id"
"""The field of a form."""

_CHARACTERS_MAX = 256


def new_sending() -> str:
    """Return the id of what a page asks for, if it is sent."""
    return f"web {token_urlsafe()}"


def sending_in(form: Mapping[str, str]) -> str:
    """Return the id under which a form was sent, or ``""``."""
    return form.get(SENDING, "")[:_CHARACTERS_MAX]
