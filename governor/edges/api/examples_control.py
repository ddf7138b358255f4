"""Examples for the OpenAPI document of what is done by hand: stopping somebody, adjusting a budget."""

from typing import Any

BLOCK_REQUEST: dict[str, Any] = {
    "target": {"user": "mia@acme.example"},
    "reason": "her agent repeats one request since 02:40",
    "for": "2 hours",
}

BLOCK: dict[str, Any] = {
    "id": "01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e",
    "target": {"user": "mia@acme.example"},
    "reason": "her agent repeats one request since 02:40",
    "state": "in_force",
    "placed_by": "eve@acme.example",
    "placed_with_key": "eve-oncall",
    "authority": "can_stop",
    "placed_at": "2026-11-20T03:00:00Z",
    "until": "2026-11-20T05:00:00Z",
    "lifted_at": None,
    "lifted_by": None,
    "lift_reason": None,
    "note": None,
}

ADJUSTMENT_REQUEST: dict[str, Any] = {
    "request_id": "migration-2026-11-marketing",
    "kind": "opening_balance",
    "quota": "department-monthly-spend",
    "scope": {"department": "marketing"},
    "at": "2026-11-20T09:00:00Z",
    "amount": "4120.50",
    "reason": "spent through the old gateway, invoice 2026-311",
}

ADJUSTED: dict[str, Any] = {
    "adjustment": {
        "id": "01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e",
        **ADJUSTMENT_REQUEST,
        "quota": "Quota/department-monthly-spend",
        "amount": "4120.5",
        "unit": "USD",
        "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
        "posted_by": "fin@acme.example",
        "posted_with_key": "finance-admin",
        "posted_at": "2026-11-20T09:03:00Z",
    },
    "duplicate": False,
    "budget": {
        "policy": "Quota/department-monthly-spend",
        "scope": {"department": "marketing"},
        "unit": "USD",
        "limit": "20000",
        "ceiling": "20000",
        "used": "4120.5",
        "held": "0",
        "free": "15879.5",
        "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
    },
}

_FIGURES: dict[str, Any] = {
    "limit": "20000",
    "carried_in": "1500",
    "used": "18230.5",
    "held": "0",
    "over": "0",
    "surcharge": "0",
    "carried_out": "1769.5",
    "on_time": "18180.5",
    "late": "0",
    "adjusted": "50",
    "rerated": "0",
    "unreported": "0",
    "requests": 81204,
    "overrun_usd": "12.250000000",
    "granted_usd": "310.000000000",
    "exceptions": [
        {"name": "Grant/01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e", "amount_usd": "310.000000000", "requests": 412}
    ],
    "by_model": [
        {"name": "anthropic/claude-sonnet-4", "amount": "18180.5", "requests": 81204},
        {"name": "(adjustments)", "amount": "50", "requests": 0},
    ],
    "by_team": [
        {"name": "growth", "amount": "18180.5", "requests": 81204},
        {"name": "(adjustments)", "amount": "50", "requests": 0},
    ],
    "by_use_case": [
        {"name": "campaign-drafts", "amount": "18180.5", "requests": 81204},
        {"name": "(adjustments)", "amount": "50", "requests": 0},
    ],
}

STATEMENT: dict[str, Any] = {
    "policy": "Quota/department-monthly-spend",
    "scope": {"department": "marketing"},
    "unit": "USD",
    "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
    "stated_at": "2026-11-30T23:00:04Z",
    "policy_version": "9f2c1b7",
    "derived": False,
    **_FIGURES,
    "forecast": {
        "made_at": "2026-11-15T03:20:00Z",
        "lower": "16900",
        "median": "18050.25",
        "upper": "19400",
        "interval_percent": 80,
        "insufficient_data": False,
        "more_used": "181.75",
    },
    "corrections": [
        {
            "at": "2026-12-02T09:14:05Z",
            "reason": "usage was reported after the period's end",
            "policy_version": "9f2c1b7",
            "changes": {"used": "1.5", "late": "1.5", "carried_out": "-1.5", "requests": 3},
        }
    ],
    "final": {
        **_FIGURES,
        "used": "18232",
        "late": "1.5",
        "carried_out": "1768",
        "requests": 81207,
        "by_model": [
            {"name": "anthropic/claude-sonnet-4", "amount": "18182", "requests": 81207},
            {"name": "(adjustments)", "amount": "50", "requests": 0},
        ],
    },
}

ALERT: dict[str, Any] = {
    "id": "01a1fba77c1e7b559d0a3f1c2b4a5d6e",
    "kind": "threshold",
    "at": "2026-11-20T14:03:10Z",
    "policy": "Quota/department-monthly-spend",
    "scope": {"department": "marketing"},
    "title": "marketing has used 81% of department-monthly-spend",
    "reason": "9,730.12 USD of 12,000 USD for November are used, 80% were to be told",
    "numbers": {"unit": "USD", "room": "12000", "used": "9730.12", "at_percent": "80"},
    "ways_out": [
        "requests that do not fit are refused",
        "it begins anew on 1 December 00:00 CET",
        "ask for an exception: /ai-budget request",
        "change the limit in quotas.yaml:18, which finops@acme.example answers for",
    ],
    "urgent": False,
    "deliveries": [
        {
            "channel": "slack",
            "address": "#ai-spend",
            "state": "sent",
            "due_at": "2026-11-20T14:03:10Z",
            "tries": 1,
            "problem": "",
            "sent_at": "2026-11-20T14:03:12Z",
        }
    ],
}
