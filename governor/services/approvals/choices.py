"""What somebody can ask for: whom it may be for, and the very budgets, models and limits that stand in their way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from governor.core.approvals.groups import seats_of
from governor.core.approvals.request import Actor
from governor.core.decisions.decision import BudgetView
from governor.core.decisions.plan import Candidate
from governor.core.decisions.snapshot import Snapshot
from governor.core.grants import LIFTED_KINDS, GrantKind
from governor.core.policy.match import concerns
from governor.core.policy.organization import Organization, Person
from governor.core.policy.use_case import Stage
from governor.core.scopes import Scope
from governor.services.approvals.create import Preview
from governor.services.entitlements import EntitlementReader, claim_of, models_named, try_models
from governor.services.snapshots import Snapshots
from governor.services.try_grant import Trial


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that is refused now, and the policies that refuse it, all of which can be lifted."""

    model: str
    lifts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody can ask for.

    Attributes:
        scopes: Whom it may be for; themselves first.
        budgets: The budgets that their requests draw on, in the organisation's default environment.
        liftable: The policies of these budgets that an exception may lift.
        models: Models that they may not use now.
        limits: Limits of input, output and context that concern them and may be lifted.
    """

    scopes: tuple[Scope, ...]
    budgets: tuple[BudgetView, ...]
    liftable: tuple[str, ...]
    models: tuple[ModelChoice, ...]
    limits: tuple[str, ...]


async def choices_of(snapshots: Snapshots, entitlements: EntitlementReader, person: Person, now: datetime) -> Choices:
    """Return what somebody can ask for, asked of the very function that decides."""
    snapshot = snapshots.current
    organization = snapshot.organization
    environment = organization.default_environment
    entitled = await entitlements.of(person.user, now)
    budgets = next((one.budgets for one in entitled.environments if one.environment == environment), ())
    tried = await try_models(snapshot, claim_of(snapshot, person.user), environment, models_named(snapshot), now)
    headers = {header.ref: header for header in snapshot.policies.headers}
    liftable = [
        view.budget.policy
        for view in budgets
        if (header := headers.get(view.budget.policy)) is not None and header.exceptions_allowed
    ]
    attributes = tried[0].prepared.attributes if tried else {}
    limits = [
        limit.header.ref
        for limit in snapshot.policies.context_limits
        if limit.header.exceptions_allowed and limit.header.in_force(now) and concerns(limit.header, attributes)
    ]
    return Choices(
        tuple(_scopes(organization, person, now)),
        tuple(budgets),
        tuple(dict.fromkeys(liftable)),
        tuple(choice for one in tried if (choice := _model(snapshot, one)) is not None),
        tuple(limits),
    )


def _scopes(organization: Organization, person: Person, now: datetime) -> Iterator[Scope]:
    """Yield whom somebody may ask for; the rule that decides may still say that only leads ask."""
    yield (("user", person.user),)
    placement = person.placement(now)
    led = [team.name for team in organization.teams.values() if person.user in team.placement(now).leads]
    for team in dict.fromkeys(name for name in (placement.team, *person.teams, *led) if name in organization.teams):
        yield (("team", team),)
    for account in organization.service_accounts.values():
        if account.owner == person.user:
            yield (("user", account.name),)
    department = organization.departments.get(placement.department)
    for project in department.projects if department is not None else ():
        yield (("project", project),)
    for use_case in organization.use_cases.values():
        if use_case.stage is not Stage.RETIRED:
            yield (("use_case", use_case.name),)


def _model(snapshot: Snapshot, candidate: Candidate) -> ModelChoice | None:
    """Return a refused model, if all that refuses it can be lifted."""
    headers = {header.ref: header for header in snapshot.policies.headers}
    refusing = dict.fromkeys(reason.policy for reason in candidate.reasons)
    kinds = LIFTED_KINDS[GrantKind.MODEL]
    for policy in refusing:
        header = headers.get(policy)
        if header is None or header.kind not in kinds or not header.exceptions_allowed:
            return None
    return ModelChoice(candidate.prepared.model.id, tuple(refusing)) if refusing else None


def also_liftable(trial: Trial, kind: GrantKind, snapshot: Snapshot) -> list[str]:
    """Return what else stands in the way, now or before the grant is used up, and the same request can lift."""
    missing = [policy for policy, lifted_by in trial.missing.items() if lifted_by is kind]
    if kind is not GrantKind.BUDGET:
        return missing
    liftable = {header.ref for header in snapshot.policies.headers if header.exceptions_allowed}
    return [*missing, *(one.policy for one in trial.narrow if one.policy in liftable)]


def who_decides(organization: Organization, preview: Preview, actor: Actor, now: datetime) -> list[list[str]]:
    """Return, for each requirement of a preview's route, the people whose vote would count for it."""
    asked = preview.draft.asked
    excluded = frozenset({actor.user, asked.asked_for} - {""})
    seats = seats_of(organization, preview.route.require, asked.home, excluded=excluded, now=now)
    return [sorted(group) for group in seats.groups]
