"""What the scheduler does, who does it, and how far each job has come."""

from governor.store.tables.columns import CLUSTERED, Stored, number, octets, table, words


class Jobs(Stored, table=True):
    """One job: when it is due, which worker has the lease, and how its last turn ended.

    ``fence`` grows with each lease: whoever writes under an older one has lost it. ``lease_until_ms`` is an instant of
    the database's own clock; all others are of the server's.
    """

    __tablename__ = "jobs"
    __table_args__ = (CLUSTERED,)

    name: str = words(key=True)
    trigger: str = words()
    next_at_ms: int = number()
    holder: str = words()
    fence: int = number()
    lease_until_ms: int = number()
    started_at_ms: int | None = number(optional=True)
    finished_at_ms: int | None = number(optional=True)
    succeeded_at_ms: int | None = number(optional=True)
    result: str = words()
    took_ms: int = number()
    runs: int = number()
    failures: int = number()
    failing: int = number()


class JobMarks(Stored, table=True):
    """How far a job has come: where its next turn goes on, also after a long downtime."""

    __tablename__ = "job_marks"
    __table_args__ = (CLUSTERED,)

    name: str = words(key=True)
    position: bytes = octets()


JOBS = table(Jobs)
JOB_MARKS = table(JobMarks)
