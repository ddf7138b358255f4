"""The record of one decision and what it holds."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from governor.core.units import Counts, Unit
from governor.core.values import hot_value

HOLD_FOR_S_MAX = 24 * 3600
"""The longest total life of a hold, however often it is extended."""


class ReservationState(StrEnum):
    """Life of a reservation: ``held -> settled | released | expired``; the last two may become ``settled_late``.

    ``denied`` records hold nothing. ``expired`` is derived from the clock; it is stored only by a sweep.
    """

    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"
    EXPIRED = "expired"
    SETTLED_LATE = "settled_late"
    DENIED = "denied"


@hot_value
class HeldBudget:
    """What a reservation keeps on one budget.

    Attributes:
        budget: Digest of the budget.
        policy: The quota, as answers name it.
        unit: Unit of the amount.
        counts: Which tokens count, for token budgets.
        amount: What is held now, at least 0.
        ceiling: How far the budget could go when this was placed, or None for no ceiling; it counts for an extension
            where the budget's quota is gone.
        charge_on_expiry: Whether the amount is charged if nobody reports.
    """

    budget: bytes
    policy: str
    unit: Unit
    counts: Counts
    amount: int
    ceiling: int | None
    charge_on_expiry: bool


@hot_value
class Facts:
    """What settlement needs to know of the decision: resolved once, used for both.

    Attributes:
        attributes: The resolved attributes of the subject and the request (``department``, ``team``, ``user``, ...).
        model: Canonical id of the model given.
        provider: Who serves it, or ``""``.
        operation: ``chat``, ``batch``, ...
        requests: Number of calls decided (more than 1 for batches).
        input_tokens: Input held.
        output_tokens: Output held, of all answers.
        cost_nano_usd: The cost held, or None while the price is unknown.
        policy_version: The snapshot that decided.
        substitute: Whether the model was given instead of the one asked for, so that no downgrade begins for it.
    """

    attributes: Mapping[str, str]
    model: str
    provider: str
    operation: str
    requests: int
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int | None
    policy_version: str
    substitute: bool = False


@hot_value
class Reservation:
    """One decision as the ledger remembers it. Frozen: a change is a new value, so that a failed batch leaves no trace.

    Attributes:
        id: 16 bytes, time-ordered (UUID version 7); the decision's id and the reservation's.
        client: Name of the key that asked.
        at_ms: When it was decided, Unix milliseconds (the door's ``now``).
        expires_at_s: End of its expiry bucket, Unix seconds; 0 for denied ones.
        state: As stored; use ``state_at`` to see an expiry.
        holds: What it keeps, one for each budget on the path.
        facts: What settlement needs.
        request: The request's body as received, for the explanation.
        answer: The answer's body as first given, returned again to a repeated request. Both are ``b""`` once they were
            forgotten (``GOVERNOR_KEEP_DECISIONS``).
    """

    id: bytes
    client: str
    at_ms: int
    expires_at_s: int
    state: ReservationState
    holds: tuple[HeldBudget, ...]
    facts: Facts
    request: bytes
    answer: bytes

    def state_at(self, now_s: float) -> ReservationState:
        """Return the state at an instant: a hold whose ``expires_at <= now`` has expired, swept or not."""
        if self.state is ReservationState.HELD and self.expires_at_s <= now_s:
            return ReservationState.EXPIRED
        return self.state

    def is_held(self, now_s: float, client: str) -> bool:
        """Tell whether it is this client's and is still held at an instant."""
        return self.client == client and self.state_at(now_s) is ReservationState.HELD

    def in_state(self, state: ReservationState) -> "Reservation":
        """Return the reservation in another state."""
        return replace(self, state=state)
