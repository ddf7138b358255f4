"""What ``evaluate`` makes: at most eight candidates in order, each decided in full but for the balances."""

from dataclasses import dataclass
from datetime import datetime

from governor.core.decisions.decision import Basis, Reason
from governor.core.decisions.request import DecideRequest
from governor.core.ledger.commands import Hold, Option
from governor.core.models import ResolvedModel
from governor.core.policy.applicable import AppliedQuota

CANDIDATES_MAX = 8
"""The model asked for and its substitutes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that could be given, decided in full by everything but balances.

    Attributes:
        model: What would be given.
        attributes: Of the subject and this model, as matched.
        reasons: Why policies refuse it; empty if only budgets can.
        warnings: What it would be allowed with.
        max_output_tokens: What the gateway would have to send on.
        clamped: Whether that is less than was asked for.
        output_room: The most that an answer may have, or None.
        within_abilities: Whether the caller can take this model (a substitute needs ``can``).
        input_tokens: Held input.
        output_tokens: Held output, of all answers.
        cost_nano_usd: Held cost, or None if the price is unknown.
        holds: What it takes from which budget.
        quotas: The quota of each hold, in the same order.
        enforced: Whether anything enforced concerns it.
    """

    model: ResolvedModel
    attributes: dict[str, str]
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    max_output_tokens: int
    clamped: bool
    output_room: int | None
    within_abilities: bool
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int | None
    holds: tuple[Hold, ...]
    quotas: tuple[AppliedQuota, ...]
    enforced: bool

    @property
    def option(self) -> Option:
        """The candidate as the ledger sees it."""
        return Option(self.within_abilities and not self.reasons, self.holds)


@dataclass(frozen=True, slots=True)
class Plan:
    """The pure part of a decision; the ledger chooses among its candidates.

    Attributes:
        policy_version: The snapshot that made it.
        time_zone: The organisation's zone, for what people read.
        now: The door's instant: it fixes periods, prices and effective dates.
        candidates: The model asked for first.
        options: The candidates as the ledger sees them.
        basis: Whether the input was counted or estimated.
        hold_for_s: Life of the holds.
        fails_open: Whether the request may pass when the ledger does not answer.
    """

    request: DecideRequest
    policy_version: str
    time_zone: str
    now: datetime
    candidates: tuple[Candidate, ...]
    options: tuple[Option, ...]
    basis: Basis
    hold_for_s: int
    fails_open: bool
