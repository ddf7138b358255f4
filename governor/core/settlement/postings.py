"""Which budgets an event charges, and with how much."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from governor.core.decisions.draws import Draw, DrawContext, Part, draws_of
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.commands import Posting
from governor.core.ledger.entry import ChargedBudget
from governor.core.ledger.reservation import HeldBudget
from governor.core.policy.kinds import Quota
from governor.core.units import Counts, Unit
from governor.core.usage import Usage
from governor.core.values import hot_value

OF_THE_MODEL = frozenset({"model", "provider"})


@hot_value
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


@hot_value
class Target:
    """A budget that an event charges; ``key`` is there if its counter may have to be created."""

    charged: ChargedBudget
    key: BudgetKey | None = None

    def posting(self, actual: Actual) -> Posting:
        """Return what the budget is charged."""
        charged = self.charged
        return Posting(charged.budget, actual.amount(charged.unit, charged.counts), self.key)


def held_postings(holds: Sequence[HeldBudget], actual: Actual) -> tuple[Posting, ...]:
    """Charge exactly the reserved budgets with what was held; a slot is only given back."""
    return tuple(
        Posting(held.budget, held.amount if held.unit is not Unit.CONCURRENT else actual.amount(held.unit, held.counts))
        for held in holds
    )


def reserved_targets(holds: Sequence[HeldBudget]) -> tuple[Target, ...]:
    """Return the reserved budgets: they are charged whatever model is used in the end."""
    return tuple(Target(ChargedBudget(held.budget, held.unit, held.counts, of_model=False)) for held in holds)


def quota_targets(
    snapshot: Snapshot, attributes: Mapping[str, str], now: datetime, booked_at: datetime
) -> tuple[Target, ...]:
    """Return the budgets of the quotas in force at ``now`` that concern the attributes, in ``booked_at``'s period."""
    return tuple(_target(draw) for draws in _draws(snapshot, attributes, now, booked_at) for draw in draws)


def own_targets(
    snapshot: Snapshot,
    attributes: Mapping[str, str],
    now: datetime,
    booked_at: datetime,
    others: Sequence[Target],
    *,
    decided: Mapping[str, str] | None = None,
) -> tuple[Target, ...]:
    """Return the budgets, and shares, of the model or the provider that was really used, beside the others.

    Args:
        snapshot: The quotas.
        attributes: Of what was used.
        now: The instant at which quotas must be in force.
        booked_at: The instant that fixes their periods.
        others: What is charged anyway.
        decided: Of the request that was decided, or None. A budget on which that one drew has been settled with its
            holds: where it is not among them, a fund or a grant has paid.
    """
    charged = {target.charged.budget for target in others}
    known = set(charged)
    if decided is not None:
        known.update(draw.budget.digest for draws in _draws(snapshot, decided, now, booked_at) for draw in draws)
    own: list[Target] = []
    for whole, *parts in _draws(snapshot, attributes, now, booked_at):
        for draw in (whole, *parts):
            target = _target(draw)
            # A model's share follows its whole: where something else has paid for that, it is not counted here.
            counted = draw is whole or _reads_model(whole.applied.quota) or whole.budget.digest in charged
            if target.charged.of_model and counted and target.charged.budget not in known:
                own.append(target)
    return tuple(own)


def _draws(
    snapshot: Snapshot, attributes: Mapping[str, str], now: datetime, booked_at: datetime
) -> Iterator[tuple[Draw, ...]]:
    """Yield what each quota that concerns the attributes draws on."""
    context = DrawContext(snapshot.organization, snapshot.quota, booked_at)
    attributes = snapshot.organization.named_now(attributes)
    for quota in snapshot.applicable.find(attributes, now).quotas:
        yield draws_of(quota, attributes, context)


def _target(draw: Draw) -> Target:
    quota, key = draw.applied.quota, draw.budget
    share = quota.max_share if draw.part is Part.SHARE else None
    of_model = _reads_model(quota) or (share is not None and share.per in OF_THE_MODEL)
    return Target(ChargedBudget(key.digest, quota.unit, quota.counts, of_model), key)


def _reads_model(quota: Quota) -> bool:
    """Tell whether a quota is about models: by what it selects, by what it takes out, or by its scope."""
    header = quota.header
    terms = (*header.applies_to.terms, *(header.excluded.terms if header.excluded is not None else ()))
    return bool(OF_THE_MODEL & ({key for key, _ in terms} | set(quota.per)))
