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
