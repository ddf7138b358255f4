"""What a candidate takes from each budget on its path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from governor.core.decisions.budget_keys import BudgetKeys, scope_of
from governor.core.ledger.commands import Hold
from governor.core.money import bounded
from governor.core.policy.applicable import AppliedQuota
from governor.core.policy.kinds import Quota
from governor.core.units import Counts, Unit


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a request is held for: tokens of all answers, nano-USD (None: unknown), and the number of calls."""

    input_tokens: int
    output_tokens: int
    cost_nano_usd: int | None
    requests: int


def hold_amount(quota: Quota, amounts: Amounts) -> int:
    """Return what a quota holds, in its unit; money whose price is unknown holds nothing, because it is refused.

    ``output`` and ``reasoning`` both hold the output estimate: how much of it is reasoning is known only afterwards.
    """
    match quota.unit:
        case Unit.USD:
            return amounts.cost_nano_usd or 0
        case Unit.REQUESTS:
            return amounts.requests
        case Unit.CONCURRENT:
            return 1
        case Unit.TOKENS:
            match quota.counts:
                case Counts.INPUT:
                    return bounded(amounts.input_tokens)
                case Counts.OUTPUT | Counts.REASONING:
                    return bounded(amounts.output_tokens)
                case Counts.ALL:
                    return bounded(amounts.input_tokens + amounts.output_tokens)


def make_holds(
    quotas: Sequence[AppliedQuota],
    attributes: Mapping[str, str],
    amounts: Amounts,
    keys: BudgetKeys,
    *,
    now: datetime,
    now_s: float,
) -> tuple[Hold, ...]:
    """Return one hold for each quota, in order.

    Raises:
        AmountError: If an amount does not fit 64 bits.
    """
    holds: list[Hold] = []
    for applied in quotas:
        quota = applied.quota
        key = keys.find(quota, scope_of(quota, attributes), now, now_s)
        holds.append(
            Hold(
                key,
                hold_amount(quota, amounts),
                applied.limit,
                applied.ceiling,
                applied.must_fit,
                quota.counts,
                quota.charge_on_expiry,
            )
        )
    return tuple(holds)
