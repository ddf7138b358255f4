"""Everything that changes decisions arrives through here: an immutable value, swapped by one assignment."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from math import inf

from governor.core.decisions.blocks import NO_BLOCKS, Blocks
from governor.core.decisions.caller import Caller
from governor.core.decisions.draw_memory import DrawMemory
from governor.core.decisions.output_estimates import NO_ESTIMATES, OutputEstimates
from governor.core.decisions.prepare import Prepared, prepare, renew
from governor.core.decisions.request import DecideRequest
from governor.core.grants import NO_GRANTS, Grants
from governor.core.models import ModelCatalog, ModelLookup, ResolvedModel
from governor.core.policy.applicable import ApplicablePolicies
from governor.core.policy.approval_rule import ApprovalRule
from governor.core.policy.forecast_rule import ForecastRule
from governor.core.policy.header import Enforcement, Header
from governor.core.policy.kinds import ContextLimit, ModelAllowlist, Quota, Routing
from governor.core.policy.organization import Organization
from governor.core.prices import Price, PriceBook, PriceLookup


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Everything that a policy folder says, compiled: what the compiler makes. Picklable.

    Attributes:
        version: Digest of the folder's text (hex), or the commit.
        headers: The envelope of every document, for listings.
    """

    version: str
    organization: Organization
    catalog: ModelCatalog
    prices: PriceBook
    allowlists: Sequence[ModelAllowlist] = ()
    context_limits: Sequence[ContextLimit] = ()
    quotas: Sequence[Quota] = ()
    routings: Sequence[Routing] = ()
    approval_rules: Sequence[ApprovalRule] = ()
    forecast_rules: Sequence[ForecastRule] = ()
    headers: Sequence[Header] = ()


@dataclass(frozen=True, slots=True)
class Catalogues:
    """The external price catalogue, injected; both None when policies say ``catalogue: none``."""

    models: ModelLookup | None = None
    prices: PriceLookup | None = None


NO_CATALOGUES = Catalogues()
"""No external catalogue: only what the policies say."""

MODELS_MAX = 50_000
"""Model names remembered; past it the memory starts anew, so that it stays bounded."""

PRICES_MAX = 10_000
"""Prices remembered; fewer, because each minute brings new ones and only the latest are asked for again."""

PREPARED_MAX = 10_000
"""Questions remembered, at some kilobytes each; likewise."""


class Snapshot:
    """Policies, indexed, with the catalogues behind them. Immutable but for its memories, which only save time.

    Attributes:
        policies: What the compiler made.
        version: Its digest or commit: every decision names it.
        applicable: Finds the policies of a request.
        blocks: What is stopped at once, whatever policies say.
        grants: What was approved beyond the policies.
        estimates: How long answers have been, for quotas that hold what was learned.
        learns: Whether there is such a quota.
        on_trial: Policies that are not enforced, by name.
        draws: What requests draw on.
    """

    def __init__(self, policies: PolicySet, catalogues: Catalogues) -> None:
        self.policies = policies
        self.version = policies.version
        self.organization = policies.organization
        closed = {
            "department": sorted(_departments(policies.organization)),
            "team": sorted(_teams(policies.organization)),
        }
        self.applicable = ApplicablePolicies(
            policies.allowlists, policies.context_limits, policies.quotas, policies.routings, closed
        )
        self._quotas = {quota.header.name: quota for quota in policies.quotas}
        # Without a rule nobody can ask for an exception, and nobody looks.
        self._liftable = (
            {header.ref for header in policies.headers if header.exceptions_allowed}
            if policies.approval_rules
            else set()
        )
        self.on_trial = tuple(
            sorted(header.ref for header in policies.headers if header.enforcement is not Enforcement.ENFORCE)
        )
        self.blocks = NO_BLOCKS
        self.grants = NO_GRANTS
        self.estimates = NO_ESTIMATES
        self.learns = any(quota.learned for quota in policies.quotas)
        moments = {*self.applicable.epochs, *(at.timestamp() for at in _moves(policies.organization))}
        self._epochs = sorted(moments)
        self.draws = DrawMemory(policies.organization, self.quota, self.epoch)
        self._catalogues = catalogues
        self._models: dict[tuple[str, str], ResolvedModel] = {}
        self._prices: dict[tuple[str, str, int], Price | None] = {}
        self._prepared: dict[tuple[object, ...], Prepared] = {}

    @classmethod
    def build(cls, policies: PolicySet, catalogues: Catalogues) -> "Snapshot":
        """Index a compiled folder."""
        return cls(policies, catalogues)

    def with_blocks(self, blocks: Blocks) -> "Snapshot":
        """Return the same policies under other blocks; index and memories, which no block changes, are shared."""
        other = copy(self)
        other.blocks = blocks.under(self.organization.former_use_cases)
        return other

    def with_grants(self, grants: Grants) -> "Snapshot":
        """Return the same policies with other grants; index and memories are shared, as for blocks."""
        other = copy(self)
        other.grants = grants.under(self.organization.former_use_cases)
        return other

    def with_estimates(self, estimates: OutputEstimates) -> "Snapshot":
        """Return the same policies with other estimates; index and memories are shared, as for blocks."""
        other = copy(self)
        other.estimates = estimates
        return other

    def models_on_sale(self) -> frozenset[str]:
        """Return what the price catalogue's models on sale are called here, if these policies use that catalogue.

        The catalogue is read on first use, which takes a part of a second: not for the event loop.
        """
        lookup = self._catalogues.models
        if lookup is None or not self.policies.catalog.use_catalogue:
            return frozenset()
        return frozenset(self.model(model_id, "").id for model_id in lookup.on_sale())

    def model(self, asked: str, provider: str) -> ResolvedModel:
        """Canonicalise a model name; see ``ModelCatalog.resolve``."""
        key = (asked, provider)
        resolved = self._models.get(key)
        if resolved is None:
            if len(self._models) >= MODELS_MAX:
                self._models.clear()
            resolved = self._models[key] = self.policies.catalog.resolve(asked, provider, self._catalogues.models)
        return resolved

    def quota(self, name: str) -> Quota | None:
        """Return a quota by its name, or None."""
        return self._quotas.get(name)

    def may_be_lifted(self, ref: str) -> bool:
        """Tell whether somebody could ask for an exception from a policy: not where no rule decides about any."""
        return ref in self._liftable

    def epoch(self, now: datetime) -> tuple[float, float]:
        """Return the stretch of time around an instant (Unix seconds, half-open) in which nothing begins or ends."""
        position = bisect_right(self._epochs, now.timestamp())
        start_s = self._epochs[position - 1] if position else -inf
        return start_s, self._epochs[position] if position < len(self._epochs) else inf

    def prepared(self, request: DecideRequest, caller: Caller, now: datetime) -> Prepared:
        """Return what is known of a request whatever its size, worked out anew only when something changed."""
        key = (
            request.model,
            request.provider,
            request.subject,
            request.use_case,
            request.operation,
            request.can,
            caller,
            tuple(request.tags.items()) if request.tags else None,
        )
        found = self._prepared.get(key)
        if found is not None:
            now_s = now.timestamp()
            if found.from_s <= now_s < found.until_s:
                return found
            if found.epoch[0] <= now_s < found.epoch[1]:
                found = self._prepared[key] = renew(self, found, now)
                return found
        if len(self._prepared) >= PREPARED_MAX:
            self._prepared.clear()
        found = self._prepared[key] = prepare(self, request, caller, now)
        return found

    def price(self, model_id: str, provider: str, at: datetime) -> Price | None:
        """Return the price in force at an instant, or None if it is unknown (see ``PriceBook.price``)."""
        # Prices change at whole minutes: dates at local midnights, and off-peak hours.
        key = (model_id, provider, int(at.timestamp()) // 60)
        if key not in self._prices:
            if len(self._prices) >= PRICES_MAX:
                self._prices.clear()
            self._prices[key] = self.policies.prices.price(model_id, provider, at, self._catalogues.prices)
        return self._prices[key]


def _moves(organization: Organization) -> Iterator[datetime]:
    """Return the instants at which somebody joins, moves or leaves."""
    for person in organization.people.values():
        yield from (at for at in (person.from_at, person.until_at) if at is not None)
    yield from (placement.from_at for placement in organization.placements() if placement.from_at is not None)
    for team in organization.teams.values():
        yield from (placement.from_at for placement in team.placements if placement.from_at is not None)
    yield from (account.until_at for account in organization.service_accounts.values() if account.until_at is not None)


def _departments(organization: Organization) -> set[str]:
    names = set(organization.departments)
    names.update(placement.department for placement in organization.placements())
    if organization.unknown_users is not None:
        names.add(organization.unknown_users.department)
    return names - {""}


def _teams(organization: Organization) -> set[str]:
    names = set(organization.teams)
    names.update(placement.team for placement in organization.placements())
    names.update(team for person in organization.people.values() for team in person.teams)
    if organization.unknown_users is not None:
        names.add(organization.unknown_users.team)
    return names - {""}
