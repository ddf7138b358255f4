"""What happened to the commits of a policy repository: which went live, which were refused, and who went back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a commit."""

    LIVE = "live"
    REFUSED = "refused"


class Origin(StrEnum):
    """Why it was looked at."""

    BRANCH = "branch"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Release:
    """One line of the log of a policy repository; the latest live one decides.

    Attributes:
        sequence: 1, 2, 3, ... without gaps.
        commit: Full id in hex.
        digest: Version of the text: SHA-256 in hex. Commits that say the same share it.
        outcome: Whether it went live.
        origin: Whether the branch moved there or somebody went back to it.
        decided_at: When it was checked.
        live_at: When every worker begins to decide by it: late enough for all to have read it.
        by: Who signed the commit or who went back, or ``""``.
        reason: Why it was refused, a sentence a line, or why somebody went back.
    """

    sequence: int
    commit: str
    digest: str
    outcome: Outcome
    origin: Origin
    decided_at: datetime
    live_at: datetime
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of the repository itself, or of a folder.

    Attributes:
        head: The commit that the branch was last seen at, or the version of the folder that was last served, or ``""``.
        confirmed_at: When what is served was last seen to be what the branch says, or None.
        tried_at: When the repository was last asked.
        problem: Why it could not be read, or ``""``.
    """

    head: str = ""
    confirmed_at: datetime | None = None
    tried_at: datetime | None = None
    problem: str = ""
