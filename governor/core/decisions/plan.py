"""What ``evaluate`` makes: at most eight candidates in order, each decided in full but for the balances."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from governor.core.decisions.context import Context
from governor.core.decisions.decision import Basis, Reason
from governor.core.decisions.holds import Amounts
from governor.core.decisions.output_estimates import OutputEstimate
from governor.core.decisions.prepare_model import PreparedCandidate
from governor.core.decisions.request import DecideRequest
from governor.core.decisions.routing import AUTO, is_open
from governor.core.grants import Grant
from governor.core.ledger.commands import Admission, Hold, Option
from governor.core.policy.kinds import Routing
from governor.core.values import hot_value


@hot_value
class Need:
    """Something that grants lift for a request.

    Attributes:
        reasons: What would refuse it; nothing where it would only be clamped.
        holds: What the grants would hold for the whole request that can each lift it, in the order in which they are
            tried.
    """

    reasons: tuple[Reason, ...]
    holds: tuple[Hold, ...]


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
        after: Holds of the model asked for, by index: only where one of them does not fit is this one offered. None: it
            is offered anyway.
        estimate: What was learned of its output, if a budget holds by it.
        grants: Those that act for it, in the order in which they are drawn on.
        granted: The same model under grants that lift what refuses or clamps it, or None; see ``standing``.
        needs: Of such a form: what is lifted.
    """

    prepared: PreparedCandidate
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    context: Context
    amounts: Amounts
    held: Amounts
    holds: tuple[Hold, ...]
    after: tuple[int, ...] | None = None
    estimate: OutputEstimate | None = None
    grants: tuple[Grant, ...] = ()
    granted: "Candidate | None" = None
    needs: tuple[Need, ...] = ()

    @property
    def placeable(self) -> bool:
        """Whether only budgets can refuse it."""
        return self.prepared.within_abilities and not self.reasons

    @property
    def option(self) -> Option:
        """The candidate as the ledger sees it."""
        placeable = self.placeable
        if self.granted is None and not self.needs:
            return Option(placeable, self.holds, self.after)
        granted = self.granted.option if self.granted is not None else None
        return Option(placeable, self.holds, self.after, granted, tuple(need.holds for need in self.needs))


class Candidates:
    """The candidates of a plan in order; a substitute is decided when somebody looks at it.

    Most requests are given what they ask for, and nobody needs to know what they could have been given instead.

    Args:
        decided: The first of them.
        names: The models behind.
        decide: Decides one of these. Pure.
    """

    __slots__ = ("_decide", "_decided", "_first", "_names")

    def __init__(
        self,
        decided: Sequence[Candidate],
        names: Sequence[str] = (),
        decide: Callable[[str], Candidate] | None = None,
    ) -> None:
        self._decided = list(decided)
        self._first = len(decided)
        self._names = names
        self._decide = decide

    def __len__(self) -> int:
        return self._first + len(self._names)

    def __getitem__(self, index: int) -> Candidate:
        while len(self._decided) <= index and self._decide is not None:
            name = self._names[len(self._decided) - self._first]
            self._decided.append(self._decide(name))
        return self._decided[index]

    def __iter__(self) -> Iterator[Candidate]:
        return (self[index] for index in range(len(self)))


@hot_value
class Plan:
    """The pure part of a decision; the ledger chooses among its candidates.

    Attributes:
        policy_version: The snapshot that made it.
        now: The door's instant: it fixes periods, prices and effective dates.
        candidates: The model asked for first; for a request that leaves the choice open, the models to choose from.
        routing: What chose their order, or None.
        basis: Whether the input was counted or estimated.
    """

    request: DecideRequest
    routing: Routing | None
    policy_version: str
    now: datetime
    candidates: Candidates
    basis: Basis

    def options(self) -> Iterator[Option]:
        """Yield the candidates as the ledger sees them, each decided when it is taken."""
        return (candidate.option for candidate in self.candidates)

    def standing(self, index: int, admission: Admission) -> Candidate:
        """Return a candidate in the form that the ledger compared: under its grants, where they had room for it."""
        candidate = self.candidates[index]
        if candidate.granted is None or admission.lifts(index) is None:
            return candidate
        return candidate.granted

    def hold_for_s(self, chosen: int) -> int:
        """Return the life of the holds of a candidate, in seconds."""
        return self.request.hold_for_s or self.candidates[chosen].prepared.hold_for_s

    @property
    def is_open(self) -> bool:
        """Whether the caller left the choice of a model open, and there was one."""
        return self.routing is not None and is_open(self.request.model)

    @property
    def requested_model(self) -> str:
        """What was asked for: a canonical id, or ``auto``."""
        return AUTO if self.is_open else self.candidates[0].prepared.model.id
