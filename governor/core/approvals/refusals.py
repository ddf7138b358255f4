"""What was refused to somebody: requests of an hour that are alike are told as one, with how often."""

from dataclasses import dataclass, replace
from datetime import datetime

from governor.core.approvals.remedy import Refusal


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused requests that are alike.

    Attributes:
        requester: The user or the service account.
        team: Where they were then, likewise department, project and use case; ``""``: nowhere.
        model: The model that was asked for.
        reasons: All reasons, the decisive one first.
        message: The decisive reason of the latest, in words.
        times: How many they are.
        at: When the latest was.
        decision_id: Id of the latest decision.
    """

    requester: str
    team: str
    department: str
    project: str
    use_case: str
    model: str
    reasons: tuple[Refusal, ...]
    message: str
    times: int
    at: datetime
    decision_id: str

    @property
    def alike(self) -> tuple[object, ...]:
        """What is the same for all of them."""
        hour = self.at.replace(minute=0, second=0, microsecond=0)
        reasons = tuple((one.code, one.policy, tuple(sorted(one.scope.items()))) for one in self.reasons)
        who = (self.requester, self.team, self.department, self.project, self.use_case)
        return (hour.isoformat(), *who, self.model, reasons)

    def and_also(self, other: "Refused") -> "Refused":
        """Return both as one: what the later one says, and how many they are together."""
        latest = max(self, other, key=lambda one: (one.at, one.decision_id))
        return replace(latest, times=self.times + other.times)
