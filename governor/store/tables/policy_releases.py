"""What happened to the commits of the policy repository, and how it was last found."""

from governor.store.tables.columns import STRICT, Stored, number, table, words


class PolicyReleases(Stored, table=True):
    """Commits that went live or were refused, in order. The latest live one is what every worker decides by."""

    __tablename__ = "policy_releases"
    __table_args__ = (STRICT,)

    sequence: int = number(key=True)
    commit_id: str = words()
    version: str = words()
    outcome: str = words()
    origin: str = words()
    decided_at_ms: int = number()
    live_at_ms: int = number()
    by: str = words()
    reason: str = words()


class PolicySources(Stored, table=True):
    """How each repository was last found: one row for each place that was ever configured."""

    __tablename__ = "policy_sources"
    __table_args__ = (STRICT,)

    place: str = words(key=True)
    head: str = words()
    confirmed_at_ms: int | None = number(optional=True)
    tried_at_ms: int | None = number(optional=True)
    problem: str = words()


POLICY_RELEASES = table(PolicyReleases)
POLICY_SOURCES = table(PolicySources)
