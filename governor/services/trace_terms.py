"""Tie the quotas of a policy version to what they said before, so that periods that are over keep their limits."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import TypeVar

from governor.core.policy.kinds import Quota
from governor.core.policy_changes.former_terms import with_former_terms
from governor.store.database import Database
from governor.store.quota_terms import Last, digest_of, encode_terms, read_last_terms, read_terms, write_terms

T = TypeVar("T")

ROWS_AT_ONCE = 1_000
"""Rows written in one transaction: 100,000 of them must not keep decisions waiting for the database."""

_NOTHING = Last(0, b"")


async def trace_terms(
    database: Database, quotas: Sequence[Quota], now: datetime, *, publish: bool
) -> tuple[Quota, ...]:
    """Give every quota what it said before.

    Args:
        database: Remembers what was said by all versions that were published.
        quotas: With their roots.
        now: When edits of this version take effect that no other worker has published yet.
        publish: Whether this version is going to decide: then what it says is remembered.
    """
    records = await asyncio.to_thread(lambda: {quota.root: encode_terms(quota) for quota in quotas})
    known = await database.read(read_last_terms)
    new = _new(records, known)
    # A worker of another version may write at the same instant: whoever comes second writes behind it.
    while publish and new:
        for some in in_parts(new):
            await database.write(partial(write_terms, terms=some, now=now))
        known = await database.read(read_last_terms)
        new = _new(records, known)
    edited = [root for root in records if root in new or known[root].count > 1]
    said = await database.read(partial(read_terms, roots=edited))
    return tuple(
        with_former_terms(quota, [*said.get(quota.root, ()), *([(now, quota)] if quota.root in new else ())])
        for quota in quotas
    )


def in_parts(rows: Mapping[str, T]) -> Iterator[dict[str, T]]:
    """Yield rows by the number that is written at once."""
    pairs = sorted(rows.items(), key=itemgetter(0))
    for start in range(0, len(pairs), ROWS_AT_ONCE):
        yield dict(pairs[start : start + ROWS_AT_ONCE])


def _new(records: Mapping[str, bytes], known: Mapping[str, Last]) -> dict[str, tuple[int, bytes]]:
    """Return the records that are not what was said last, each with the number of its row."""
    return {
        root: (known.get(root, _NOTHING).count, record)
        for root, record in records.items()
        if known.get(root, _NOTHING).digest != digest_of(record)
    }
