"""Ledger entries: the append-only postings from which every balance can be recomputed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from governor.core.units import Counts, Unit
from governor.core.usage import Usage
from governor.core.values import hot_value


class EntryKind(StrEnum):
    """Why an amount was posted."""

    SETTLEMENT = "settlement"
    ADDITIONAL = "additional"
    LATE = "settled_late"
    CORRECTION = "correction"
    UNRESERVED = "unreserved"
    ADJUSTMENT = "adjustment"
    RERATING = "rerating"
    CLOSING = "closing"


@hot_value
class RollupKey:
    """The dimensions of hourly usage: the hour of the decision and who used what; ``""`` is absent.

    ``hour_s`` is where an hour of the organisation's clock began, Unix seconds: so hours add up to its days.
    """

    hour_s: int
    department: str = ""
    team: str = ""
    user: str = ""
    project: str = ""
    environment: str = ""
    use_case: str = ""
    model: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class RollupPosting:
    """What an entry adds to one hour's sums; corrections may take away.

    Attributes:
        key: The hour, and who used what.
        amounts: In the order of ``ROLLUP_SUMS``.
        units: What is not counted in tokens, by its name, and under ``UNPRICED`` the events whose price is unknown.
            Old entries have none, and have added none.
    """

    key: RollupKey
    amounts: tuple[int, ...]
    units: tuple[tuple[str, int], ...] = ()


@hot_value
class Charge:
    """An amount posted on one budget, in the budget's unit; negative in corrections, credits and re-ratings."""

    budget: bytes
    amount: int


class ChargedBudget(NamedTuple):
    """A budget that an event charges and what it counts: enough to charge it again when the event is corrected.

    A tuple, so that records keep it without the names of its fields.

    Attributes:
        budget: Digest of the budget.
        unit: Unit of its amounts.
        counts: Which tokens count, for token budgets.
        of_model: Whether it is charged because of the model or the provider: with another one it is not.
    """

    budget: bytes
    unit: Unit
    counts: Counts
    of_model: bool


@hot_value
class Entry:
    """One usage event as it was posted.

    Attributes:
        id: 16 bytes, time-ordered.
        kind: Why it was posted.
        source: Who reported it; unique together with ``event_id``.
        event_id: The reporter's id.
        body_digest: Digest of the event as received: the same id with another digest is a conflict.
        root_event_id: The event that this one corrects, at the beginning of the chain; its own id otherwise.
        decision_id: The decision it belongs to, or None.
        received_at_ms: When it was received, Unix milliseconds.
        occurred_at_ms: When it happened, Unix milliseconds: prices are those of this time.
        model: Canonical id of the model that was used.
        provider: Who served it.
        usage: Counts *posted* by this entry: the whole for events, the difference for corrections.
        cost_nano_usd: Cost posted by this entry, likewise; 0 where the price is unknown (then ``unpriced``).
        requests: Calls posted by this entry, likewise.
        charges: What it posted on which budget.
        rollup: Where the event is summed up.
        rolled: What it added to which hour's sums: two postings if a correction moved the event to other dimensions.
        unpriced: Whether the price was unknown.
        estimated: Whether the counts are a guess (held amounts, or the gateway's own).
        result: The answer for this event, as first given (JSON); ``b""`` once it was forgotten.
        attributes: Who it was booked on: a correction without a decision is booked on the same.
        charged: Every budget that the event charges, so that a correction finds them whatever became of their quotas.
            None where that follows from the decision's holds and the policies: for held amounts, and in old entries.
        provider_usage: The provider's own object, as JSON, if the event came with one: what is unknown in it today may
            be known tomorrow. ``b""`` once it was forgotten.
        parts: The tokens of the event as the provider went through them, each choosing its own tier; none: at one go.
    """

    id: bytes
    kind: EntryKind
    source: str
    event_id: str
    body_digest: bytes
    root_event_id: str
    decision_id: bytes | None
    received_at_ms: int
    occurred_at_ms: int
    model: str
    provider: str
    usage: Usage
    cost_nano_usd: int
    requests: int
    charges: tuple[Charge, ...]
    rollup: RollupKey
    rolled: tuple[RollupPosting, ...]
    unpriced: bool
    estimated: bool
    result: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    charged: tuple[ChargedBudget, ...] | None = None
    provider_usage: bytes = b""
    parts: tuple[Usage, ...] = ()


def corrected(chain: Sequence[Entry]) -> Entry | None:
    """Return what a correction corrects: the chain's first entry, with the model and budgets of its last."""
    if not chain:
        return None
    last = chain[-1]
    return replace(chain[0], model=last.model, provider=last.provider, charged=last.charged)
