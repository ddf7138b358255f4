"""What a person may use now. Asked of the very function that decides: no second opinion can disagree with it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from governor.core.decisions.budget_views import view_now
from governor.core.decisions.caller import Caller
from governor.core.decisions.context import bounds_of
from governor.core.decisions.decision import BudgetView, Reason, ReasonCode
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.plan import Candidate
from governor.core.decisions.request import Ability, DecideRequest, Subject
from governor.core.decisions.snapshot import Snapshot
from governor.core.globs import is_glob, matches_any
from governor.core.grants import GRANT_PREFIX, Grant, GrantedRest, GrantKind
from governor.core.ledger.admit import admit
from governor.core.ledger.commands import Option
from governor.core.ledger.placing import budgets_of_options
from governor.core.ledger.port import Ledger
from governor.core.money import AMOUNT_MAX
from governor.core.policy.header import Enforcement
from governor.core.policy.organization import Strictness
from governor.services.granted_rests import granted_rests
from governor.services.grants import GrantView, views_of
from governor.services.snapshots import Snapshots

MODELS_MAX = 2_000
"""Models that are tried: those that policies name, and those of the price catalogue that their patterns mean."""

_NO_MODEL = "none"
"""Asked of where no model is known at all: the answer still says who somebody is."""

TURN = 10
"""Models tried before the event loop gets its turn: some milliseconds."""

_ABOUT_SUBJECT = frozenset(
    {
        ReasonCode.UNKNOWN_USER,
        ReasonCode.UNKNOWN_SERVICE_ACCOUNT,
        ReasonCode.SUBJECT_NOT_ACTIVE,
        ReasonCode.SUBJECT_MISMATCH,
        ReasonCode.CLIENT_ASSERTED,
    }
)


@dataclass(frozen=True, slots=True)
class UsableModel:
    """A model that would be allowed, if budgets have room.

    Attributes:
        max_input_tokens: The most that one request may send, or None: nothing limits it.
        max_output_tokens: The most that one answer may have, or None: nothing limits it.
        context_window: The model's own, in tokens, or None if unknown.
        granted_by: Id of the grant without which it would be refused, or smaller; ``""``: none.
    """

    model: str
    max_input_tokens: int | None
    max_output_tokens: int | None
    context_window: int | None
    granted_by: str = ""


@dataclass(frozen=True, slots=True)
class EnvironmentEntitlement:
    """What is allowed in one environment, and the budgets that requests there draw on.

    Attributes:
        rests: For each budget, the grants that pay where it has no room.
    """

    environment: str
    models: tuple[UsableModel, ...]
    budgets: tuple[BudgetView, ...]
    rests: tuple[tuple[GrantedRest, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What one user may use now.

    Attributes:
        attributes: Who the user is to policies: department, team, kind, ...
        problems: Why the user is refused altogether, if so.
        grants: What was granted beyond the policies, and acts now.
    """

    user: str
    attributes: dict[str, str]
    problems: tuple[str, ...]
    environments: tuple[EnvironmentEntitlement, ...]
    grants: tuple[GrantView, ...] = ()

    def budgets_in(self, environment: str) -> tuple[tuple[BudgetView, ...], dict[bytes, tuple[GrantedRest, ...]]]:
        """Return the budgets of an environment, and by their digests the grants that pay where they have no room."""
        for one in self.environments:
            if one.environment == environment:
                digests = (view.budget.digest for view in one.budgets)
                return one.budgets, dict(zip(digests, one.rests, strict=True))
        return (), {}


class EntitlementReader:
    """Answers ``GET /entitlements``.

    Args:
        snapshots: What decides.
        ledger: The balances.
    """

    def __init__(self, snapshots: Snapshots, ledger: Ledger) -> None:
        self._snapshots = snapshots
        self._ledger = ledger

    async def of(self, user: str, now: datetime) -> Entitlement:
        """Return what a user, or a service account, may use now in every environment."""
        snapshot = self._snapshots.current
        subject = claim_of(snapshot, user)
        matched = await asyncio.to_thread(models_matched, snapshot)
        names = sorted({*models_named(snapshot), *matched})[:MODELS_MAX] or [_NO_MODEL]
        environments = []
        attributes: dict[str, str] = {}
        problems: dict[str, None] = {}
        grants: dict[Grant, None] = {}
        for environment in snapshot.organization.environments:
            tried = await try_models(snapshot, subject, environment, names, now)
            grants.update((grant, None) for candidate in tried for grant in candidate.grants)
            for candidate in tried[:1]:
                known = candidate.prepared.attributes
                attributes = {key: known[key] for key in _WHO if key in known}
                problems.update((r.message, None) for r in candidate.reasons if _about_subject(r, tried))
            larger = try_larger(snapshot, subject, environment, tried, now)
            environments.append(await self._entitled(environment, tried, larger, now))
        views = tuple(await views_of(self._ledger, list(grants), now))
        return Entitlement(user, attributes, tuple(problems), tuple(environments), views)

    async def _entitled(
        self, environment: str, tried: list[Candidate], larger: list[Candidate], now: datetime
    ) -> EnvironmentEntitlement:
        standing = await self._standing(tried)
        # A form under a grant counts only while the grant has anything left: else it is what it was.
        granted = [one for one in await self._standing(larger) if one.granted_by]
        allowed = [one for one in (*standing, *granted) if not one.candidate.reasons]
        models: dict[str, UsableModel] = {}
        for usable in map(_usable, allowed):
            known = models.get(usable.model)
            models[usable.model] = usable if known is None else max(known, usable, key=_size)
        draws = {draw.budget.digest: draw for one in allowed for draw in one.candidate.prepared.draws}
        read = {digest for draw in draws.values() if draw.terms.rule is not None for digest in draw.terms.rule.reads()}
        balances = await self._ledger.balances(list({**draws, **dict.fromkeys(read)}))
        views = [view_now(draw, balances.get) for draw in draws.values()]
        ordered = sorted(views, key=lambda view: (view.budget.policy, view.budget.scope))
        paying = dict.fromkeys(grant for one in allowed for grant in one.candidate.grants)
        rests = await granted_rests(self._snapshots.current, self._ledger, ordered, list(paying), now)
        usable_models = tuple(models[key] for key in sorted(models))
        return EnvironmentEntitlement(environment, usable_models, tuple(ordered), tuple(map(tuple, rests)))

    async def _standing(self, tried: list[Candidate]) -> list["_Standing"]:
        """Return the candidates in the form that counts now: under grants that have anything left."""
        options = [_least(candidate.option) for candidate in tried]
        if not any(option.granted is not None for option in options):
            return [_Standing(candidate) for candidate in tried]
        balances = await self._ledger.balances(list(budgets_of_options(options)))
        lifts = [admit((option,), balances.get).lifts(0) for option in options]
        return [
            _Standing(candidate.granted, holds[-1].budget.policy.removeprefix(GRANT_PREFIX))
            if holds and candidate.granted is not None
            else _Standing(candidate)
            for candidate, holds in zip(tried, lifts, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Standing:
    """A candidate in the form that counts, and the grant that makes it so, if one does."""

    candidate: Candidate
    granted_by: str = ""


_WHO = ("user", "kind", "team", "department")


def _about_subject(reason: Reason, tried: list[Candidate]) -> bool:
    """Tell whether a reason refuses the user altogether: a block may also be on one model."""
    if reason.code is ReasonCode.BLOCKED:
        return all(reason in candidate.reasons for candidate in tried)
    return reason.code in _ABOUT_SUBJECT


def models_named(snapshot: Snapshot) -> list[str]:
    """Return every model that the policies name, without globs: what can be listed without guessing."""
    policies = snapshot.policies
    named: dict[str, None] = dict.fromkeys(policies.catalog.models)
    named.update((entry.model, None) for entry in policies.prices.entries)
    for allowlist in policies.allowlists:
        named.update((pattern, None) for pattern in (*(allowlist.allow or ()), *(allowlist.only or ())))
    literals = (name for name in named if "*" not in name)
    return sorted({snapshot.model(name, "").id for name in literals})[:MODELS_MAX]


def models_matched(snapshot: Snapshot) -> list[str]:
    """Return the catalogue's models that a pattern of an allowlist means, or all where none is needed."""
    policies = snapshot.policies
    lists = (models for one in policies.allowlists for models in (one.allow or (), one.only or ()))
    patterns = {pattern for models in lists for pattern in models if is_glob(pattern)}
    if policies.organization.unlisted is not Strictness.DENY:
        patterns.add("*")
    return [model for model in snapshot.models_on_sale() if matches_any(patterns, model)] if patterns else []


def claim_of(snapshot: Snapshot, user: str) -> Subject:
    """Return a user, or a service account, as a request names it."""
    if user in snapshot.organization.service_accounts:
        return Subject(service_account=user)
    return Subject(user=user)


async def try_models(
    snapshot: Snapshot, subject: Subject, environment: str, models: list[str], now: datetime
) -> list[Candidate]:
    """Ask of each model for the smallest request that uses it, and return what is known of each."""
    tried: list[Candidate] = []
    for position, model in enumerate(models):
        if position % TURN == 0:
            # Hundreds of evaluations in one go would keep decisions waiting.
            await asyncio.sleep(0)
        tried.append(_try(snapshot, subject, environment, model, now))
    return tried


def try_larger(
    snapshot: Snapshot, subject: Subject, environment: str, tried: list[Candidate], now: datetime
) -> list[Candidate]:
    """Ask, for each grant of larger requests, for as much as it gives of each model whose limits it lifts."""
    return [
        _try(snapshot, subject, environment, candidate.prepared.model.id, now, sizes=grant)
        for candidate in tried
        for grant in candidate.grants
        if grant.kind is GrantKind.CONTEXT
        and any(grant.lifts_policy(limit.header) for limit in candidate.prepared.context_limits)
    ]


def _try(
    snapshot: Snapshot, subject: Subject, environment: str, model: str, now: datetime, *, sizes: Grant | None = None
) -> Candidate:
    """Ask for the smallest request that uses a model at all, or for one as large as a grant permits."""
    input_tokens = (sizes.input_tokens_max or 0) if sizes is not None else 0
    output_tokens = sizes.output_tokens_max if sizes is not None else None
    if sizes is not None and output_tokens is None and sizes.total_tokens_max is not None:
        output_tokens = max(sizes.total_tokens_max - input_tokens, 1)
    request = DecideRequest(
        request_id="entitlements",
        subject=Subject(user=subject.user, service_account=subject.service_account, environment=environment),
        model=model,
        input_tokens=input_tokens,
        max_output_tokens=output_tokens,
        # What is more than a model can do is no refusal: it is as much as it can.
        can=frozenset({Ability.CLAMP}) if sizes is not None else frozenset(),
    )
    return evaluate(snapshot, request, Caller("entitlements"), now).candidates[0]


def _least(option: Option) -> Option:
    """Return an option that needs the least of its grants: how much a real request needs, nobody knows here."""
    if option.granted is None:
        return option
    needs = tuple(tuple(replace(hold, amount=min(1, hold.amount)) for hold in need) for need in option.granted.needs)
    return replace(option, granted=replace(option.granted, needs=needs))


def _usable(standing: _Standing) -> UsableModel:
    candidate = standing.candidate
    model = candidate.prepared.model
    # A limit that only points out lets everything through, and what is held for an answer that nobody bounds is none.
    binding = [limit for limit in candidate.prepared.context_limits if limit.header.enforcement is Enforcement.ENFORCE]
    bounds = bounds_of(binding, model.model)
    return UsableModel(
        model.id,
        _stated(min(bounds.input_tokens, bounds.total_tokens)),
        _stated(min(bounds.output_tokens, bounds.total_tokens)),
        model.model.context_window,
        standing.granted_by,
    )


def _stated(tokens: int) -> int | None:
    return None if tokens == AMOUNT_MAX else tokens


def _size(usable: UsableModel) -> tuple[int, int]:
    """Return what orders forms of one model: the longest answer first, then the largest input."""
    longest, largest = (
        AMOUNT_MAX if size is None else size for size in (usable.max_output_tokens, usable.max_input_tokens)
    )
    return longest, largest
