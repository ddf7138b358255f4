"""Tie the quotas of a policy version to the balances that they continue."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from governor.core.decisions.snapshot import PolicySet
from governor.core.policy.lineage import trace
from governor.store.database import Database
from governor.store.quota_roots import read_quota_roots, write_quota_roots

NAMES_AT_ONCE = 1_000
"""Names written in one transaction: 100,000 of them must not keep decisions waiting for the database."""


async def trace_quotas(database: Database, policies: PolicySet, *, publish: bool) -> PolicySet:
    """Give every quota the root of its balances.

    Args:
        database: Remembers the names of all versions that were published.
        policies: As compiled.
        publish: Whether this version is going to decide: then its names are remembered.
    """
    headers = [quota.header for quota in policies.quotas]
    names = {name for header in headers if header.formerly for name in (header.name, *header.formerly)}
    remembered = await database.read(partial(read_quota_roots, names=names))
    lineage = trace(policies.quotas, remembered, policies.version)
    if publish:
        await _remember(database, lineage.roots)
    return replace(policies, quotas=lineage.quotas)


async def _remember(database: Database, roots: Mapping[str, str]) -> None:
    pairs = sorted(roots.items())
    for start in range(0, len(pairs), NAMES_AT_ONCE):
        some = dict(pairs[start : start + NAMES_AT_ONCE])
        await database.write(partial(write_quota_roots, roots=some))
