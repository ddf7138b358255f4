"""A grant's counters in the ledger: what it pays for is held and settled like a budget."""

from datetime import datetime
from functools import lru_cache

from governor.core.grants import GRANT_PREFIX, Grant, UnitAmount
from governor.core.ledger.budget import BudgetKey, budget_digest
from governor.core.ledger.ceilings import CeilingRule, HoldTerms
from governor.core.ledger.commands import Hold
from governor.core.scopes import Scope
from governor.core.units import Counts, Unit

MEMO_SIZE_MAX = 10_000
"""Budgets of grants that are remembered: the same for every request that may draw on them."""


def money_budget(grant: Grant) -> BudgetKey:
    """Return the budget of everything that a grant pays for; every kind of grant has it, and it ends with it."""
    return _budget(grant, "", Unit.USD)


def unit_budget(grant: Grant, lifted: UnitAmount) -> BudgetKey:
    """Return the budget of what a grant gives of a quota that does not count money, in the quota's unit."""
    return _budget(grant, f"{lifted.policy}\x1d{lifted.unit}", lifted.unit)


def revocation_marker(grant: Grant) -> BudgetKey:
    """Return the counter that closes a grant's budgets once it is used: see ``store.grants.revoke_grant``."""
    return _budget(grant, "revoked", Unit.REQUESTS)


def grant_terms(grant: Grant, own: BudgetKey, amount: int, counts: Counts, *, charge_on_expiry: bool) -> HoldTerms:
    """Return the terms on which one of a grant's budgets is drawn on: up to its amount, and not once it is revoked."""
    return _terms(own.digest, revocation_marker(grant).digest, amount, counts, charge_on_expiry)


@lru_cache(maxsize=MEMO_SIZE_MAX)
def _terms(own: bytes, marker: bytes, amount: int, counts: Counts, charge_on_expiry: bool) -> HoldTerms:
    return HoldTerms(
        limit=amount,
        ceiling=None,
        must_fit=True,
        counts=counts,
        charge_on_expiry=charge_on_expiry,
        rule=CeilingRule(own, amount, closed_by=marker),
    )


def money_hold(grant: Grant, amount: int, *, charge_on_expiry: bool) -> Hold:
    """Return what a grant holds that pays an amount of money."""
    budget = money_budget(grant)
    terms = grant_terms(grant, budget, grant.amount_nano_usd, Counts.ALL, charge_on_expiry=charge_on_expiry)
    return Hold(budget, amount, terms)


def _budget(grant: Grant, part: str, unit: Unit) -> BudgetKey:
    return _key(grant.id, part, unit, grant.scope, (grant.starts_at, grant.ends_at))


@lru_cache(maxsize=MEMO_SIZE_MAX)
def _key(grant_id: str, part: str, unit: Unit, scope: Scope, time: tuple[datetime, datetime]) -> BudgetKey:
    # Begin and end are no part of the identity: a grant that is prolonged keeps what it has paid.
    digest = budget_digest(f"grant\x1d{grant_id}\x1d{part}", (), 0)
    starts_s, ends_s = (int(at.timestamp()) for at in time)
    return BudgetKey(digest, f"{GRANT_PREFIX}{grant_id}", scope, unit, starts_s, ends_s)
