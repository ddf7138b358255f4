"""A block as JSON: the shape of ``/blocks``, of ``governor block --output json`` and of an explanation."""

from datetime import datetime
from typing import Any

from governor.core.decisions.blocks import Block
from governor.core.decisions.ids import id_text


def block_wire(block: Block, now: datetime, note: str = "") -> dict[str, Any]:
    """Return a block with its state at an instant; instants are left to the encoder."""
    return {
        "id": id_text(block.id),
        "target": {str(block.kind): block.name},
        "reason": block.reason,
        "state": str(block.state_at(now)),
        "placed_by": block.placed_by,
        "placed_with_key": block.placed_key,
        "authority": str(block.authority),
        "placed_at": block.placed_at,
        "until": block.until_at,
        "lifted_at": block.lifted_at,
        "lifted_by": block.lifted_by or None,
        "lift_reason": block.lift_reason or None,
        "note": note or None,
    }
