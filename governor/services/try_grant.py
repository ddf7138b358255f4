"""Would this grant help? The whole path is tried before anybody is asked, by the very function that decides.

What a grant lifts is one thing; that a request is allowed with it is another: the company's budget may be reached too.
So a would-be grant is put beside the others, the request that it is meant for is decided without being placed, and
what still refuses is said, with what would have to be lifted beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from governor.core.approvals.remedy import LIFTABLE
from governor.core.decisions.caller import Caller
from governor.core.decisions.conclude import conclude
from governor.core.decisions.decision import Decision, Verdict
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.request import DecideRequest, Subject
from governor.core.decisions.snapshot import Snapshot
from governor.core.grants import GRANT_PREFIX, Grant, GrantKind, Grants, UnitAmount
from governor.core.ledger.admit import admit
from governor.core.ledger.changes import ROLLUP_SUMS
from governor.core.ledger.placing import budgets_of_options
from governor.core.money import AMOUNT_MAX, usd_text
from governor.core.scopes import Scope
from governor.core.units import Unit, amount_words
from governor.store.balances import read_balances
from governor.store.database import Database
from governor.store.usage_sums import UsageFilter, read_usage_sums

LOOKS_BACK = timedelta(days=28)
"""Four whole weeks of usage make the usual request."""

TOKENS_UNUSED = 1_000
"""Input and output of the request that is tried for a scope that has used nothing yet."""

CALLER = Caller("try")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What still refuses the request, with the grant.

    Attributes:
        policy: Which policy, or ``""`` for what no policy says.
        message: Why, as the answer to the request says it.
        lifted_by: What kind of grant would lift it, or None: nobody can.
    """

    policy: str
    message: str
    lifted_by: GrantKind | None


@dataclass(frozen=True, slots=True)
class Narrow:
    """A budget on the path with less room than the grant may spend: it will refuse before the grant is used up."""

    policy: str
    free_nano_usd: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What a would-be grant comes to for one request.

    Attributes:
        request: What was tried.
        needed: Whether the request is refused without it.
        obstacles: What still refuses it.
        helps_with: The policies to lift beside, so that the request is allowed; empty if it is already, or if that
            would not do either.
        narrow: Budgets that will stop it later.
    """

    request: DecideRequest
    needed: bool
    obstacles: tuple[Obstacle, ...]
    helps_with: tuple[str, ...]
    narrow: tuple[Narrow, ...]

    @property
    def missing(self) -> dict[str, GrantKind]:
        """What could be lifted of what still refuses, each policy with the kind of grant that does."""
        return {one.policy: one.lifted_by for one in self.obstacles if one.lifted_by is not None}

    @property
    def helps(self) -> bool:
        """Whether the request is allowed with this grant alone."""
        return not self.obstacles

    @property
    def summary(self) -> str:
        """Say it in a sentence, for people: the same at every door."""
        if self.obstacles:
            named = ", ".join(dict.fromkeys(one.policy or one.message for one in self.obstacles))
            if self.helps_with:
                return (
                    f"this alone will not help: {named} is in the way too; ask for {', '.join(self.helps_with)} as well"
                )
            return f"this will not help: {named} is in the way, and no exception lifts all of it"
        if self.narrow:
            first = min(self.narrow, key=lambda one: one.free_nano_usd)
            room = amount_words(max(0, first.free_nano_usd), Unit.USD)
            return f"this helps for now; {first.policy} has only {room} left and is reached before it is used up"
        return "this helps" if self.needed else "such a request is allowed now without it"


async def try_grant(
    snapshot: Snapshot,
    database: Database,
    grant: Grant,
    user: str,
    now: datetime,
    *,
    request: DecideRequest | None = None,
) -> Trial:
    """Try a would-be grant on a request; nothing is kept.

    Args:
        snapshot: The policies, and the grants that stand.
        database: Balances, and what the scope used lately.
        grant: As if it began now.
        user: Who would make the request: a grant for a team is tried on one of its people.
        now: The door's instant.
        request: What is tried; None: the usual request of the scope, as the grant means it.
    """
    grant = replace(grant, starts_at=now, ends_at=max(grant.ends_at, now + timedelta(seconds=1)), revoked_at=None)
    asked = request or await _usual(snapshot, database, grant, user, now)
    without = await _decided(snapshot, database, asked, now)
    within = _with(snapshot, [grant])
    decision = await _decided(within, database, asked, now)
    obstacles = tuple(_obstacles(snapshot, decision))
    missing = {one.policy: one.lifted_by for one in obstacles if one.lifted_by is not None}
    helps_with: tuple[str, ...] = ()
    if obstacles and len(missing) == len({one.policy for one in obstacles}):
        more = _with(snapshot, [grant, *_unbounded(snapshot, grant, missing, asked)])
        if (await _decided(more, database, asked, now)).verdict is Verdict.ALLOW:
            helps_with = tuple(missing)
    narrow = tuple(_narrow(snapshot, grant, decision)) if not obstacles else ()
    return Trial(asked, without.verdict is Verdict.DENY, obstacles, helps_with, narrow)


def trial_wire(trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON."""
    return {
        "helps": trial.helps,
        "needed": trial.needed,
        "summary": trial.summary,
        "obstacles": [
            {"policy": one.policy or None, "message": one.message, "lifted_by": one.lifted_by}
            for one in trial.obstacles
        ],
        "lift_as_well": list(trial.helps_with),
        "narrow": [{"policy": one.policy, "free_usd": usd_text(one.free_nano_usd)} for one in trial.narrow],
        "tried": {
            "model": trial.request.model,
            "input_tokens": trial.request.input_tokens,
            "max_output_tokens": trial.request.max_output_tokens,
        },
    }


def _with(snapshot: Snapshot, grants: Sequence[Grant]) -> Snapshot:
    return snapshot.with_grants(Grants((*snapshot.grants.all, *grants)))


async def _decided(snapshot: Snapshot, database: Database, request: DecideRequest, now: datetime) -> Decision:
    """Decide a request with the balances of now, without placing it."""
    plan = evaluate(snapshot, request, CALLER, now)
    digests = list(budgets_of_options(plan.options()))
    balances = await database.read(lambda connection: read_balances(connection, digests, now.timestamp()))
    return conclude(plan, admit(plan.options(), balances.get), None)


def _obstacles(snapshot: Snapshot, decision: Decision) -> Iterator[Obstacle]:
    if decision.verdict is Verdict.ALLOW:
        return
    never = {header.ref for header in snapshot.policies.headers if not header.exceptions_allowed}
    for reason in decision.reasons:
        kind = LIFTABLE.get(reason.code) if reason.policy and reason.policy not in never else None
        yield Obstacle(reason.policy, reason.message, kind)


def _unbounded(
    snapshot: Snapshot, grant: Grant, missing: dict[str, GrantKind], request: DecideRequest
) -> Iterator[Grant]:
    """Yield what would lift everything else: to see whether that would do."""
    units = {quota.header.ref: quota.unit for quota in snapshot.policies.quotas}
    for number, kind in enumerate(sorted(set(missing.values())), start=1):
        refs = tuple(ref for ref, lifted_by in missing.items() if lifted_by is kind)
        if kind is grant.kind:
            # One grant must cover a model or a size alone.
            refs = tuple(dict.fromkeys((*grant.lifts, *refs)))
        counted = {ref: units[ref] for ref in refs if ref in units and units[ref] is not Unit.USD}
        yield replace(
            grant,
            id=str(UUID(int=number)),
            kind=kind,
            lifts=refs,
            amount_nano_usd=AMOUNT_MAX,
            amounts=tuple(UnitAmount(ref, unit, AMOUNT_MAX) for ref, unit in counted.items()),
            models=(snapshot.model(request.model, request.provider).id,),
            input_tokens_max=AMOUNT_MAX,
            output_tokens_max=AMOUNT_MAX,
            total_tokens_max=AMOUNT_MAX,
        )


def _narrow(snapshot: Snapshot, grant: Grant, decision: Decision) -> Iterator[Narrow]:
    """Yield the budgets on the path that have less room than the grant may spend."""
    binding = {quota.header.ref for quota in snapshot.policies.quotas if not grant.names(quota.header)}
    for view in decision.budgets:
        if view.budget.policy.startswith(GRANT_PREFIX) or view.budget.policy not in binding:
            continue
        if view.budget.unit is Unit.USD and view.free is not None and view.free < grant.amount_nano_usd:
            yield Narrow(view.budget.policy, view.free)


async def _usual(snapshot: Snapshot, database: Database, grant: Grant, user: str, now: datetime) -> DecideRequest:
    """Return the request that a grant is meant for: the scope's usual one, with what is granted."""
    model, input_tokens, output_tokens = await _average(database, grant.scope, now)
    match grant.kind:
        case GrantKind.MODEL:
            model = next((name for name in grant.models if "*" not in name), model)
        case GrantKind.CONTEXT:
            input_tokens, output_tokens = _largest(grant, input_tokens, output_tokens)
        case GrantKind.BUDGET:
            pass
    whom = dict(grant.scope)
    return DecideRequest(
        request_id="try",
        subject=_subject(snapshot, whom, user),
        model=model or _any_model(snapshot),
        use_case=whom.get("use_case", ""),
        input_tokens=input_tokens,
        max_output_tokens=output_tokens,
    )


def _largest(grant: Grant, input_tokens: int, output_tokens: int) -> tuple[int, int]:
    """Return input and output of the largest request that a grant of size permits."""
    if grant.output_tokens_max is not None:
        output_tokens = grant.output_tokens_max
    if grant.input_tokens_max is not None:
        input_tokens = grant.input_tokens_max
    if grant.total_tokens_max is not None:
        output_tokens = min(output_tokens, grant.total_tokens_max)
        most = grant.total_tokens_max - output_tokens
        input_tokens = min(input_tokens, most) if grant.input_tokens_max is not None else most
    return input_tokens, output_tokens


def _subject(snapshot: Snapshot, whom: dict[str, str], user: str) -> Subject:
    name = whom.get("user", user)
    if name in snapshot.organization.service_accounts:
        return Subject(service_account=name)
    return Subject(user=name, team=whom.get("team", ""), project=whom.get("project", ""))


async def _average(database: Database, scope: Scope, now: datetime) -> tuple[str, int, int]:
    """Return the model that a scope uses most, and the input and output of its average request."""
    now_s = int(now.timestamp())
    wanted = UsageFilter(now_s - int(LOOKS_BACK.total_seconds()), now_s, dict(scope))
    rows = await database.read(lambda connection: read_usage_sums(connection, wanted, ("model",), hourly=False))
    sums = [(keys[0], dict(zip(ROLLUP_SUMS, values, strict=True))) for _, keys, values in rows]
    used = [(model, of) for model, of in sums if of["requests"] > 0]
    if not used:
        return "", TOKENS_UNUSED, TOKENS_UNUSED
    model, most = max(used, key=lambda one: one[1]["requests"])
    return model, most["input_tokens"] // most["requests"], max(1, most["output_tokens"] // most["requests"])


def _any_model(snapshot: Snapshot) -> str:
    """Return a model for a scope that has used none: the first that the policies allow by its name."""
    allowed = (name for each in snapshot.policies.allowlists for name in each.allow or () if "*" not in name)
    return next(allowed, next(iter(snapshot.policies.catalog.models), ""))
