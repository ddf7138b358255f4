"""Closing a period: its numbers, by the same rules that the ledger decides by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from governor.core.decisions.budget_keys import budget_key
from governor.core.decisions.draws import Draw, DrawContext, draws_of
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.budget import EMPTY, BudgetKey
from governor.core.ledger.ceilings import Lookup
from governor.core.money import AMOUNT_MAX, Rounding, divide
from governor.core.periods import last_instant
from governor.core.policy.kinds import Quota
from governor.core.scopes import Scope
from governor.core.statements.statement import NO_USAGE, Figures, Statement, Usage


@dataclass(frozen=True, slots=True)
class Closing:
    """A budget whose period is over, with what the policies say of it and of the one that follows.

    Attributes:
        quota: As it is today, or was at last if it is gone.
        key: The budget.
        draw: What a request in the period's last instant would have drawn on.
        following: The same in the first instant of the next period, or None where the quota ends with this one.
    """

    quota: Quota
    key: BudgetKey
    draw: Draw
    following: Draw | None

    def reads(self) -> tuple[bytes, ...]:
        """Return the budgets whose balances its figures follow from."""
        rules = [draw.terms.rule for draw in (self.draw, self.following) if draw is not None]
        return (self.key.digest, *(digest for rule in rules if rule is not None for digest in rule.reads()))

    def figures(self, lookup: Lookup, usage: Usage = NO_USAGE, limit: int | None = None) -> Figures:
        """Work out the numbers.

        Args:
            lookup: Balances now.
            usage: What was booked on the budget.
            limit: As stated before; None: as the policy says.
        """
        balance = lookup(self.key.digest) or EMPTY
        stated = self.draw.terms.limit if limit is None else limit
        carried_in = _carried(self.draw, lookup)
        over = max(0, balance.used - stated - carried_in)
        return Figures(
            limit=stated,
            carried_in=carried_in,
            used=balance.used,
            held=balance.held,
            over=over,
            surcharge=_surcharge(self.draw.applied.quota, over),
            carried_out=_carried(self.following, lookup),
            usage=usage,
        )


def closing_of(
    snapshot: Snapshot, quota: Quota, scope: Scope, start_at: datetime, *, gone: bool = False
) -> Closing | None:
    """Return the closing of the budget whose period begins at an instant, or None if none ends.

    Args:
        snapshot: The Organization, and other quotas.
        quota: As it is now, or was at last.
        scope: Whose budget.
        start_at: The instant.
        gone: Whether the quota is no longer there, so that nothing takes over what is left.
    """
    key = budget_key(quota, scope, start_at)
    if key.period_end_s is None:
        return None
    end_at = datetime.fromtimestamp(key.period_end_s, UTC)
    following = _draw(snapshot, quota, scope, end_at)
    taking_over = following.applied.quota
    carries = taking_over.rollover is not None and taking_over.header.in_force(end_at)
    draw = _draw(snapshot, quota, scope, last_instant(key.period_end_s))
    return Closing(quota, key, draw, following if carries and not gone else None)


def statement_of(closing: Closing, figures: Figures, policy_version: str, now: datetime) -> Statement:
    """Return the statement of a closing, as it is written at an instant."""
    key, header = closing.key, closing.quota.header
    assert key.period_end_s is not None, "only a period with an end is closed"
    return Statement(
        digest=key.digest,
        root=closing.quota.root or header.name,
        policy=header.ref,
        scope=key.scope,
        unit=key.unit,
        start_at=datetime.fromtimestamp(key.period_start_s, UTC),
        end_at=datetime.fromtimestamp(key.period_end_s, UTC),
        stated_at=now,
        policy_version=policy_version,
        figures=figures,
    )


def _draw(snapshot: Snapshot, quota: Quota, scope: Scope, at: datetime) -> Draw:
    attributes: Mapping[str, str] = dict(scope)
    context = DrawContext(snapshot.organization, snapshot.quota, at)
    return draws_of(quota, attributes, context)[0]


def _carried(draw: Draw | None, lookup: Lookup) -> int:
    rule = draw.terms.rule if draw is not None else None
    return rule.carried(lookup) if rule is not None else 0


def _surcharge(quota: Quota, over: int) -> int:
    percent = quota.overage.surcharge_percent if quota.overage is not None else 0
    return min(AMOUNT_MAX, divide(over * percent, 100, Rounding.HALF_UP)) if percent else 0
