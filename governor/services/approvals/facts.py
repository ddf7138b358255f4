"""Everything that whoever decides about a request should know, put together as of now."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from governor.core.approvals.asking import asking
from governor.core.approvals.facts import BudgetNow, CaseFacts, Cheaper, Granted, Past
from governor.core.approvals.request import GRANTED_STATES, ExceptionRequest, State
from governor.core.decisions.grant_budgets import money_budget
from governor.core.errors import InvalidRequestError
from governor.core.grants import Grant
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.port import Ledger
from governor.core.policy.organization import Organization
from governor.core.prices import held_nano_usd
from governor.services.approvals.counted import granted_before
from governor.services.approvals.desk import Desk, grant_of
from governor.services.approvals.read import Case, read_case
from governor.services.approvals.refused import RefusalReader
from governor.services.budgets import BudgetReader
from governor.services.entitlements import EntitlementReader
from governor.store.approvals import RequestFilter, read_requests
from governor.store.forecasts import read_latest_forecasts
from governor.store.usage_sums import UsageFilter, read_usage_sums

USED_SINCE = timedelta(days=28)
MIX = (3_000, 1_000)
"""Input and output tokens by which models are compared where nothing was used yet."""

WORTH_NAMING_PERCENT = 90
"""A model that costs more than this part of the other is no cheaper way."""


class FactFinder:
    """Puts together what is known about a request.

    Args:
        desk: Where requests are kept.
        budgets: What is used.
        entitlements: What people may use already.
        refusals: What was refused.
        ledger: What grants have spent.
    """

    def __init__(
        self,
        desk: Desk,
        budgets: BudgetReader,
        entitlements: EntitlementReader,
        refusals: RefusalReader,
        *,
        ledger: Ledger,
    ) -> None:
        self._desk = desk
        self._budgets = budgets
        self._entitlements = entitlements
        self._refusals = refusals
        self._ledger = ledger

    async def about(self, request_id: str, now: datetime) -> CaseFacts:
        """Return everything about a request as of now.

        Raises:
            NotFoundError: If there is none with this id.
        """
        return await self.of(await read_case(self._desk, request_id, now), now)

    async def of(self, case: Case, now: datetime) -> CaseFacts:
        """Return everything about a request that was read as of now."""
        request = case.request
        granted, past = await self._desk.database.read(lambda connection: self._history(connection, request, now))
        return CaseFacts(
            request=request,
            state=request.state_at(now),
            now=now,
            approvers=case.electorate.people,
            budgets=await self._lifted(request, now),
            granted=granted,
            past=past,
            people=_people(self._desk.snapshots.current.organization, request, now),
            refused=await self._refusals.count(request.scope, request.home.department, request.lifts, now),
            cheaper=await self._cheaper(request, now),
            spent_nano_usd=await self._spent(case, now),
            acting=self._acting(request, now),
        )

    def _history(self, connection: Connection, request: ExceptionRequest, now: datetime) -> tuple[Granted, Past]:
        snapshot = self._desk.snapshots.current
        granted = granted_before(connection, snapshot, request.scope, request.lifts, now, without=request.id)
        return granted, _past(connection, request, now)

    async def _lifted(self, request: ExceptionRequest, now: datetime) -> list[BudgetNow]:
        """Return the lifted quotas as they are for whom the request is, with what is forecast of them."""
        snapshot = self._desk.snapshots.current
        try:
            attributes = asking(snapshot.organization, request.scope, request.asked_by, now).attributes
        except (InvalidRequestError, KeyError):
            # Whoever it was for is not there any more.
            return []
        quotas = [snapshot.quota(ref.removeprefix("Quota/")) for ref in request.lifts if ref.startswith("Quota/")]
        wanted = [
            (quota, tuple((key, attributes[key]) for key in quota.per))
            for quota in quotas
            if quota is not None and all(key in attributes for key in quota.per)
        ]
        views = await self._budgets.views(wanted, now)
        digests = [view.budget.digest for view in views]
        forecasts = await self._desk.database.read(lambda connection: read_latest_forecasts(connection, digests))
        return [BudgetNow(view, forecasts.get(view.budget.digest)) for view in views]

    async def _cheaper(self, request: ExceptionRequest, now: datetime) -> Cheaper | None:
        """Return the cheapest model that is allowed already, if it is cheaper than what would be used."""
        snapshot = self._desk.snapshots.current
        since = UsageFilter(int((now - USED_SINCE).timestamp()), int(now.timestamp()), dict(request.scope))
        used = await self._desk.database.read(lambda connection: _used(connection, since))
        than = request.terms.models[0] if request.terms.models else max(used, key=lambda one: used[one], default="")
        if not than:
            return None
        compared = held_nano_usd(price, *MIX) if (price := snapshot.price(than, "", now)) is not None else None
        entitled = await self._entitlements.of(request.asked_for or request.asked_by, now)
        default = snapshot.organization.default_environment
        models = [model.model for one in entitled.environments if one.environment == default for model in one.models]
        costs: dict[str, int] = {}
        for model in models:
            price = snapshot.price(model, "", now)
            cost = held_nano_usd(price, *MIX) if price is not None else None
            if cost is not None and model != than:
                costs[model] = cost
        if not compared or not costs:
            return None
        cheapest = min(costs, key=lambda model: (costs[model], model))
        percent = costs[cheapest] * 100 // compared
        return Cheaper(cheapest, than, percent) if percent <= WORTH_NAMING_PERCENT else None

    def _acting(self, request: ExceptionRequest, now: datetime) -> list[Grant]:
        """Return the grants that act for the same and lift the same, without this request's own."""
        return [
            grant
            for grant in self._desk.snapshots.current.grants.all
            if grant.id != request.id
            and grant.scope == request.scope
            and not set(grant.lifts).isdisjoint(request.lifts)
            and grant.starts_at <= now < grant.ends_at
        ]

    async def _spent(self, case: Case, now: datetime) -> int:
        if case.request.state not in GRANTED_STATES:
            return 0
        digest = money_budget(grant_of(case.request, now)).digest
        return (await self._ledger.balances([digest])).get(digest, EMPTY).used


def _people(organization: Organization, request: ExceptionRequest, now: datetime) -> int | None:
    [(key, name)] = request.scope
    if key == "user":
        return 1
    if key != "team":
        return None
    active = (person for person in organization.people.values() if person.is_active(now))
    return sum(name in {person.placement(now).team, *person.teams} for person in active)


def _past(connection: Connection, request: ExceptionRequest, now: datetime) -> Past:
    before = [
        one
        for one in read_requests(connection, RequestFilter(requester=request.asked_by), 500)
        if one.id != request.id and now - timedelta(days=365) <= one.created_at <= request.created_at
    ]
    granted = [one for one in before if one.state in GRANTED_STATES]
    refused = sum(one.state is State.DENIED for one in before)
    return Past(len(before), len(granted), refused, sum(one.terms.amount_nano_usd for one in granted))


def _used(connection: Connection, wanted: UsageFilter) -> dict[str, int]:
    rows = read_usage_sums(connection, wanted, ("model",), hourly=False)
    return {keys[0]: sums[0] for _, keys, sums in rows}
