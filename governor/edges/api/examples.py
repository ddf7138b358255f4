"""Examples for the OpenAPI document: one story, from a question to its settlement, and one of each error."""

from typing import Any

from governor.edges.api.errors import ERRORS

DECISION_ID = "01a1fba7-6eb0-76be-9208-06bdf5ff425b"
VERSION = "94a431b480621180ce349e2c67ce4e8ec9dcf807e10432bbbf7df6d29b09d12f"

DECIDE_REQUEST: dict[str, Any] = {
    "request_id": "gw1-7f3a",
    "attempt": 1,
    "subject": {"user": "mia@acme.example", "team": "growth", "environment": "prod"},
    "model": "claude-sonnet-4",
    "operation": "chat",
    "use_case": "support-triage",
    "input_tokens": 1800,
    "max_output_tokens": 1000,
    "can": ["substitute", "clamp"],
    "hold_for": "10 minutes",
    "tags": {"customer": "c-17"},
}

_BUDGET: dict[str, Any] = {
    "policy": "Quota/department-monthly-spend",
    "scope": {"department": "marketing"},
    "unit": "USD",
    "limit": "20000",
    "ceiling": "20000",
    "used": "4120.5",
    "held": "8.2204",
    "free": "15871.2796",
    "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
}

ALLOWED: dict[str, Any] = {
    "decision_id": DECISION_ID,
    "verdict": "allow",
    "requested_model": "anthropic/claude-sonnet-4",
    "model": "anthropic/claude-sonnet-4",
    "substituted": False,
    "max_output_tokens": 1000,
    "clamped": False,
    "basis": "counted",
    "replayed": False,
    "reservation": {
        "id": DECISION_ID,
        "state": "held",
        "tokens": 2800,
        "cost_usd": "0.020400000",
        "worst_case_usd": "0.020400000",
        "expires_at": "2026-11-20T09:10:00Z",
    },
    "reasons": [],
    "warnings": [],
    "budgets": [_BUDGET],
    "remedies": [],
    "policy_version": VERSION,
    "mode": "enforced",
    "degraded": False,
    "stale_policy": False,
}

DENIED: dict[str, Any] = ALLOWED | {
    "verdict": "deny",
    "reservation": None,
    "reasons": [
        {
            "code": "quota_exceeded",
            "policy": "Quota/department-monthly-spend",
            "source": "quotas.yaml:12",
            "message": "marketing has used 19,990 of 20,000 USD for November; this request needs 14.20 USD; "
            "it resets on 1 December 00:00 CET",
            "scope": {"department": "marketing"},
            "unit": "USD",
            "limit": "20000",
            "used": "19990",
            "held": "0",
            "requested": "14.2",
            "resets_at": "2026-11-30T23:00:00Z",
        }
    ],
    "budgets": [_BUDGET | {"used": "19990", "held": "0", "free": "10"}],
    "remedies": [{"type": "wait_until", "at": "2026-11-30T23:00:00Z"}],
}

BATCH_REQUEST: dict[str, Any] = {"requests": [DECIDE_REQUEST], "all_or_nothing": False}

USAGE_EVENT: dict[str, Any] = {
    "event_id": "e-91",
    "source": "gw1",
    "time": "2026-11-20T09:00:07Z",
    "decision_id": DECISION_ID,
    "model": "anthropic/claude-sonnet-4",
    "provider": "anthropic",
    "status": "ok",
    "usage": {"input_tokens": 1790, "cached_input_tokens": 1024, "output_tokens": 212},
}

PROVIDER_USAGE_EVENT: dict[str, Any] = {
    "event_id": "e-92",
    "source": "gw1",
    "time": "2026-11-20T09:00:09Z",
    "decision_id": DECISION_ID,
    "model": "anthropic/claude-sonnet-4",
    "provider": "openrouter",
    "provider_usage": {
        "provider": "openrouter",
        "usage": {
            "prompt_tokens": 1790,
            "completion_tokens": 212,
            "total_tokens": 2002,
            "prompt_tokens_details": {"cached_tokens": 1024},
            "cost": 0.0057852,
            "is_byok": False,
        },
    },
}

CLOUD_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-91",
    "source": "gw1",
    "type": "governor.usage",
    "time": "2026-11-20T09:00:07Z",
    "data": {name: value for name, value in USAGE_EVENT.items() if name not in {"event_id", "source", "time"}},
}

EVENTS: dict[str, Any] = {
    "events": [
        {
            "event_id": "e-91",
            "status": "recorded",
            "cost_usd": "0.005785200",
            "tokens": {
                "input_tokens": 1790,
                "cached_input_tokens": 1024,
                "cache_write_tokens": 0,
                "cache_write_1h_tokens": 0,
                "output_tokens": 212,
                "reasoning_tokens": 0,
            },
            "overrun_usd": "0.000000000",
            "reason": None,
            "estimated": False,
            "unpriced": False,
        }
    ]
}

PROVIDER_EVENTS: dict[str, Any] = {
    "events": [
        EVENTS["events"][0]
        | {
            "event_id": "e-92",
            "provider_usage": {
                "provider": "openrouter",
                "shape": "chat",
                "reported_cost_usd": "0.005785200",
                "unknown": [],
                "warnings": [],
            },
        }
    ]
}

OUTCOME: dict[str, Any] = {
    "use_case": "support-triage",
    "event_id": "ticket-4711",
    "task": "run-812",
    "count": 1,
    "worth_usd": "4.50",
    "time": "2026-11-20T09:12:00Z",
}

EXTEND_REQUEST: dict[str, Any] = {"hold_for": "20 minutes", "cost_usd": "0.05"}

_DETAILS: dict[str, dict[str, Any]] = {
    "unknown_field": {"field": "subject.usr", "nearest": "user"},
    "invalid_request": {"field": "input_tokens"},
    "forbidden": {"role": "viewer", "needed": "gateway, admin"},
    "conflict": {"request_id": "gw1-7f3a", "attempt": 1},
    "body_too_large": {"size_max": 1048576},
}


def error_example(code: str) -> dict[str, Any]:
    """Return an example of an error."""
    message = ERRORS[code].meaning.rstrip(".")
    return {
        "error": {
            "code": code,
            "message": message[0].lower() + message[1:],
            "details": _DETAILS.get(code, {}),
            "request_id": "9f2c41d07a3b-1c",
        }
    }
