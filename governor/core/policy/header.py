"""The envelope that every policy kind shares, as typed values."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Enforcement(StrEnum):
    """How seriously a policy is taken: log only, allow and say so, or enforce."""

    AUDIT = "audit"
    WARN = "warn"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a policy stands: file relative to the policy folder, 1-based line and column."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Selector:
    """An ``applies_to`` or ``except``: attributes are ANDed, the patterns of one attribute are ORed.

    Attributes:
        terms: Pairs of attribute (``department``, ``tags.customer``, ...) and its literals or globs. Patterns of
            ``model`` are canonical ids or globs, groups expanded.
    """

    terms: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """The envelope of one policy document.

    Attributes:
        kind: ``Quota``, ``ModelAllowlist``, ...
        name: Unique within its kind.
        source: Where the document begins.
        formerly: Names that this policy had before; its balances are kept.
        enforcement: ``audit``, ``warn`` or ``enforce``.
        exceptions_allowed: False if the policy says ``exceptions: never``.
        applies_to: Whom it concerns; an empty selector is everyone.
        excluded: The ``except`` selector, or None.
        if_missing_applies: True if a key that the request lacks counts as matching.
        effective_from: First instant at which it is in force, UTC, or None.
        effective_until: First instant at which it is no longer in force, UTC, or None.
    """

    kind: str
    name: str
    source: Source
    formerly: tuple[str, ...] = ()
    description: str = ""
    owner: str = ""
    reason: str = ""
    review_by: date | None = None
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    enforcement: Enforcement = Enforcement.ENFORCE
    exceptions_allowed: bool = True
    applies_to: Selector = field(default_factory=Selector)
    excluded: Selector | None = None
    if_missing_applies: bool = False

    @property
    def ref(self) -> str:
        """The policy's name as answers give it: ``"Quota/marketing-monthly-spend"``."""
        return f"{self.kind}/{self.name}"

    def in_force(self, now: datetime) -> bool:
        """Tell whether the policy is effective at an instant (half-open)."""
        return (self.effective_from is None or self.effective_from <= now) and (
            self.effective_until is None or now < self.effective_until
        )
