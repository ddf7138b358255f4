"""What is posted by hand, or by a price's correction, and not by usage: entries like all others, never an edit."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.ledger.entry import Entry
from governor.core.ledger.reservation import Reservation
from governor.core.usage import Usage

ADJUSTMENTS_SOURCE = "(adjustments)"
"""The source of adjustments; no client is called so, because a key's name has no brackets."""


class AdjustmentKind(StrEnum):
    """What an adjustment does to what a budget has used."""

    CREDIT = "credit"
    DEBIT = "debit"
    OPENING_BALANCE = "opening_balance"
    EXISTING = "existing"
    """What was used before the budget began (``count_existing``): posted by Governor alone, never by hand."""


@dataclass(frozen=True, slots=True)
class Adjust:
    """Post an amount on one budget.

    Attributes:
        entry_id: 16 bytes, time-ordered, made by the caller.
        event_id: The caller's id: the same again posts nothing.
        body_digest: Digest of what is asked; another one under the same id is a conflict.
        received_at_ms: The door's ``now``.
        at_ms: When it is dated, within the budget's period.
        amount: In the budget's unit, more than 0; a credit takes it from what was used. What is existing may come to
            less than was posted before: then it is below 0.
        record: The audit's record (JSON), stored with the entry.
    """

    entry_id: bytes
    event_id: str
    body_digest: bytes
    received_at_ms: int
    at_ms: int
    budget: BudgetKey
    kind: AdjustmentKind
    amount: int
    record: bytes

    @property
    def change(self) -> int:
        """By how much ``used`` changes."""
        return -self.amount if self.kind is AdjustmentKind.CREDIT else self.amount


class AdjustmentOutcome(StrEnum):
    """Named results of ``Adjust``; only the first changed something."""

    POSTED = "posted"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    CREDIT_TOO_LARGE = "credit_too_large"
    TOO_LARGE = "invalid_amount"


@dataclass(frozen=True, slots=True)
class AdjustmentResult:
    """The answer to ``Adjust``: what became of it, the record that is stored, and the balance afterwards."""

    outcome: AdjustmentOutcome
    record: bytes
    balance: Balance


@dataclass(frozen=True, slots=True)
class Rerate:
    """Post the difference between what an event was charged and what it costs at a corrected price.

    Attributes:
        entry_id: 16 bytes, time-ordered, made by the caller.
        source: Who reported the event.
        event_id: The event, or one of its corrections.
        received_at_ms: The door's ``now``.
        price: Works out what usage costs, given the latest entry of the event's chain, its whole usage and calls, and
            the decision if there is one; None while its price is unknown. Pure.
        record: Renders the audit's record (JSON) from the cost before and after.
    """

    entry_id: bytes
    source: str
    event_id: str
    received_at_ms: int
    price: Callable[[Entry, Usage, int, Reservation | None], int | None]
    record: Callable[[int, int], bytes]


class RerateOutcome(StrEnum):
    """Named results of ``Rerate``; only the first changed something."""

    POSTED = "posted"
    UNCHANGED = "unchanged"
    UNPRICED = "unpriced"
    HELD_AMOUNT = "held_amount"
    UNKNOWN = "not_found"
    TOO_LARGE = "invalid_amount"


@dataclass(frozen=True, slots=True)
class Rerated:
    """The answer to ``Rerate``, with the event's cost before and after, in nano-USD."""

    outcome: RerateOutcome
    before_nano_usd: int = 0
    after_nano_usd: int = 0
