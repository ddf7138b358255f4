"""What the framework finds wrong, in the one shape of all errors."""

from difflib import get_close_matches
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from governor.core.errors import GovernorError, InvalidRequestError, LedgerUnavailableError
from governor.core.field_words import in_plain_words
from governor.edges.api.errors import ApiError, error_body, error_headers, status_of

DEFECT = "a defect of Governor; its log has this request's id"

_log = structlog.get_logger("governor.http")

_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 415: "unsupported_media_type"}


def error_response(error: GovernorError, request: Request) -> Response:
    """Render an error for a request that came through the gate."""
    request_id = getattr(request.state, "request_id", "")
    response = Response(
        error_body(error.code, error.message, dict(error.details), request_id),
        status_of(error),
        media_type="application/json",
    )
    response.raw_headers.extend(error_headers(error))
    return response


async def on_domain_error(request: Request, error: Exception) -> Response:
    """Answer a domain error."""
    assert isinstance(error, GovernorError)
    return error_response(error, request)


async def on_storage_error(request: Request, error: Exception) -> Response:
    """Answer a read that the database could not serve; the caller may ask again."""
    _log.warning("database_failed", problem=type(error).__name__)
    return error_response(LedgerUnavailableError("the database does not answer; try again in a moment"), request)


async def on_defect(request: Request, _error: Exception) -> Response:
    """Answer a defect of ours; the gate logs it."""
    return error_response(GovernorError(DEFECT, code="internal"), request)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer an error of the framework."""
    assert isinstance(error, HTTPException)
    allow = (error.headers or {}).get("Allow", "")
    code = _CODES.get(error.status_code, "invalid_request")
    return error_response(ApiError(str(error.detail).lower(), code=code, allow=allow), request)


async def on_invalid_parameters(request: Request, error: Exception) -> Response:
    """Answer wrong query parameters and paths, all of them at once."""
    assert isinstance(error, RequestValidationError)
    problems = error.errors()
    fields = [str(problem["loc"][-1])[:200] for problem in problems]
    unknown = [field for field, problem in zip(fields, problems, strict=True) if problem["type"] == "extra_forbidden"]
    message = "; ".join(_sentence(problem) for problem in problems if problem["type"] != "extra_forbidden")
    if not unknown:
        return error_response(InvalidRequestError(message, fields=fields), request)
    known = _parameters(request)
    nearest = [next(iter(get_close_matches(field, known, n=1, cutoff=0.5)), None) for field in unknown]
    slips = [
        f"`{field[:80]}` is not a parameter of this route; "
        + (f"did you mean `{near}`" if near else f"known are {', '.join(known)}")
        for field, near in zip(unknown, nearest, strict=True)
    ]
    message = "; ".join([*slips, message] if message else slips)
    refused = ApiError(message, code="unknown_field", fields=fields, field=unknown[0], nearest=nearest[0])
    return error_response(refused, request)


def _parameters(request: Request) -> list[str]:
    """Return the names of the parameters of the called route."""
    operation = request.app.openapi()["paths"][request.scope["route"].path][request.method.lower()]
    return sorted(parameter["name"] for parameter in operation["parameters"])


def _sentence(problem: dict[str, Any]) -> str:
    name = str(problem["loc"][-1])[:80]
    return f"`{name}`: {in_plain_words(problem['type'], problem['msg'], problem.get('ctx', {}))}"
