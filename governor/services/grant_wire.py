"""A grant as JSON: the shape of lists, of explanations and of the command line."""

from typing import Any

from governor.core.grants import Grant, GrantKind
from governor.core.money import usd_text
from governor.core.units import amount_text
from governor.services.grants import GrantView


def grant_wire(view: GrantView) -> dict[str, Any]:
    """Return a grant with what it has paid and whether it acts; instants are left to the encoder."""
    grant = view.grant
    return {
        "id": grant.id,
        "exception_id": grant.exception_id,
        "kind": str(grant.kind),
        "state": str(view.state),
        "scope": dict(grant.scope),
        "lifts": list(grant.lifts),
        "amount_usd": usd_text(grant.amount_nano_usd),
        "used_usd": usd_text(view.paid.used),
        "held_usd": usd_text(view.paid.held),
        "left_usd": usd_text(view.left_nano_usd),
        **_terms(grant),
        "starts_at": grant.starts_at,
        "ends_at": grant.ends_at,
        "issued_at": grant.issued_at,
        "approved_by": list(grant.approved_by),
        "revoked_at": grant.revoked_at,
        "revoked_by": grant.revoked_by or None,
        "revoke_reason": grant.revoke_reason or None,
    }


def _terms(grant: Grant) -> dict[str, Any]:
    """Return what only a grant of its kind says."""
    match grant.kind:
        case GrantKind.BUDGET:
            return {
                "amounts": [
                    {"policy": each.policy, "unit": str(each.unit), "amount": amount_text(each.amount, each.unit)}
                    for each in grant.amounts
                ]
            }
        case GrantKind.MODEL:
            return {"models": list(grant.models)}
        case GrantKind.CONTEXT:
            return {
                "input_tokens_max": grant.input_tokens_max,
                "output_tokens_max": grant.output_tokens_max,
                "total_tokens_max": grant.total_tokens_max,
            }
