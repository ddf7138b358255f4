"""What models are used for: one entry of the inventory that the organisation keeps of its use cases."""

from dataclasses import dataclass
from enum import StrEnum

from governor.core.policy.header import Header


class Stage(StrEnum):
    """How far a use case has come. A retired one is over: what still asks in its name is refused or pointed out."""

    EXPERIMENT = "experiment"
    PRODUCTION = "production"
    RETIRED = "retired"


class Audience(StrEnum):
    """Who sees what comes of it."""

    CUSTOMER = "customer"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class UseCase:
    """One registered use case.

    Attributes:
        header: Its name, its owner and where it stands.
        outcome: What is counted as a result, in words, or ``""``.
        outcome_worth_nano_usd: What one outcome is worth, or None: nobody said.
        expected_cost_nano_usd: What one outcome should cost, or None: nobody said.
        cost_centre: Whose books it is on, or ``""``: those of whoever uses it.
    """

    header: Header
    stage: Stage
    audience: Audience
    outcome: str = ""
    outcome_worth_nano_usd: int | None = None
    expected_cost_nano_usd: int | None = None
    cost_centre: str = ""

    @property
    def name(self) -> str:
        """The name by which requests, rules and service accounts call it."""
        return self.header.name

    @property
    def attributes(self) -> dict[str, str]:
        """What rules can match of it: ``use_case stage audience``."""
        return {"use_case": self.name, "stage": str(self.stage), "audience": str(self.audience)}
