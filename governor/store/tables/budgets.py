"""Counters of budgets, the roots of renamed quotas, and what quotas said before they were edited."""

from sqlalchemy import Index

from governor.store.tables.columns import CLUSTERED, Stored, number, octets, table, words


class Budgets(Stored, table=True):
    """One counter for one quota, scope and period. ``buckets`` are the sums of holds by expiry."""

    __tablename__ = "budgets"
    __table_args__ = (
        Index(None, "policy", "scope", "period_start_s"),
        # Periods close in the order of their ends; rows never move in it.
        Index(None, "period_end_s", "digest"),
        # Room in the page for the new version of a busy row, so that no index is touched.
        {**CLUSTERED, "postgresql_with": {"fillfactor": 50}},
    )

    digest: bytes = octets(key=True)
    policy: str = words()
    scope: str = words()
    department: str = words()
    team: str = words()
    user: str = words()
    unit: str = words()
    period_start_s: int = number()
    period_end_s: int | None = number(optional=True)
    used: int = number()
    buckets: bytes = octets()
    as_of_s: int = number()


class QuotaRoots(Stored, table=True):
    """Every name that a quota was ever published under, with the root that its balances are kept by."""

    __tablename__ = "quota_roots"
    __table_args__ = (CLUSTERED,)

    name: str = words(key=True)
    root: str = words()


class QuotaIdentities(Stored, table=True):
    """What made the budgets of a lineage the same budgets: a row for each edit that changed it, numbered from 0."""

    __tablename__ = "quota_identities"
    __table_args__ = (CLUSTERED,)

    root: str = words(key=True)
    sequence: int = number(key=True)
    at_ms: int = number()
    unit: str = words()
    counts: str = words()
    per: str = words()
    period: str = words()


class QuotaTerms(Stored, table=True):
    """What a lineage's budgets were kept by: a row for each edit that changed any of it, numbered from 0."""

    __tablename__ = "quota_terms"
    __table_args__ = (CLUSTERED,)

    root: str = words(key=True)
    sequence: int = number(key=True)
    at_ms: int = number()
    digest: bytes = octets()
    record: bytes = octets()


BUDGETS = table(Budgets)
QUOTA_ROOTS = table(QuotaRoots)
QUOTA_IDENTITIES = table(QuotaIdentities)
QUOTA_TERMS = table(QuotaTerms)
