"""What is known of a job of the scheduler, whoever ran it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GRACE = timedelta(minutes=1)
"""A job that is due for longer than this, and is not running, is late: somebody should look."""


class JobState(StrEnum):
    """How a job stands, in the word that ``governor jobs`` and ``/readyz`` show."""

    WAITING = "waiting"
    RUNNING = "running"
    LATE = "late"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One job as the database knows it; instants are those of the server's clock, also where that was set by hand.

    Attributes:
        name: Unique.
        trigger: When it runs, in words.
        next_at: When it is due next; a job that never ran is due when it was first seen.
        holder: The worker that runs it, or ``""``.
        started_at: When its last turn began, or None.
        finished_at: When its last finished turn ended, or None.
        succeeded_at: When it last ended well, or None.
        result: What its last finished turn said: what was done, or what went wrong.
        took_ms: How long that took.
        runs: Finished turns.
        failures: Those that failed.
        failing: Failures since it last ended well.
    """

    name: str
    trigger: str
    next_at: datetime
    holder: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    succeeded_at: datetime | None = None
    result: str = ""
    took_ms: int = 0
    runs: int = 0
    failures: int = 0
    failing: int = 0

    def state(self, now: datetime) -> JobState:
        """Say how it stands at an instant."""
        if self.failing:
            return JobState.FAILING
        if now - self.next_at > GRACE:
            # A holder that died is replaced within seconds: one that holds it for this long is working.
            return JobState.RUNNING if self.holder else JobState.LATE
        return JobState.RUNNING if self.holder else JobState.WAITING
