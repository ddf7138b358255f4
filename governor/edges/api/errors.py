"""Every error that the HTTP door answers, in one shape, from one table. The domain knows no status."""

from dataclasses import dataclass
from typing import Any

import msgspec

from governor.core.errors import GovernorError


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One row of the table: the status that a code is answered with, and what it means for the caller."""

    status: int
    meaning: str


ERRORS: dict[str, ErrorKind] = {
    "malformed_json": ErrorKind(400, "The body is not JSON; nothing was read."),
    "invalid_cloud_event": ErrorKind(400, "The CloudEvents envelope is incomplete or contradicts itself."),
    "unauthenticated": ErrorKind(401, "No key, an unknown key, or a key that was revoked or has ended."),
    "forbidden": ErrorKind(403, "The key is valid, but its role may not call this route."),
    "not_found": ErrorKind(404, "No such route, or nothing is known under this identifier."),
    "method_not_allowed": ErrorKind(405, "The route exists, but not with this method; `Allow` names those it has."),
    "conflict": ErrorKind(409, "The same idempotency key was used with another body; nothing changed."),
    "not_held": ErrorKind(409, "The reservation is no longer held (settled, released or expired); nothing changed."),
    "quota_exceeded": ErrorKind(409, "A reservation cannot hold more: a budget on its path has no room."),
    "blocked": ErrorKind(409, "Somebody stopped what the reservation was made for; it lives no longer than it did."),
    "wrong_state": ErrorKind(409, "Not possible in the state that the exception is in; `details.state` names it."),
    "decide_on_page": ErrorKind(409, "The rule says `decide_in: web`: decide it on the page, not in Slack."),
    "break_glass_suspended": ErrorKind(409, "A review of an earlier use is overdue; `details.review` names it."),
    "credit_too_large": ErrorKind(409, "A credit gives back at most what the budget has used; nothing changed."),
    "not_a_repository": ErrorKind(409, "The policies come from a folder, which is watched: there is nothing to sync."),
    "hold_too_long": ErrorKind(422, "A hold lives at most 24 hours in all."),
    "body_too_large": ErrorKind(413, "The body is larger than GOVERNOR_REQUEST_SIZE_MAX."),
    "unsupported_media_type": ErrorKind(415, "The body has a content type that the route does not read."),
    "unknown_field": ErrorKind(
        422, "A field that the route does not know; `details.nearest` is the closest valid name."
    ),
    "invalid_request": ErrorKind(422, "A value of the wrong type, out of range, or contradicting another."),
    "never_lifted": ErrorKind(422, "A policy with `exceptions: never`: no exception lifts it; propose a change of it."),
    "no_approval_rule": ErrorKind(422, "No ApprovalRule concerns such a request, so nobody decides about it."),
    "invalid_amount": ErrorKind(422, "An amount that is not a number Governor accepts."),
    "invalid_cursor": ErrorKind(422, "A page cursor that this route did not give out."),
    "internal": ErrorKind(500, "A defect of Governor; the log has it under `request_id`. Nothing was promised."),
    "forecast_process_ended": ErrorKind(503, "The process that forecasts ended early; ask again."),
    "ledger_unavailable": ErrorKind(503, "The request was not evaluated; `Retry-After` says when to ask again."),
}
"""Code to row. ``docs/reference/errors.md`` is this table, and a test keeps them equal."""

RETRY_AFTER_S = 1


class ApiError(GovernorError):
    """An error that only the HTTP door knows (a wrong method, a wrong content type, a key without the role)."""

    code = "invalid_request"


def status_of(error: GovernorError) -> int:
    """Return the HTTP status of a domain error; a code without a row is a defect of ours: 500."""
    kind = ERRORS.get(error.code)
    return kind.status if kind is not None else 500


def error_body(code: str, message: str, details: Any, request_id: str) -> bytes:
    """Encode the one shape that every error has."""
    return msgspec.json.encode(
        {"error": {"code": code, "message": message, "details": details, "request_id": request_id}}
    )


def error_headers(error: GovernorError) -> list[tuple[bytes, bytes]]:
    """Return the extra headers that an error's status asks for."""
    match status_of(error):
        case 401:
            return [(b"www-authenticate", b'Bearer realm="governor"')]
        case 405:
            return [(b"allow", str(error.details.get("allow", "")).encode())]
        case 503:
            return [(b"retry-after", str(RETRY_AFTER_S).encode())]
        case _:
            return []
