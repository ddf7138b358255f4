"""A grant's counters in the ledger: what it has paid for is held and settled like a budget."""

from governor.core.grants import Grant, UnitAmount
from governor.core.ledger.budget import BudgetKey, budget_digest
from governor.core.units import Unit


def money_budget(grant: Grant) -> BudgetKey:
    """Return the budget of everything that a grant pays for; every kind of grant has it, and it ends with it."""
    return _budget(grant, "", Unit.USD)


def unit_budget(grant: Grant, lifted: UnitAmount) -> BudgetKey:
    """Return the budget of what a grant gives of a quota that does not count money, in the quota's unit."""
    return _budget(grant, f"{lifted.policy}\x1d{lifted.unit}", lifted.unit)


def _budget(grant: Grant, part: str, unit: Unit) -> BudgetKey:
    # Begin and end are no part of the identity: a grant that is prolonged keeps what it has paid.
    digest = budget_digest(f"grant\x1d{grant.id}\x1d{part}", (), 0)
    starts_s, ends_s = int(grant.starts_at.timestamp()), int(grant.ends_at.timestamp())
    return BudgetKey(digest, grant.ref, grant.scope, unit, starts_s, ends_s)
