"""Which budgets an event charges, and with how much."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from governor.core.decisions.budget_keys import budget_key, scope_of
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.commands import Posting
from governor.core.ledger.reservation import HeldBudget
from governor.core.policy.kinds import Quota
from governor.core.units import Counts, Unit
from governor.core.usage import Usage

_OF_THE_MODEL = frozenset({"model", "provider"})


@dataclass(frozen=True, slots=True)
class Actual:
    """What a call used: counts, nano-USD, and the number of calls that it stands for."""

    usage: Usage
    cost_nano_usd: int
    requests: int

    def amount(self, unit: Unit, counts: Counts) -> int:
        """Return what a budget of a unit is charged; concurrent requests are never used up."""
        match unit:
            case Unit.USD:
                return self.cost_nano_usd
            case Unit.TOKENS:
                return self.usage.tokens(counts)
            case Unit.REQUESTS:
                return self.requests
            case Unit.CONCURRENT:
                return 0


def reserved_postings(holds: Sequence[HeldBudget], actual: Actual, *, at_held: bool = False) -> tuple[Posting, ...]:
    """Charge exactly the reserved budgets, with the actual amounts or with what was held."""
    return tuple(
        Posting(
            held.budget,
            held.amount if at_held and held.unit is not Unit.CONCURRENT else actual.amount(held.unit, held.counts),
        )
        for held in holds
    )


def quota_postings(
    snapshot: Snapshot, attributes: Mapping[str, str], now: datetime, booked_at: datetime, actual: Actual
) -> tuple[Posting, ...]:
    """Charge the quotas in force at ``now`` that concern the attributes, in the period of ``booked_at``."""
    quotas = snapshot.applicable.find(attributes, now).quotas
    return tuple(_posting(quota, attributes, booked_at, actual) for quota in quotas)


def own_postings(
    snapshot: Snapshot,
    attributes: Mapping[str, str],
    booked_at: datetime,
    actual: Actual,
    reserved: Collection[bytes],
) -> tuple[Posting, ...]:
    """Charge the quotas of the model, or the provider, that was really used, where they were not reserved already."""
    quotas = snapshot.applicable.find(attributes, booked_at).quotas
    postings = (_posting(quota, attributes, booked_at, actual) for quota in quotas if _reads_model(quota))
    return tuple(posting for posting in postings if posting.budget not in reserved)


def _posting(quota: Quota, attributes: Mapping[str, str], at: datetime, actual: Actual) -> Posting:
    key = budget_key(quota, scope_of(quota, attributes), at)
    return Posting(key.digest, actual.amount(quota.unit, quota.counts), key)


def _reads_model(quota: Quota) -> bool:
    """Tell whether a quota is about models: by what it selects, by what it takes out, or by its scope."""
    header = quota.header
    terms = (*header.applies_to.terms, *(header.excluded.terms if header.excluded is not None else ()))
    return bool(_OF_THE_MODEL & ({key for key, _ in terms} | set(quota.per)))
