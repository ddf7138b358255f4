"""From a proxied model request to the question that ``POST /decide`` would be asked.

What the proxy says in headers beats the path, and the path beats the client's body. The question is kept for the
explanation in the words of ``/decide``; the client's own body, with its prompt, is not.
"""

from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.types import Scope

from governor.core.errors import InvalidRequestError
from governor.edges.api.bodies import header
from governor.edges.api.ext_authz_body import BodyFacts, read_model_request
from governor.edges.api.ext_authz_headers import read_headers
from governor.edges.api.ext_authz_path import PathFacts, read_path
from governor.edges.api.wire_decide import DECIDE, DecideWire
from governor.services.keys import Identity

PARTIAL_HEADER = b"x-envoy-auth-partial-body"
_SIZES = ("input_tokens", "input_bytes", "units")


def read_question(scope: Scope, body: bytes, identity: Identity) -> tuple[DecideWire, bytes]:
    """Return the question, checked, and the JSON that says the same.

    Args:
        scope: The proxy's request; its path is the client's behind ``/ext_authz``.
        body: As far as the proxy sent it.
        identity: The proxy's key.

    Raises:
        GovernorError: If something cannot be read, nobody is named, or no model is.
    """
    question = read_headers(scope["headers"])
    path = read_path(_client_path(scope))
    if path.operation is not None:
        question.setdefault("operation", path.operation)
    _add_body(question, path, body, partial=_is_partial(scope))
    _require_subject(question, identity)
    if "model" not in question:
        raise InvalidRequestError(
            "no model is named by `x-governor-model`, the path or a JSON body; "
            "exempt routes that call no model in the proxy",
            field="model",
        )
    canonical = msgspec.json.encode(question)
    return DECIDE.decode(canonical), canonical


def _client_path(scope: Scope) -> str:
    """Return the path that the client asked for; proxies that cannot append it name it in a header."""
    path = str(scope["path"]).removeprefix("/ext_authz")
    if path != "/":
        return path
    forwarded = header(scope, b"x-forwarded-uri") or b"/"
    return unquote(forwarded.partition(b"?")[0].decode("latin-1"))


def _is_partial(scope: Scope) -> bool:
    """Tell whether the proxy cut the body: anything but a plain ``false`` counts as yes."""
    return any(name == PARTIAL_HEADER and value.strip().lower() != b"false" for name, value in scope["headers"])


def _add_body(question: dict[str, Any], path: PathFacts, body: bytes, *, partial: bool) -> None:
    facts = None if partial else read_model_request(body, question.get("operation"))
    model = path.model or (facts.model if facts is not None else None)
    if model is not None:
        question.setdefault("model", model)
    if facts is not None:
        _add_facts(question, facts, len(body))
    elif body:
        _require_size(question, len(body), partial=partial)


def _add_facts(question: dict[str, Any], facts: BodyFacts, size: int) -> None:
    found = {"max_output_tokens": facts.max_output_tokens, "n": facts.n, "service_tier": facts.service_tier}
    for name, value in found.items():
        if value is not None:
            question.setdefault(name, value)
    if facts.streams:
        question.setdefault("tags", {}).setdefault("stream", "true")
    if "input_tokens" not in question:
        question.setdefault("input_bytes", size)


def _require_size(question: dict[str, Any], size: int, *, partial: bool) -> None:
    """Refuse a body that cannot be read, unless the proxy says itself what is in it: a guess would be too low.

    Raises:
        InvalidRequestError: If model or size of the input are missing.
    """
    if "model" in question and any(name in question for name in _SIZES):
        return
    what = f"was cut after {size:,} bytes" if partial else "is not a JSON object"
    raise InvalidRequestError(
        f"the body {what}; let the proxy send "
        + ("all of it, or " if partial else "")
        + "`x-governor-model` and `x-governor-input-tokens` or `-input-bytes`",
        field="body",
    )


def _require_subject(question: dict[str, Any], identity: Identity) -> None:
    """Refuse a request that nobody can be held responsible for.

    Raises:
        InvalidRequestError: If neither a header nor the key names a user or a service account.
    """
    subject = question.get("subject", {})
    caller = identity.caller
    if not (caller.user or caller.service_account or subject.get("user") or subject.get("service_account")):
        raise InvalidRequestError(
            "nobody is named; let the proxy send `x-governor-user` or `x-governor-service-account`, "
            "or give it a key that is bound to one",
            field="subject",
        )
