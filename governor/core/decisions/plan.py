"""What ``evaluate`` makes: at most eight candidates in order, each decided in full but for the balances."""

from datetime import datetime

from governor.core.decisions.context import Context
from governor.core.decisions.decision import Basis, Reason
from governor.core.decisions.holds import Amounts
from governor.core.decisions.prepare import PreparedCandidate
from governor.core.decisions.request import DecideRequest
from governor.core.ledger.commands import Hold, Option
from governor.core.values import hot_value


@hot_value
class Candidate:
    """One model that could be given.

    Attributes:
        prepared: What does not depend on the size of the request.
        reasons: Why policies refuse it; empty if only budgets can.
        warnings: What it would be allowed with.
        context: What the gateway would have to send on.
        amounts: What is held for it.
        holds: What it takes from which budget, one for each of ``prepared.draws``.
    """

    prepared: PreparedCandidate
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    context: Context
    amounts: Amounts
    holds: tuple[Hold, ...]


@hot_value
class Plan:
    """The pure part of a decision; the ledger chooses among its candidates.

    Attributes:
        policy_version: The snapshot that made it.
        now: The door's instant: it fixes periods, prices and effective dates.
        candidates: The model asked for first.
        options: The candidates as the ledger sees them.
        basis: Whether the input was counted or estimated.
        hold_for_s: Life of the holds.
        fails_open: Whether the request may pass when the ledger does not answer.
    """

    request: DecideRequest
    policy_version: str
    now: datetime
    candidates: tuple[Candidate, ...]
    options: tuple[Option, ...]
    basis: Basis
    hold_for_s: int
    fails_open: bool
