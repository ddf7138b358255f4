"""One difference between two versions of the policies."""

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """Whether something is new, gone, or said differently."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom a change concerns.

    Attributes:
        people: How many people of the organisation.
        service_accounts: How many of its machines.
        at_most: Whether it depends on more than who asks (a model, an environment), so that fewer may feel it.
    """

    people: int = 0
    service_accounts: int = 0
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One statement that differs.

    Attributes:
        key: The statement's, stable between versions.
        subject: What it speaks of.
        before: What was said, or ``""``.
        after: What is said now, or ``""``.
        decides: Whether it can change what happens to a request.
        touched: Whom it concerns; None where that is nobody by name (a price, a model).
    """

    kind: ChangeKind
    key: str
    subject: str
    before: str
    after: str
    decides: bool
    touched: Touched | None = None


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """Everything that differs in one policy.

    Attributes:
        policy: Its name in the later version, or in the earlier one if it is gone.
        formerly: Its name in the earlier version, if that was another.
        source: ``file:line`` in the version in which it is.
        balances: What becomes of its budgets, in a sentence; ``""`` if nothing does.
    """

    kind: ChangeKind
    policy: str
    formerly: str
    source: str
    differences: tuple[Difference, ...]
    balances: str = ""

    @property
    def decides(self) -> bool:
        """Whether it can change what happens to a request."""
        return any(difference.decides for difference in self.differences)

    @property
    def is_whole(self) -> bool:
        """Whether the whole policy is new or gone."""
        return self.kind is not ChangeKind.CHANGED
