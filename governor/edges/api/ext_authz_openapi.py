"""``/ext_authz/{path}`` in the OpenAPI document, which knows no route for any method and any path."""

from typing import Any

from governor.edges.api import examples
from governor.edges.api.errors import ERRORS
from governor.edges.api.ext_authz_headers import FIELDS, PREFIX, Kind
from governor.edges.api.roles import RULES, RouteRule

SHOWN_METHODS = ("get", "post")
"""Any method is answered alike; these stand for those without and with a body."""

_RULE = next(rule for rule in RULES if rule.path.startswith("/ext_authz/"))

_DESCRIPTION = """For Envoy's HTTP `ext_authz`, nginx's `auth_request`, Traefik's `forwardAuth` and the like: the
client's method, path and, where the proxy can send it, body. Any method is answered; statuses are 200, 403 and 429.
Every field of `POST /decide` that fits a header is one, also `x-governor-tag-NAME` and `x-governor-unit-NAME`;
headers beat the path, and the path beats the body. The key may also come in `x-governor-key`."""

_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["decision_id", "verdict", "model", "max_output_tokens", "degraded"],
    "additionalProperties": False,
    "properties": {
        "decision_id": {"type": ["string", "null"]},
        "verdict": {"const": "allow"},
        "model": {"type": "string"},
        "max_output_tokens": {"type": "integer"},
        "degraded": {"type": "boolean"},
    },
}

_EXAMPLE = {name: examples.ALLOWED[name] for name in _ANSWER["required"]}

_DENIED: dict[str, Any] = {
    "error": {
        "code": "quota_exceeded",
        "message": examples.DENIED["reasons"][0]["message"],
        "details": {
            "decision_id": examples.DECISION_ID,
            "reasons": ["quota_exceeded"],
            "remedies": examples.DENIED["remedies"],
        },
        "request_id": "9f2c41d07a3b-1c",
    }
}

_UPSTREAM = {
    "x-governor-decision-id": "To settle it; absent if the answer is degraded.",
    "x-governor-model": "The model to call.",
    "x-governor-max-output-tokens": "The output limit to send on.",
    "x-governor-degraded": "`true` if the ledger did not answer and the policies let such requests pass.",
}
_REASON = {"x-governor-reason": "The code of the decisive reason, for proxies that throw the body away."}
_FINAL = _REASON | {"x-should-retry": "`false`; `true` only if the ledger was too slow to answer."}
_WAIT = _REASON | {
    "retry-after": "Seconds until every refusing window is open again.",
    "ratelimit-policy": "Each refusing window: `q` its size, `qu` its unit, `w` its seconds.",
    "ratelimit": "Each refusing window: `r` what is left, `t` seconds until it reopens.",
    "ratelimit-limit": "The decisive window as drafts up to 06 write it.",
    "ratelimit-remaining": "Likewise.",
    "ratelimit-reset": "Likewise.",
}


def ext_authz_paths() -> dict[str, Any]:
    """Return the path item."""
    return {_RULE.path: {method: _operation(method, _RULE) for method in SHOWN_METHODS}}


def _operation(method: str, rule: RouteRule) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": ["decide"],
        "summary": "May a proxied request be made",
        "description": f"{_DESCRIPTION}\n\nRoles: {', '.join(sorted(rule.roles))}.",
        "operationId": f"ext_authz_{method}",
        "security": [{"key": []}],
        "parameters": _parameters(),
        "responses": {
            "200": {
                "description": "Pass it on.",
                "headers": _headers(_UPSTREAM),
                "content": {"application/json": {"schema": _ANSWER, "examples": {"allow": {"value": _EXAMPLE}}}},
            },
            "401": _error(_meaning("unauthenticated"), {"unauthenticated": examples.error_example("unauthenticated")}),
            "403": _error(
                f"A policy, a budget that is gone, or a request that cannot be read. {_meaning('forbidden')}",
                {"deny": _DENIED, "unreadable": examples.error_example("invalid_request")},
                _FINAL,
            ),
            "404": _error("The path has a line break.", {"not_found": examples.error_example("not_found")}),
            "429": _error("A window without room reopens within two minutes.", {"wait": _DENIED}, _WAIT),
        },
    }
    if method == "post":
        body = {"model": "claude-sonnet-4", "max_tokens": 1000, "messages": [{"role": "user", "content": "Hello"}]}
        json_body = {"schema": {"type": "object"}, "examples": {"chat": {"value": body}}}
        operation["requestBody"] = {"required": False, "content": {"application/json": json_body}}
    return operation


def _parameters() -> list[dict[str, Any]]:
    path = {"name": "path", "in": "path", "required": True, "schema": {"type": "string"}}
    headers = [
        {
            "name": PREFIX + field.header,
            "in": "header",
            "description": f"`{'.'.join(field.path)}` of `POST /decide`. {field.meaning}".strip(),
            "schema": {"type": "integer", "minimum": 0} if field.kind is Kind.WHOLE else {"type": "string"},
        }
        for field in FIELDS
    ]
    return [path | {"description": "The client's path."}, *headers]


def _meaning(code: str) -> str:
    return f"`{code}`: {ERRORS[code].meaning}"


def _error(description: str, cases: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ErrorAnswer"}
    content = {"schema": schema, "examples": {name: {"value": value} for name, value in cases.items()}}
    return {"description": description, "headers": _headers(headers or {}), "content": {"application/json": content}}


def _headers(described: dict[str, str]) -> dict[str, Any]:
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in described.items()}
