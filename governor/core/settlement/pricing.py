"""What recorded usage costs: at its own time, for the model that was really used."""

from collections.abc import Sequence
from datetime import UTC, datetime

from governor.core.decisions.request import Operation
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.entry import Entry
from governor.core.ledger.reservation import Reservation
from governor.core.money import Rounding
from governor.core.priced_units import gap_words
from governor.core.prices import cost_nano_usd
from governor.core.usage import Usage


def usage_cost(
    snapshot: Snapshot,
    model_id: str,
    provider: str,
    usage: Usage,
    *,
    at: datetime,
    batch: bool,
    requests: int,
    input_size: int | None = None,
    parts: Sequence[Usage] = (),
) -> int | None:
    """Price usage in nano-USD; None if no price is known.

    Args:
        snapshot: The prices.
        model_id: Canonical id of the model used.
        provider: Who served it, or ``""``.
        usage: Its whole counts.
        at: When it happened.
        batch: Whether it was made through a batch interface.
        requests: Calls that it stands for.
        input_size: Input tokens of one of them, where they are several; see ``batch_input_size``.
        parts: The tokens as the provider went through them, each choosing its own tier; none: at one go.

    Raises:
        AmountError: If the cost does not fit 64 bits.
    """
    for price in (snapshot.price(model_id, provider, at), snapshot.policies.prices.unknown_price):
        if price is not None:
            cost = cost_nano_usd(
                price,
                usage,
                Rounding.HALF_UP,
                batch=batch,
                requests=requests,
                input_size=input_size,
                parts=parts,
            )
            if cost is not None:
                return cost
    return None


def batch_input_size(usage: Usage, reservation: Reservation | None) -> int | None:
    """Return the input of one request of a batch, in tokens, as far as an event tells: it chooses the price's tier.

    An event may report one request of the batch, some of them, or all; the average input that was decided says how
    many it is about. Without a decision of a batch (None) an event is taken for one request.
    """
    if reservation is None or reservation.facts.operation != Operation.BATCH:
        return None
    decided, requests = reservation.facts.input_tokens, reservation.facts.requests
    about = -(-usage.input_tokens * requests // decided) if decided else 1
    return -(-usage.input_tokens // min(max(about, 1), requests))


def gap_note(
    snapshot: Snapshot, model_id: str, provider: str, usage: Usage, *, at: datetime, batch: bool = False
) -> str:
    """Say what of a usage has no price, and what to do about it; see ``usage_cost``."""
    price = snapshot.price(model_id, provider, at)
    if price is None:
        return gap_words(model_id, None, usage.units)
    plan = price.batch if batch and price.batch is not None else price
    return gap_words(model_id, plan.rates.units, usage.units)


def recorded_cost(
    snapshot: Snapshot, last: Entry, usage: Usage, requests: int, reservation: Reservation | None
) -> int | None:
    """Price a recorded event anew.

    Args:
        snapshot: The prices of now.
        last: The latest entry of the event's chain: which model was used, and when.
        usage: The event's whole counts.
        requests: Its calls.
        reservation: Its decision, or None.

    Raises:
        AmountError: If the cost does not fit 64 bits.
    """
    operations = {last.attributes.get("operation", ""), reservation.facts.operation if reservation is not None else ""}
    return usage_cost(
        snapshot,
        last.model,
        last.provider,
        usage,
        at=datetime.fromtimestamp(last.occurred_at_ms / 1000, UTC),
        batch=Operation.BATCH in operations,
        requests=requests,
        input_size=batch_input_size(usage, reservation),
        parts=last.parts,
    )
