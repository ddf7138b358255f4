"""Tie the quotas of a policy version to their past: the balances that they continue, what was said of them before.

The names of use cases are remembered with those of quotas: balances are kept for each.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial

from governor.core.decisions.snapshot import PolicySet
from governor.core.policy.lineage import trace
from governor.core.policy.use_case_lineage import former_names, trace_use_cases, use_case_ref, with_use_cases
from governor.core.policy_changes.renewals import reigns_begun, renewed
from governor.services.trace_terms import in_parts, trace_terms
from governor.store.database import Database
from governor.store.quota_identities import read_reigns, write_reigns
from governor.store.quota_roots import read_quota_roots, write_quota_roots


async def trace_quotas(database: Database, policies: PolicySet, now: datetime, *, publish: bool) -> PolicySet:
    """Give every quota the root of its balances and its former terms, and tell whether an edit made it begin anew.

    Use cases get all of their former names, also those that ``formerly`` says no more.

    Args:
        database: Remembers the names and the identities of all versions that were published.
        policies: As compiled.
        now: When edits of this version take effect that no other worker has published yet.
        publish: Whether this version is going to decide: then its names and identities are remembered.
    """
    organization = policies.organization
    use_cases = organization.use_cases.values()
    headers = [quota.header for quota in policies.quotas]
    names = {name for header in headers if header.formerly for name in (header.name, *header.formerly)}
    names.update(use_case_ref(name) for each in use_cases for name in (each.name, *each.header.formerly))
    remembered = await database.read(partial(read_quota_roots, names=names))
    # With 100,000 quotas each of these steps takes a while: in threads, so that decisions go on.
    lineage = await asyncio.to_thread(trace, policies.quotas, remembered, policies.version)
    named = {**lineage.roots, **trace_use_cases(use_cases, remembered, policies.version)}
    roots = {**remembered, **named}
    former = former_names(organization.use_cases, roots)
    reigns = await database.read(read_reigns)
    begun = await asyncio.to_thread(reigns_begun, lineage.quotas, reigns, now)
    if publish:
        for part in in_parts(named):
            await database.write(partial(write_quota_roots, roots=part))
    while publish and begun:
        for beginning in in_parts({root: (len(reigns.get(root, ())), reign) for root, reign in begun.items()}):
            await database.write(partial(write_reigns, reigns=beginning))
        # Another worker may have been faster: of one version all say the same instant, and another one's comes before.
        reigns = await database.read(read_reigns)
        begun = await asyncio.to_thread(reigns_begun, lineage.quotas, reigns, now)
    for root, reign in begun.items():
        reigns.setdefault(root, []).append(reign)
    quotas = await trace_terms(database, lineage.quotas, now, publish=publish)
    quotas = await asyncio.to_thread(with_use_cases, quotas, roots, former)
    quotas = await asyncio.to_thread(renewed, quotas, reigns)
    return replace(policies, organization=replace(organization, former_use_cases=former), quotas=quotas)
