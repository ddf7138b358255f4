"""A policy as a list of statements: what it speaks of, and what it says of it."""

from dataclasses import dataclass

from governor.core.policy.header import Header


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that a policy says.

    Two versions of a policy differ exactly where a statement of one key differs, is new or is gone.

    Attributes:
        key: What tells it from the other statements of its policy, whatever its value: ``limit``, ``limits.team x``.
        subject: What it speaks of, as the beginning of a sentence: ``Marketing's monthly limit``.
        words: What it says of it: ``20,000 USD``.
        own: What of the words is its own, where some follow from another statement, as a person's department from the
            team's: only that makes two versions differ. Empty: all of them.
        decides: Whether it can change what happens to a request; an owner or a description cannot.
        rule: The quota's rule whose budgets it concerns (``limit``, ``limits[0]``), or ``""``: all of the policy.
        people: Whom it concerns, where it is about people by name.
        team: Whose people and service accounts it concerns, where it is about a team.
    """

    key: str
    subject: str
    words: str
    decides: bool = True
    rule: str = ""
    people: tuple[str, ...] = ()
    team: str = ""
    own: str = ""

    def says_as(self, other: "Statement") -> bool:
        """Tell whether both say the same, of what is theirs to say."""
        return (self.own or self.words) == (other.own or other.words)


@dataclass(frozen=True, slots=True)
class Described:
    """One policy in words.

    Attributes:
        ref: ``Quota/marketing-monthly-spend``.
        source: ``file:line``, or ``""`` for what is merged from several documents.
        header: Its envelope, where it has selectors.
        formerly: Names that it had before.
    """

    ref: str
    source: str
    statements: tuple[Statement, ...]
    header: Header | None = None
    formerly: tuple[str, ...] = ()
