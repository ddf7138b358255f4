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
