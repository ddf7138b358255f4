"""What ``evaluate`` makes: at most eight candidates in order, each decided in full but for the balances."""

from datetime import datetime

from governor.core.decisions.context import Context
from governor.core.decisions.decision import Basis, Reason
from governor.core.decisions.holds import Amounts
from governor.core.decisions.output_estimates import OutputEstimate
from governor.core.decisions.prepare import PreparedCandidate
from governor.core.decisions.request import DecideRequest
from governor.core.decisions.routing import AUTO, is_open
from governor.core.ledger.commands import Hold, Option
from governor.core.policy.kinds import Routing
from governor.core.values import hot_value


@hot_value
class Candidate:
    """One model that could be given.

    Attributes:
        prepared: What does not depend on the size of the request.
        reasons: Why policies refuse it; empty if only budgets can.
        warnings: What it would be allowed with.
        context: What the gateway would have to send on.
        amounts: What it may come to: all that was asked for.
        held: What is held for it; less where its budgets learn.
        holds: What it takes from which budget, one for each of ``prepared.draws``.
        offered_anyway: False for a substitute that is only offered where a budget of the model asked for has no room.
        estimate: What was learned of its output, if a budget holds by it.
    """

    prepared: PreparedCandidate
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    context: Context
    amounts: Amounts
    held: Amounts
    holds: tuple[Hold, ...]
    offered_anyway: bool = True
    estimate: OutputEstimate | None = None


@hot_value
class Plan:
    """The pure part of a decision; the ledger chooses among its candidates.

    Attributes:
        policy_version: The snapshot that made it.
        now: The door's instant: it fixes periods, prices and effective dates.
        candidates: The model asked for first; for a request that leaves the choice open, the models to choose from.
        routing: What chose their order, or None.
        options: The candidates as the ledger sees them.
        basis: Whether the input was counted or estimated.
        hold_for_s: Life of the holds.
        fails_open: Whether the request may pass when the ledger does not answer.
    """

    request: DecideRequest
    routing: Routing | None
    policy_version: str
    now: datetime
    candidates: tuple[Candidate, ...]
    options: tuple[Option, ...]
    basis: Basis
    hold_for_s: int
    fails_open: bool

    @property
    def is_open(self) -> bool:
        """Whether the caller left the choice of a model open, and there was one."""
        return self.routing is not None and is_open(self.request.model)

    @property
    def requested_model(self) -> str:
        """What was asked for: a canonical id, or ``auto``."""
        return AUTO if self.is_open else self.candidates[0].prepared.model.id
