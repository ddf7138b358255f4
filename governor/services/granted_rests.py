"""What grants would still pay for a budget, beside what the budget has free: a grant is a budget of its own."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from governor.core.decisions.decision import BudgetView
from governor.core.decisions.grant_budgets import money_budget, unit_budget
from governor.core.decisions.snapshot import Snapshot
from governor.core.grants import Grant, GrantedRest, GrantKind, in_drawing_order
from governor.core.ledger.budget import EMPTY, Balance
from governor.core.ledger.port import Ledger
from governor.core.policy.header import Header
from governor.core.policy.match import concerns
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.units import Unit, amount_text

Balances = Mapping[bytes, Balance]


async def granted_rests(
    snapshot: Snapshot, ledger: Ledger, views: Sequence[BudgetView], grants: Sequence[Grant], at: datetime
) -> list[list[GrantedRest]]:
    """Return, for each budget, the grants that pay for requests of its scope, in the order in which they are drawn on.

    Args:
        snapshot: Which policies may be lifted, and who is in which team.
        ledger: What grants have paid.
        views: The budgets.
        grants: Those that act.
        at: The instant.
    """
    paying = [grant for grant in in_drawing_order(grants) if grant.kind is GrantKind.BUDGET]
    digests = [
        digest
        for grant in paying
        for digest in (money_budget(grant).digest, *(unit_budget(grant, one).digest for one in grant.amounts))
    ]
    if not paying:
        return [[] for _ in views]
    balances = await ledger.balances(digests)
    # Many budgets and many grants are many pairs: decisions must not wait for them.
    return await asyncio.to_thread(_rests, snapshot, views, paying, balances, at)


def _rests(
    snapshot: Snapshot, views: Sequence[BudgetView], paying: Sequence[Grant], balances: Balances, at: datetime
) -> list[list[GrantedRest]]:
    organization = snapshot.organization
    reach = {grant.id: scope_attributes(grant.scope, organization, at) for grant in paying}
    lifting = {
        header.ref: [grant for grant in paying if grant.lifts_policy(header)] for header in snapshot.policies.headers
    }
    headers = {header.ref: header for header in snapshot.policies.headers}
    rests: list[list[GrantedRest]] = []
    for view in views:
        header = headers.get(view.budget.policy)
        if header is None or not lifting[header.ref]:
            rests.append([])
            continue
        served = scope_attributes(view.budget.scope, organization, at)
        serving = [grant for grant in lifting[header.ref] if _serves(header, reach[grant.id], served)]
        rests.append([rest for grant in serving for rest in _rest(grant, header, view, balances)])
    return rests


def rest_wire(rest: GrantedRest) -> dict[str, Any]:
    """Return what a grant has left for a budget; instants are left to the encoder."""
    return {
        "id": rest.grant.id,
        "scope": dict(rest.grant.scope),
        "left": amount_text(rest.left, rest.unit),
        "ends_at": rest.grant.ends_at,
    }


def _serves(header: Header, reach: Mapping[str, str], served: Mapping[str, str]) -> bool:
    """Tell whether there can be a request that draws on the budget and that the grant is for."""
    apart = any(served[key] != value for key, value in reach.items() if key in served)
    return not apart and concerns(header, {**served, **reach})


def _rest(grant: Grant, header: Header, view: BudgetView, balances: Balances) -> Iterator[GrantedRest]:
    """Yield what a grant has left, unless that is nothing: every grant is metered in money, whatever a quota counts."""
    unit = view.budget.unit
    money = grant.amount_nano_usd - balances.get(money_budget(grant).digest, EMPTY).taken
    left = money
    if unit is not Unit.USD:
        lifted = grant.amount_of(header, unit)
        if lifted is None:
            return
        left = lifted.amount - balances.get(unit_budget(grant, lifted).digest, EMPTY).taken
    if left > 0 and money > 0:
        yield GrantedRest(grant, left, unit)
