"""Draws made once for all who draw alike: the company's budget is everybody's, and a team's that of all its people.

What a quota draws on follows from the few attributes that it reads, and stays the same until a period ends or a policy
or a placement begins or ends.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import inf

from governor.core.decisions.draws import Draw, DrawContext, draws_of, is_capped, moved_draws
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Organization
from governor.core.values import hot_value

DRAWS_MAX = 50_000
"""Quotas and scopes remembered; past it the memory starts anew, so that it stays bounded."""

_Key = tuple[str | bool | None, ...]


@hot_value
class Drawn:
    """What a request draws on by one quota.

    Attributes:
        quota: As it is now; draws of a period that is over have the terms of then.
        draws: The quota's budget, followed by its parts.
        from_s: First instant at which these are the present ones, in Unix seconds.
        until_s: First instant at which one of them no longer is: its period ends.
    """

    quota: Quota
    draws: tuple[Draw, ...]
    from_s: float
    until_s: float


@hot_value
class _Epoch:
    """The draws of a stretch of time (Unix seconds, half-open) in which no policy, limit or placement changes."""

    from_s: float
    until_s: float
    known: dict[_Key, Drawn]


class DrawMemory:
    """Finds what requests draw on, and remembers it. Safe between threads: at worst something is made twice.

    Args:
        organization: What limits of scopes follow from.
        quota: Finds a quota by name (a fund), or None.
        epoch: Returns the stretch of time around an instant in which nothing begins or ends.
    """

    __slots__ = ("_epoch", "_epoch_at", "_quota", "_reads", "organization")

    def __init__(
        self,
        organization: Organization,
        quota: Callable[[str], Quota | None],
        epoch: Callable[[datetime], tuple[float, float]],
    ) -> None:
        self.organization = organization
        self._quota = quota
        self._epoch_at = epoch
        self._epoch = _Epoch(inf, -inf, {})
        self._reads: dict[str, tuple[str, ...]] = {}

    def find(
        self, quotas: Sequence[Quota], attributes: Mapping[str, str], now: datetime, *, downgrades: bool
    ) -> list[Drawn]:
        """Return what a request draws on by each of these quotas; ``downgrades`` is as in ``DrawContext``."""
        now_s = now.timestamp()
        known = self._known(now, now_s)
        found: list[Drawn] = []
        for quota in quotas:
            key = self._key(quota, attributes, downgrades=downgrades)
            drawn = known.get(key)
            if drawn is None or not drawn.from_s <= now_s < drawn.until_s:
                draws = moved_draws(drawn.draws, now) if drawn is not None else None
                if draws is None:
                    draws = draws_of(quota, attributes, DrawContext(self.organization, self._quota, now, downgrades))
                drawn = known[key] = Drawn(quota, draws, *_stretch(draws))
            found.append(drawn)
        return found

    def renew(
        self, drawn: Sequence[Drawn], attributes: Mapping[str, str], now: datetime, *, downgrades: bool
    ) -> list[Drawn]:
        """Return what the same request draws on at another instant of the epoch: most periods go on."""
        now_s = now.timestamp()
        return [
            each
            if each.from_s <= now_s < each.until_s
            else self.find((each.quota,), attributes, now, downgrades=downgrades)[0]
            for each in drawn
        ]

    def _known(self, now: datetime, now_s: float) -> dict[_Key, Drawn]:
        epoch = self._epoch
        if not epoch.from_s <= now_s < epoch.until_s or len(epoch.known) >= DRAWS_MAX:
            # Swapped as a whole: who still looks at the former one only makes what others make too.
            epoch = self._epoch = _Epoch(*self._epoch_at(now), {})
        return epoch.known

    def _key(self, quota: Quota, attributes: Mapping[str, str], *, downgrades: bool) -> _Key:
        """Return all that the draws of a quota follow from beside the time."""
        name = quota.header.name
        reads = self._reads.get(name)
        if reads is None:
            reads = self._reads[name] = tuple(self._read_by(quota))
        values = [attributes.get(key) for key in reads]
        if quota.downgrade is None and quota.overage is None:
            return (name, *values)
        fund = self._fund(quota)
        capped = is_capped(quota, attributes, downgrades=downgrades)
        return (name, capped, fund is not None and is_capped(fund, attributes, downgrades=downgrades), *values)

    def _read_by(self, quota: Quota) -> list[str]:
        """Return the attributes that make the scopes of a quota, its share and its fund."""
        fund = self._fund(quota)
        drawn_on = (quota,) if fund is None else (quota, fund)
        shares = [each.max_share.per for each in drawn_on if each.max_share is not None]
        return list(dict.fromkeys((*[key for each in drawn_on for key in each.per], *shares)))

    def _fund(self, quota: Quota) -> Quota | None:
        return self._quota(quota.overage.fund) if quota.overage is not None and quota.overage.fund else None


def _stretch(draws: Sequence[Draw]) -> tuple[float, float]:
    """Return the stretch of time in which no budget's period begins or ends."""
    from_s, until_s = -inf, inf
    for draw in draws:
        budget = draw.budget
        from_s = max(from_s, budget.period_start_s)
        if budget.period_end_s is not None:
            until_s = min(until_s, budget.period_end_s)
        if draw.instead:
            paying_from_s, paying_until_s = _stretch(draw.instead)
            from_s, until_s = max(from_s, paying_from_s), min(until_s, paying_until_s)
    return from_s, until_s
