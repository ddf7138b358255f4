"""An explanation as JSON: the shape of ``GET /decisions/{id}`` and of ``governor explain --output json``."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from governor.core.decisions.ids import id_text
from governor.core.ledger.entry import Entry
from governor.core.ledger.reservation import HeldBudget
from governor.core.money import usd_text
from governor.core.units import amount_text
from governor.services.answers import usage_wire
from governor.services.block_wire import block_wire
from governor.services.explain import Explanation
from governor.services.grant_wire import grant_wire


def explanation_wire(explanation: Explanation, now: datetime) -> dict[str, Any]:
    """Return everything that is known of a decision in its wire shape; instants are left to the encoder."""
    reservation = explanation.reservation
    return {
        "decision_id": id_text(reservation.id),
        "decided_at": instant_ms(reservation.at_ms),
        "client": reservation.client,
        "state": explanation.state,
        "attributes": dict(reservation.facts.attributes),
        "request": _body(reservation.request),
        "answer": _body(reservation.answer),
        "holds": [_hold(held) for held in reservation.holds],
        "usage": [_entry(entry) for entry in explanation.entries],
        "policy_version": reservation.facts.policy_version,
        "policy_digest": explanation.policy_digest,
        "policy_text_kept": explanation.text_kept,
        "policies": [
            {
                "policy": excerpt.policy,
                "source": f"{excerpt.file}:{excerpt.line}" if excerpt.file else None,
                "text": excerpt.text or None,
            }
            for excerpt in explanation.policies
        ],
        "blocks": [block_wire(block, now) for block in explanation.blocks],
        "grants": [grant_wire(view) for view in explanation.grants],
    }


def _body(body: bytes) -> Any:
    """Return a body as JSON; None once it was forgotten."""
    return msgspec.json.decode(body) if body else None


def _hold(held: HeldBudget) -> dict[str, Any]:
    return {
        "policy": held.policy,
        "unit": held.unit,
        "amount": amount_text(held.amount, held.unit),
        "on_expiry": "charge" if held.charge_on_expiry else "release",
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "event_id": entry.event_id,
        "source": entry.source,
        "kind": entry.kind,
        "received_at": instant_ms(entry.received_at_ms),
        "occurred_at": instant_ms(entry.occurred_at_ms),
        "model": entry.model,
        "provider": entry.provider,
        "cost_usd": usd_text(entry.cost_nano_usd),
        "tokens": usage_wire(entry.usage),
        "estimated": entry.estimated,
        "unpriced": entry.unpriced,
        "provider_usage": msgspec.json.decode(entry.provider_usage) if entry.provider_usage else None,
    }


def instant_ms(at_ms: int) -> datetime:
    """Return the instant of a number of Unix milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)
