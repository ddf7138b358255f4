"""Closing a budget for good: what is revoked is not drawn on any more, also by a worker that does not know it yet.

A closed budget is one whose marker has been used. The marker is a counter of its own beside it, so that what was paid
stays what it is, closing is an entry like all others, and ``verify`` recomputes it.
"""

from dataclasses import dataclass
from enum import StrEnum

from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.entry import Charge, Entry, EntryKind, RollupKey
from governor.core.ledger.working_set import WorkingSet
from governor.core.usage import Usage

GRANTS_SOURCE = "(grants)"
"""The source of closings; no client is called so, because a key's name has no brackets."""


@dataclass(frozen=True, slots=True)
class Close:
    """Use up a marker, so that the budgets whose ceilings follow from it have no room from now on.

    Attributes:
        entry_id: 16 bytes, time-ordered, made by the caller.
        event_id: What is closed: the same again changes nothing.
        marker: See ``CeilingRule.closed_by``.
        received_at_ms: The door's ``now``.
    """

    entry_id: bytes
    event_id: str
    marker: BudgetKey
    received_at_ms: int

    @property
    def source(self) -> str:
        """The source of its entry."""
        return GRANTS_SOURCE


class Closed(StrEnum):
    """The answer to ``Close``."""

    NOW = "closed"
    BEFORE = "closed_before"


def close(work: WorkingSet, command: Close) -> Closed:
    """Close a budget, once.

    Raises:
        UnhydratedError: If the marker's counter is missing.
    """
    if (GRANTS_SOURCE, command.event_id) in work.entries:
        return Closed.BEFORE
    work.require((command.marker,))
    entry = Entry(
        id=command.entry_id,
        kind=EntryKind.CLOSING,
        source=GRANTS_SOURCE,
        event_id=command.event_id,
        body_digest=b"",
        root_event_id=command.event_id,
        decision_id=None,
        received_at_ms=command.received_at_ms,
        occurred_at_ms=command.received_at_ms,
        model="",
        provider="",
        usage=Usage(),
        cost_nano_usd=0,
        requests=0,
        charges=(Charge(command.marker.digest, 1),),
        rollup=RollupKey(0),
        rolled=(),
        unpriced=False,
        estimated=False,
        result=b"",
    )
    work.touch(command.marker.digest).used += 1
    work.entries[entry.source, entry.event_id] = entry
    work.changes.entries.append(entry)
    return Closed.NOW
