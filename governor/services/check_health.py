"""Is this worker ready to decide: database, clock, policies; and how jobs go. Each part is named and explained."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from governor.core.jobs import JobRecord, JobState
from governor.services.policies.state import PolicySource
from governor.store.database import Database
from governor.store.jobs import read_jobs
from governor.store.server_time import server_time_s

CHECK_TIMEOUT_S = 2.0
SKEW_S_MAX = 1.0
"""A worker whose clock is further from the database's is unready: holds would expire at the wrong moment."""


@dataclass(frozen=True, slots=True)
class Check:
    """One part of readiness.

    Attributes:
        name: Of the part.
        ok: Whether nothing is wrong with it.
        facts: What was seen, and the problem if there is one.
        decides: Whether a worker cannot decide while it is wrong; what only stands beside decisions takes no traffic
            away, nor does a commit that is refused: the last good one decides meanwhile.
    """

    name: str
    ok: bool
    facts: dict[str, object]
    decides: bool = True


class HealthChecker:
    """Looks at everything that a decision needs.

    Args:
        database: Must answer within two seconds.
        publisher: Knows the policies.
        now: The server's clock.
        simulated_clock: True if the clock was set by hand: then it cannot agree with the database's.
    """

    def __init__(
        self,
        database: Database,
        publisher: PolicySource,
        now: Callable[[], datetime],
        *,
        simulated_clock: bool,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._now = now
        self._simulated_clock = simulated_clock

    async def check(self) -> tuple[Check, ...]:
        """Return every part, ready or not."""
        database, skew_s = await self._database_and_skew()
        return (database, self._clock(skew_s), self._policies(), await self._scheduler(database.ok))

    async def _database_and_skew(self) -> tuple[Check, float | None]:
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                theirs_s = await self._database.read(server_time_s)
        except TimeoutError:
            return Check("database", False, {"problem": f"no answer within {CHECK_TIMEOUT_S:g} seconds"}), None
        except (SQLAlchemyError, OSError) as error:
            return Check("database", False, {"problem": f"cannot be read ({type(error).__name__})"}), None
        took_s = time.monotonic() - began_s
        # The database looked at its clock somewhere between question and answer.
        skew_s = self._now().timestamp() - took_s / 2 - theirs_s
        return Check("database", True, {"answered_in_ms": round(took_s * 1000, 1)}), skew_s

    async def _scheduler(self, database_answers: bool) -> Check:
        """Look at the jobs. Nothing in a decision depends on them, so a worker is ready without."""
        if not database_answers:
            problem: dict[str, object] = {"problem": "cannot be seen while the database does not answer"}
            return Check("scheduler", False, problem, decides=False)
        now = self._now()
        try:
            records = await self._database.read(read_jobs)
        except (SQLAlchemyError, OSError) as error:
            return Check("scheduler", False, {"problem": f"cannot be read ({type(error).__name__})"}, decides=False)
        jobs = {record.name: _job_facts(record, now) for record in records}
        bad = [record.name for record in records if record.state(now) in {JobState.LATE, JobState.FAILING}]
        facts: dict[str, object] = {"jobs": jobs}
        if not records:
            facts["problem"] = "no scheduler has run on this database yet; start `governor scheduler`"
        elif bad:
            facts["problem"] = f"late or failing: {', '.join(bad)}; `governor jobs` shows why"
        return Check("scheduler", bool(records) and not bad, facts, decides=False)

    def _clock(self, skew_s: float | None) -> Check:
        if self._simulated_clock:
            return Check("clock", True, {"simulated": True, "now": self._now().isoformat()})
        if skew_s is None:
            return Check("clock", False, {"problem": "cannot be compared while the database does not answer"})
        facts: dict[str, object] = {"skew_s": round(skew_s, 3)}
        if abs(skew_s) > SKEW_S_MAX:
            facts["problem"] = "more than a second off the database's clock; let NTP set it"
        return Check("clock", abs(skew_s) <= SKEW_S_MAX, facts)

    def _policies(self) -> Check:
        state = self._publisher.state
        now = self._now()
        stale = self._publisher.snapshots.stale(now)
        facts: dict[str, object] = {
            "version": state.version,
            "age_s": round(self._publisher.snapshots.age_s(now), 1),
            "published_at": state.published_at.isoformat(),
            "source": state.source,
            "folder_valid": state.valid,
            "stale": stale,
            "load_failures": state.failures,
        }
        if state.problems:
            what = f"commit {state.refused} is refused" if state.refused else "the source is invalid"
            facts["problem"] = f"{what}; the last good version is served"
            facts["problems"] = list(state.problems[:20])
        return Check("policies", state.valid and not stale, facts, decides=stale or state.valid)


def _job_facts(record: JobRecord, now: datetime) -> dict[str, object]:
    facts: dict[str, object] = {"state": str(record.state(now)), "next_at": record.next_at.isoformat()}
    if record.finished_at is not None:
        facts |= {"last_ended_at": record.finished_at.isoformat(), "result": record.result}
    return facts
