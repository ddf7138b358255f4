"""What a batch of commands changed: what the SQL ledger writes back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from governor.core.ledger.entry import Entry, RollupKey, RollupPosting
from governor.core.ledger.reservation import Reservation
from governor.core.usage import Usage

CLAIM_KEPT_S = 24 * 3600
"""How long an idempotency key is remembered; a request that comes later under the same key is a new one."""

ROLLUP_SUMS = (
    "requests",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_nano_usd",
)
"""The sums of an hourly rollup, in the order of ``RollupPosting.amounts``."""

UNPRICED = "(unpriced)"
"""Among the units of an hour: events whose price is unknown. No unit has such a name."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A used idempotency key: which decision answered it, the body's digest, and when by the ledger's clock."""

    decision_id: bytes
    body_digest: bytes
    at_ms: int

    def is_kept(self, now_s: float) -> bool:
        """Tell whether the key is still remembered at an instant, whether or not its row was dropped."""
        return self.at_ms + CLAIM_KEPT_S * 1000 > int(now_s * 1000)


@dataclass(slots=True)
class Changes:
    """What a batch changed. Claims and reservations by their keys; a reservation is either placed or moved."""

    counters: set[bytes] = field(default_factory=set)
    claims: dict[bytes, Claim] = field(default_factory=dict)
    placed: dict[bytes, Reservation] = field(default_factory=dict)
    moved: dict[bytes, Reservation] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    rollups: dict[RollupKey, list[int]] = field(default_factory=dict)
    units: dict[tuple[RollupKey, str], int] = field(default_factory=dict)

    def roll_up(self, postings: tuple[RollupPosting, ...]) -> None:
        """Add to the hourly sums."""
        for posting in postings:
            sums = self.rollups.setdefault(posting.key, [0] * len(ROLLUP_SUMS))
            for index, amount in enumerate(posting.amounts):
                sums[index] += amount
            for unit, amount in posting.units:
                self.units[posting.key, unit] = self.units.get((posting.key, unit), 0) + amount


def rollup_amounts(usage: Usage, cost_nano_usd: int, requests: int) -> tuple[int, ...]:
    """Return what these counts add to an hourly rollup, in the order of ``ROLLUP_SUMS``."""
    return (
        requests,
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        cost_nano_usd,
    )


def rollup_units(usage: Usage, *, unpriced: bool) -> dict[str, int]:
    """Return what an event has in units, with itself if its price is unknown; most events have neither."""
    return {**usage.units, UNPRICED: 1} if unpriced else dict(usage.units)


def posted_units(postings: Iterable[RollupPosting], key: RollupKey) -> dict[str, int]:
    """Return what was added to the units of one hour: nothing by entries from before units were summed up."""
    posted: dict[str, int] = {}
    for posting in postings:
        for unit, amount in posting.units if posting.key == key else ():
            posted[unit] = posted.get(unit, 0) + amount
    return posted


def units_between(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return what has to be added to units."""
    added = ((unit, after.get(unit, 0) - before.get(unit, 0)) for unit in dict.fromkeys((*before, *after)))
    return tuple((unit, amount) for unit, amount in added if amount)
