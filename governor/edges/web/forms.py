"""Forms as they arrive: bounded, without control characters, and only from our own pages."""

from collections.abc import Mapping
from datetime import date, datetime
from urllib.parse import parse_qsl

from starlette.requests import Request

from governor.core.errors import AmountError, ForbiddenError, InvalidRequestError
from governor.core.money import nano_from_text
from governor.services.approvals.ends import end_of_day
from governor.services.approvals.sign_in import Session, is_guard

BYTES_MAX = 64 * 1024
FIELDS_MAX = 64


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form; of several of a name the values stand between commas.

    Raises:
        ForbiddenError: If another site sent it.
        InvalidRequestError: If it is too large or no form.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForbiddenError("another site sent this form; open the page here and send it again")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BYTES_MAX:
            raise InvalidRequestError("the form is too large; write less")
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX, strict_parsing=bool(body)
        )
    except ValueError:
        raise InvalidRequestError("this is no form; open the page and send it again") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        text = value.replace("\r\n", "\n")
        fields[name] = f"{fields[name]}, {text}" if fields.get(name) else text
    return fields


def check_guard(session: Session, form: Mapping[str, str]) -> None:
    """Refuse a form that was not made for this session.

    Raises:
        ForbiddenError: If it was not.
    """
    if not is_guard(session, form.get("guard", "")):
        raise ForbiddenError("this form was made for another session; open the page again and send it again")


def dollars_in(form: Mapping[str, str], name: str) -> int | None:
    """Read an amount of USD, or None where nothing is written.

    Raises:
        InvalidRequestError: If it is no amount.
    """
    text = form.get(name, "").replace(",", "").replace("USD", "").strip()
    if not text:
        return None
    try:
        return nano_from_text(text)
    except AmountError as error:
        raise InvalidRequestError(error.message, field=name) from None


def number_in(form: Mapping[str, str], name: str) -> int | None:
    """Read a whole number, or None where nothing is written.

    Raises:
        InvalidRequestError: If it is none.
    """
    text = form.get(name, "").replace(",", "").replace("_", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise InvalidRequestError(f"`{text[:40]}` is not a whole number", field=name)
    return int(text)


def end_in(form: Mapping[str, str], name: str, time_zone: str) -> datetime | None:
    """Read the last day of something as the first instant after it, or None where nothing is written.

    Raises:
        InvalidRequestError: If it is no day.
    """
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidRequestError(f"`{text[:40]}` is not a day; write it like 2026-12-01", field=name) from None
    return end_of_day(day, time_zone)


def names_in(form: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Read names that are separated by commas or lines."""
    parts = form.get(name, "").replace("\n", ",").split(",")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
