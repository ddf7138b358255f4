"""The request headers of ``/ext_authz``: the fields of ``POST /decide``, as a proxy can set them.

Values are untrusted bytes: a header that is sent twice, is not text, is not the number that it should be, or is not
known is refused by name, because a field that is silently ignored would protect nothing.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from governor.core.errors import InvalidRequestError
from governor.edges.api.errors import ApiError

PREFIX = "x-governor-"
KEY_HEADER = b"x-governor-key"
"""Carries the key of a proxy that must leave ``Authorization`` to its client."""

_WHOLE = re.compile(r"[0-9]{1,19}")


class Kind(Enum):
    """How a header's text becomes a value."""

    TEXT = auto()
    WHOLE = auto()
    LIST = auto()


@dataclass(frozen=True, slots=True)
class HeaderField:
    """One row of the table.

    Attributes:
        header: The header, without ``x-governor-``.
        path: Where its value stands in the body of ``POST /decide``.
        meaning: For the documentation.
    """

    header: str
    path: tuple[str, ...]
    meaning: str
    kind: Kind = Kind.TEXT


FIELDS: tuple[HeaderField, ...] = (
    HeaderField("user", ("subject", "user"), "who asks"),
    HeaderField("service-account", ("subject", "service_account"), "which machine asks"),
    HeaderField("team", ("subject", "team"), "for known users the Organization's own answer counts"),
    HeaderField("department", ("subject", "department"), "likewise"),
    HeaderField("project", ("subject", "project"), ""),
    HeaderField("environment", ("subject", "environment"), "absent: the Organization's default"),
    HeaderField("task", ("subject", "task"), "one run of an agent"),
    HeaderField(
        "asserted-by", ("subject", "asserted_by"), "`gateway` (default), or `client` for what nobody vouches for"
    ),
    HeaderField("model", ("model",), "beats the path and the body"),
    HeaderField("provider", ("provider",), "who serves and bills it"),
    HeaderField("region", ("region",), ""),
    HeaderField("service-tier", ("service_tier",), "beats the body"),
    HeaderField("operation", ("operation",), "beats the path"),
    HeaderField("use-case", ("use_case",), ""),
    HeaderField("input-tokens", ("input_tokens",), "counted input", Kind.WHOLE),
    HeaderField("input-bytes", ("input_bytes",), "size of the input; beats the size of the body", Kind.WHOLE),
    HeaderField("cached-input-tokens", ("cached_input_tokens",), "part of the input", Kind.WHOLE),
    HeaderField("max-output-tokens", ("max_output_tokens",), "beats the body", Kind.WHOLE),
    HeaderField("n", ("n",), "number of answers; beats the body", Kind.WHOLE),
    HeaderField("requests", ("requests",), "requests in a batch", Kind.WHOLE),
    HeaderField("can", ("can",), "`substitute`, `clamp`, or both with a comma", Kind.LIST),
    HeaderField("hold-for", ("hold_for",), "life of the hold, like `10 minutes`"),
    HeaderField("request-id", ("request_id",), "an id that the proxy made itself: a repetition gets the first answer"),
    HeaderField("attempt", ("attempt",), "a retry or a fallback is a new attempt", Kind.WHOLE),
    HeaderField("parent-decision-id", ("parent_decision_id",), "the decision that this one follows from"),
)
"""Header to field. ``dry_run`` has none: an allow that holds nothing would be a free pass."""

_BY_HEADER = {field.header: field for field in FIELDS}
_FAMILIES = {"tag-": "tags", "unit-": "units"}
"""Headers whose own name says which entry they are: ``x-governor-tag-customer: c-17``."""


def headers_table() -> str:
    """Render the table as Markdown, for the documentation."""
    lines = ["| header | field | what |", "|---|---|---|"]
    lines += [f"| `{PREFIX}{field.header}` | `{'.'.join(field.path)}` | {field.meaning} |" for field in FIELDS]
    lines += [
        f"| `{PREFIX}tag-NAME` | `tags.NAME` | a free label, for `tags.<name>` in policies |",
        f"| `{PREFIX}unit-NAME` | `units.NAME` | `images`, `audio_seconds`, `characters`, `searches`, `pages` |",
    ]
    return "\n".join(lines) + "\n"


def read_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Return the body of ``POST /decide`` that the headers stand for; an empty header is absent.

    Args:
        headers: As in an ASGI scope, names in lower case.

    Raises:
        ApiError: ``unknown_field`` for a header with our prefix that is not in the table.
        InvalidRequestError: If a header is sent more than once, is not UTF-8, or is not a whole number.
    """
    question: dict[str, Any] = {}
    seen: set[bytes] = set()
    for raw_name, raw_value in headers:
        if not raw_name.startswith(b"x-governor-") or raw_name == KEY_HEADER:
            continue
        name = raw_name.decode("latin-1")
        if raw_name in seen:
            raise InvalidRequestError(
                f"`{name[:80]}` is sent more than once; let the proxy replace it", field=name[:80]
            )
        seen.add(raw_name)
        value = _text(name, raw_value)
        if value:
            _put(question, name, value)
    return question


def one_key(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the key of ``x-governor-key``: None if there is no such header, ``b""`` if there are several."""
    given = [value.strip() for name, value in headers if name == KEY_HEADER]
    if not given:
        return None
    return given[0] if len(given) == 1 else b""


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8").strip(" \t")
    except UnicodeDecodeError:
        raise InvalidRequestError(f"`{name[:80]}` is not UTF-8 text", field=name[:80]) from None


def _put(question: dict[str, Any], name: str, value: str) -> None:
    plain = name.removeprefix(PREFIX)
    field = _BY_HEADER.get(plain)
    if field is not None:
        *parents, last = field.path
        inside = question.setdefault(parents[0], {}) if parents else question
        inside[last] = _value(name, value, field.kind)
        return
    for start, family in _FAMILIES.items():
        if plain.startswith(start) and len(plain) > len(start):
            entry = plain.removeprefix(start)
            if family == "units":
                # Proxies and people write headers with hyphens; no unit has one.
                question.setdefault(family, {})[entry.replace("-", "_")] = _value(name, value, Kind.WHOLE)
            else:
                question.setdefault(family, {})[entry] = value
            return
    raise _unknown(name, plain)


def _value(name: str, value: str, kind: Kind) -> str | int | list[str]:
    if kind is Kind.LIST:
        return [word.strip() for word in value.split(",") if word.strip()]
    if kind is Kind.TEXT:
        return value
    if not _WHOLE.fullmatch(value):
        raise InvalidRequestError(f"`{name[:80]}` is not a whole number of at most 19 digits", field=name[:80])
    return int(value)


def _unknown(name: str, plain: str) -> ApiError:
    near = difflib.get_close_matches(plain[:80], _BY_HEADER, n=1, cutoff=0.5)
    nearest = f"{PREFIX}{near[0]}" if near else None
    hint = f"did you mean `{nearest}`" if nearest else "see the table in docs/integration.md"
    return ApiError(
        f"`{name[:80]}` is not a header of this route; {hint}", code="unknown_field", field=name[:80], nearest=nearest
    )
