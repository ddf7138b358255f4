"""What would have been lost with requests that a policy on trial would have refused: the outcomes reported of them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from governor.core.money import Rounding, divide, usd_text
from governor.store.outcomes import OutcomeSums

TASKS_MAX = 100_000
"""Tasks that are remembered, so that memory is bounded; outcomes of further ones are not counted as lost."""


@dataclass(slots=True)
class Stakes:
    """Outcomes that came of refused requests.

    An outcome that names its task is lost with any of the task's requests. One that names none is lost in proportion:
    if a tenth of a use case's requests without a task is refused, a tenth of its outcomes without a task is.

    Attributes:
        outcomes: How many, rounded.
        worth_nano_usd: What those are worth whose worth is known.
    """

    outcomes: int = 0
    worth_nano_usd: int = 0
    _tasks: set[tuple[str, str]] = field(default_factory=set)
    _without_task: Counter[str] = field(default_factory=Counter)

    @property
    def is_possible(self) -> bool:
        """Whether a request was refused that anything could have come of."""
        return bool(self._tasks or self._without_task)

    def refuse(self, use_case: str, task: str) -> None:
        """Add a request that would have been refused; ``""`` where it names no use case or task."""
        if not use_case:
            return
        if task and len(self._tasks) < TASKS_MAX:
            self._tasks.add((use_case, task))
        elif not task:
            self._without_task[use_case] += 1

    def add_task(self, use_case: str, task: str, sums: OutcomeSums) -> None:
        """Add the outcomes of a task, if one of its requests would have been refused."""
        if task and (use_case, task) in self._tasks:
            self.outcomes += sums.outcomes
            self.worth_nano_usd += sums.worth_nano_usd

    def add_share(self, use_case: str, sums: OutcomeSums, requests: int) -> None:
        """Add a part of the outcomes of a use case that name no task, of ``requests`` allowed requests without one."""
        refused = self._without_task[use_case]
        if refused and requests:
            self.outcomes += divide(sums.outcomes * refused, requests, Rounding.HALF_UP)
            self.worth_nano_usd += divide(sums.worth_nano_usd * refused, requests, Rounding.HALF_UP)

    def document(self) -> dict[str, Any]:
        """Return the sums as they are printed."""
        return {"lost_outcomes": self.outcomes, "lost_worth_usd": usd_text(self.worth_nano_usd)}
