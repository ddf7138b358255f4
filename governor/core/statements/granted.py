"""What exceptions paid for beside a budget in its period."""

from collections.abc import Callable, Iterable
from datetime import datetime

from governor.core.decisions.grant_budgets import money_budget
from governor.core.grants import Grant
from governor.core.ledger.budget import BudgetKey
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Organization
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.scopes import Scope
from governor.core.statements.statement import GRANTED, Booking, Part


def granted_parts(
    grants: Iterable[Grant],
    quota: Quota,
    key: BudgetKey,
    organization: Organization,
    *,
    at: datetime,
    booked: Callable[[bytes], Iterable[Booking]],
) -> tuple[Part, ...]:
    """Return what grants that lift a quota paid in a budget's period, in nano-USD, the largest first.

    Args:
        grants: Those that acted in the period.
        quota: Whose budget it is.
        key: The budget.
        organization: Tells whether a grant is for somebody of the budget's scope.
        at: An instant of the period.
        booked: What was booked on a counter.
    """
    parts = []
    for grant in grants:
        if not pays_beside(grant, quota, key.scope, organization, at):
            continue
        paid = [one for one in booked(money_budget(grant).digest) if _in_period(one, key)]
        amount, requests = sum(one.amount for one in paid), sum(one.requests for one in paid)
        if amount or requests:
            parts.append(Part(grant.ref, amount, requests))
    return tuple(sorted(parts, key=lambda part: (-part.amount, part.name)))


def pays_beside(grant: Grant, quota: Quota, scope: Scope, organization: Organization, at: datetime) -> bool:
    """Tell whether a grant lifts a quota and is for somebody of a scope, as far as that is known."""
    attributes = scope_attributes(grant.scope, organization, at)
    return grant.names(quota.header) and all(attributes.get(name, value) == value for name, value in scope)


def _in_period(booking: Booking, key: BudgetKey) -> bool:
    word, _, hour = booking.kind.partition(" ")
    return word == GRANTED and key.period_start_s <= int(hour) < (key.period_end_s or 0)
