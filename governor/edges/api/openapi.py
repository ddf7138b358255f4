"""The OpenAPI document: what FastAPI knows, with the hot routes, the errors and the examples merged in."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from governor.edges.api import examples, examples_control, examples_forecasts
from governor.edges.api.approvals.bodies import APPROVAL_BODIES, APPROVAL_SHAPES
from governor.edges.api.errors import ERRORS
from governor.edges.api.ext_authz_openapi import ext_authz_paths
from governor.edges.api.roles import RULES, RouteRule
from governor.edges.api.wire_adjustments import AdjustmentWire
from governor.edges.api.wire_answers import DecisionAnswer, DecisionsAnswer, ErrorAnswer, EventsAnswer
from governor.edges.api.wire_blocks import BlockWire
from governor.edges.api.wire_decide import DecideBatchWire, DecideWire, ExtendWire, ReleaseWire
from governor.edges.api.wire_outcomes import OutcomeWire
from governor.edges.api.wire_usage import UsageWire
from governor.services.forecast.scenario_request import ScenarioWire

_KEYED = ("unauthenticated", "forbidden")
_BODY = (
    "malformed_json",
    "unknown_field",
    "invalid_request",
    "invalid_amount",
    "body_too_large",
    "unsupported_media_type",
    "ledger_unavailable",
)
_QUERY = ("unknown_field", "invalid_request", "invalid_cursor", "ledger_unavailable")
_ASK = ("wrong_state", "never_lifted", "no_approval_rule")
_DECIDE = ("not_found", "wrong_state", "decide_on_page")

CODES: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "/decide"): (*_BODY, "conflict"),
    ("POST", "/decide/batch"): (*_BODY, "conflict"),
    ("POST", "/usage"): (*_BODY, "invalid_cloud_event"),
    ("POST", "/reservations/{reservation_id}/release"): (*_BODY, "not_found", "not_held"),
    ("POST", "/reservations/{reservation_id}/extend"): (
        *_BODY,
        "not_found",
        "not_held",
        "quota_exceeded",
        "blocked",
        "hold_too_long",
    ),
    ("GET", "/decisions/{decision_id}"): ("not_found", "invalid_request", "ledger_unavailable"),
    ("GET", "/decisions"): _QUERY,
    ("GET", "/budgets"): _QUERY,
    ("GET", "/entitlements"): _QUERY,
    ("POST", "/outcomes"): _BODY,
    ("GET", "/usage/summary"): _QUERY,
    ("GET", "/forecasts"): (*_QUERY, "forecast_process_ended"),
    ("POST", "/forecasts/scenarios"): (*_BODY, "invalid_cursor", "forecast_process_ended"),
    ("GET", "/use-cases"): _QUERY,
    ("GET", "/statements"): _QUERY,
    ("GET", "/alerts"): _QUERY,
    ("GET", "/policies"): ("unknown_field", "invalid_request", "invalid_cursor"),
    ("POST", "/policies/sync"): ("not_a_repository", "ledger_unavailable"),
    ("POST", "/adjustments"): (*_BODY, "conflict", "credit_too_large"),
    ("GET", "/adjustments"): _QUERY,
    ("POST", "/blocks"): _BODY,
    ("GET", "/blocks"): _QUERY,
    ("GET", "/grants"): _QUERY,
    ("DELETE", "/blocks/{block_id}"): ("not_found", "invalid_request", "ledger_unavailable"),
    ("POST", "/exceptions"): (*_BODY, *_ASK, "conflict"),
    ("POST", "/exceptions/preview"): (*_BODY, *_ASK),
    ("POST", "/exceptions/break-glass"): (*_BODY, *_ASK, "break_glass_suspended", "conflict"),
    ("GET", "/exceptions"): _QUERY,
    ("GET", "/exceptions/audit"): _QUERY,
    ("GET", "/exceptions/report"): ("unknown_field", "invalid_request", "ledger_unavailable"),
    ("GET", "/exceptions/delegations"): _QUERY,
    ("POST", "/exceptions/delegations"): _BODY,
    ("POST", "/exceptions/delegations/end"): (*_BODY, "not_found"),
    ("GET", "/exceptions/{exception_id}"): ("not_found", "invalid_request", "ledger_unavailable"),
    ("POST", "/exceptions/{exception_id}/approve"): (*_BODY, *_DECIDE),
    ("POST", "/exceptions/{exception_id}/deny"): (*_BODY, *_DECIDE),
    ("POST", "/exceptions/{exception_id}/withdraw"): (*_BODY, "not_found", "wrong_state"),
    ("POST", "/exceptions/{exception_id}/cancel"): (*_BODY, "not_found", "wrong_state"),
    ("POST", "/exceptions/{exception_id}/revoke"): (*_BODY, "not_found", "wrong_state"),
    ("POST", "/exceptions/{exception_id}/extend"): (*_BODY, *_ASK, "not_found"),
    ("POST", "/exceptions/{exception_id}/ask"): (*_BODY, "not_found", "wrong_state"),
    ("POST", "/exceptions/{exception_id}/review"): (*_BODY, "not_found", "wrong_state"),
    ("POST", "/exceptions/{exception_id}/outcome"): (*_BODY, "not_found", "wrong_state"),
}
"""Which errors a route can answer, beside those of every route with a key."""

_REF = "#/components/schemas/{name}"

DESCRIPTION = """Asked by gateways before each model request, told after it what was used.

Every route but the open ones needs `Authorization: Bearer gov_...`; who may call what is a table of roles.
Times are RFC 3339 UTC, tokens are integers, `*_usd` are decimal strings with nine decimals, amounts of budgets are
decimal strings in their `unit`. Unknown fields are refused (422) with the nearest valid name.
"""


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """Return the whole document; made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes)
        _, components = msgspec.json.schema_components(_SHAPES, ref_template=_REF)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas.update(components)
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        paths = {**document["paths"], **_hot_paths(), **ext_authz_paths()}
        document["paths"] = {rule.path: paths[rule.path] for rule in RULES if rule.path in paths}
        _add_bodies(document)
        for rule in RULES:
            _describe(document["paths"].get(rule.path, {}).get(rule.method.lower()), rule)
        app.openapi_schema = document
    return app.openapi_schema


_SHAPES = [
    DecideWire,
    DecideBatchWire,
    ExtendWire,
    ReleaseWire,
    BlockWire,
    ScenarioWire,
    AdjustmentWire,
    *APPROVAL_SHAPES,
    UsageWire,
    OutcomeWire,
    DecisionAnswer,
    DecisionsAnswer,
    EventsAnswer,
    ErrorAnswer,
]


def _hot_paths() -> dict[str, Any]:
    """Describe the routes that FastAPI does not know the bodies of."""
    usage = {"$ref": _REF.format(name="UsageWire")}
    events = {"type": "array", "items": usage, "maxItems": 1000}
    cloud = {"type": "object", "required": ["specversion", "id", "source", "type", "data"]}
    return {
        "/decide": {
            "post": _operation(
                "May this model request be made",
                "Decide, hold and record in one atomic step. Allow and deny are both 200: a deny is an answer.",
                {"application/json": _content("DecideWire", {"question": examples.DECIDE_REQUEST})},
                _content("DecisionAnswer", {"allow": examples.ALLOWED, "deny": examples.DENIED}),
            )
        },
        "/decide/batch": {
            "post": _operation(
                "Decide up to 1,000 requests",
                "In order, earlier holds visible to later ones; a bad one fails in its slot.",
                {"application/json": _content("DecideBatchWire", {"batch": examples.BATCH_REQUEST})},
                _content("DecisionsAnswer", {"answers": {"decisions": [examples.ALLOWED]}}),
            )
        },
        "/usage": {
            "post": _operation(
                "Report what calls used",
                "One event, a list, or CloudEvents: structured, binary (the envelope in `ce-` headers) or a batch.",
                {
                    "application/json": {
                        "schema": {"anyOf": [usage, events]},
                        "examples": _examples(
                            {
                                "one": examples.USAGE_EVENT,
                                "provider_usage": examples.PROVIDER_USAGE_EVENT,
                                "list": [examples.USAGE_EVENT, examples.PROVIDER_USAGE_EVENT],
                            }
                        ),
                    },
                    "application/cloudevents+json": {
                        "schema": cloud,
                        "examples": _examples({"structured": examples.CLOUD_EVENT}),
                    },
                    "application/cloudevents-batch+json": {
                        "schema": {"type": "array", "items": cloud, "maxItems": 1000},
                        "examples": _examples({"batch": [examples.CLOUD_EVENT]}),
                    },
                },
                _content("EventsAnswer", {"recorded": examples.EVENTS, "provider_usage": examples.PROVIDER_EVENTS}),
            )
        },
    }


def _operation(summary: str, description: str, bodies: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "tags": ["decide"],
        "summary": summary,
        "description": description,
        "operationId": summary.lower().replace(" ", "_").replace(",", ""),
        "requestBody": {"required": True, "content": bodies},
        "responses": {"200": {"description": "The answer", "content": {"application/json": answer}}},
    }


_BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "/reservations/{reservation_id}/release": ("ReleaseWire", {"nothing_to_say": {}}),
    "/reservations/{reservation_id}/extend": ("ExtendWire", {"longer": examples.EXTEND_REQUEST}),
    "/forecasts/scenarios": ("ScenarioWire", {"peak": examples_forecasts.SCENARIO_REQUEST}),
    "/blocks": ("BlockWire", {"a_user": examples_control.BLOCK_REQUEST}),
    "/adjustments": ("AdjustmentWire", {"opening": examples_control.ADJUSTMENT_REQUEST}),
    **APPROVAL_BODIES,
}
"""Bodies that routes of the framework decode themselves: shape and examples."""

_MAY_BE_EMPTY = frozenset({"/reservations/{reservation_id}/release"})


def _add_bodies(document: dict[str, Any]) -> None:
    for path, (shape, cases) in _BODIES.items():
        content = {"application/json": _content(shape, cases)}
        needed = path not in _MAY_BE_EMPTY
        document["paths"][path]["post"]["requestBody"] = {"required": needed, "content": content}
    outcome = {"$ref": _REF.format(name="OutcomeWire")}
    reports = {
        "schema": {"anyOf": [outcome, {"type": "array", "items": outcome, "maxItems": 1000}]},
        "examples": _examples({"one": examples.OUTCOME, "list": [examples.OUTCOME]}),
    }
    document["paths"]["/outcomes"]["post"]["requestBody"] = {"required": True, "content": {"application/json": reports}}


def _describe(operation: dict[str, Any] | None, rule: RouteRule) -> None:
    """Add to an operation who may call it, and every error that it can answer."""
    if operation is None:
        return
    operation["responses"].pop("422", None)
    codes = CODES.get((rule.method, rule.path), ())
    if rule.roles:
        operation["security"] = [{"key": []}]
        roles = ", ".join((*sorted(rule.roles), *([f"persons in `{rule.persons}`"] if rule.persons else [])))
        operation["description"] = f"{operation.get('description', '')}\n\nRoles: {roles}.".strip()
        codes = (*_KEYED, *codes)
    for status in sorted({ERRORS[code].status for code in codes}):
        of_status = [code for code in codes if ERRORS[code].status == status]
        operation["responses"][str(status)] = {
            "description": " ".join(f"`{code}`: {ERRORS[code].meaning}" for code in of_status),
            "content": {
                "application/json": _content("ErrorAnswer", {code: examples.error_example(code) for code in of_status})
            },
        }


def _content(schema: str, cases: dict[str, Any]) -> dict[str, Any]:
    return {"schema": {"$ref": _REF.format(name=schema)}, "examples": _examples(cases)}


def _examples(cases: dict[str, Any]) -> dict[str, Any]:
    return {name: {"value": value} for name, value in cases.items()}
