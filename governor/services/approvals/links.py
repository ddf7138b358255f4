"""Addresses of the pages for people, for messages that lead there; without a public address there are none."""

from datetime import datetime

from governor.core.approvals.request import Actor
from governor.services.approvals.sign_in import make_link
from governor.store.database import Database

PAGES = "/web"
"""Where the pages are mounted."""


def case_path(request_id: str) -> str:
    """Return the path of a request's page, below where the pages are mounted."""
    return f"/requests/{request_id}"


def case_page(public_url: str, request_id: str) -> str:
    """Return where a request stands for whoever signs in there, or ``""``."""
    return f"{public_url}{PAGES}{case_path(request_id)}" if public_url else ""


async def personal_link(database: Database, public_url: str, actor: Actor, request_id: str, now: datetime) -> str:
    """Return a link that signs one person in on a request's page, once and within a quarter of an hour; or ``""``.

    Args:
        database: Keeps what proves it.
        public_url: How people reach this server, or ``""``.
        actor: Who asked for it in Slack.
        request_id: The request.
        now: The door's instant.
    """
    if not public_url:
        return ""
    return f"{public_url}{PAGES}/link/{await make_link(database, actor, case_path(request_id), now)}"
