"""What came of the work that models did: the other half of what a use case costs."""

from dataclasses import dataclass
from datetime import datetime

from governor.core.errors import AmountError
from governor.core.ledger.results import EventStatus
from governor.core.money import AMOUNT_MAX
from governor.core.policy.use_case import UseCase

COUNT_MAX = 1_000_000_000
"""Outcomes in one report."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One report of outcomes, all of one use case and one time.

    Attributes:
        source: Who reports; unique together with ``event_id``.
        event_id: The reporter's id, or ``""``: the report is counted each time that it is sent.
        count: How many there are, up to ``COUNT_MAX``; 0 only for a correction, which then takes its original back.
        task: The task or run of an agent that they came of, or ``""``.
        worth_nano_usd: What all of them are worth together, or None: as the use case says.
        occurred_at: When they came, aware UTC, or None: when the report was received, or when what it corrects came.
        corrects: The ``event_id`` of the report that this one replaces as a whole, or ``""``.
    """

    source: str
    event_id: str
    use_case: str
    count: int = 1
    task: str = ""
    worth_nano_usd: int | None = None
    occurred_at: datetime | None = None
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeResult:
    """The answer for one report: how it was taken, why it was rejected, and the worth that it was recorded with."""

    event_id: str
    status: EventStatus
    reason: str | None = None
    worth_nano_usd: int | None = None


def worth_of(outcome: Outcome, use_case: UseCase | None) -> int | None:
    """Return what a report's outcomes are worth together in nano-USD: as stated, else as the use case says.

    Raises:
        AmountError: If the use case's worth of so many outcomes is more than any amount.
    """
    if outcome.worth_nano_usd is not None or use_case is None or use_case.outcome_worth_nano_usd is None:
        return outcome.worth_nano_usd
    worth = outcome.count * use_case.outcome_worth_nano_usd
    if worth > AMOUNT_MAX:
        message = f"{outcome.count:,} outcomes of {use_case.name} are worth more than can be counted; send fewer"
        raise AmountError(message, count=outcome.count)
    return worth
