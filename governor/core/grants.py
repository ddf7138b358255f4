"""Grants: approved exceptions as values. A metered, expiring, revocable allowance that names what it lifts.

A grant stands beside the policies in the snapshot, like a block, and is looked up for every request: so it acts as soon
as it arrives, and no longer than it lasts. What it has paid for is a counter in the ledger, never part of this value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from governor.core.globs import matches_any
from governor.core.policy.header import Header
from governor.core.policy.match import Attributes
from governor.core.scopes import Scope
from governor.core.units import Unit

GRANT_PREFIX = "Grant/"
"""How answers and budgets name a grant, where others name a policy."""

GRANTEE_KEYS = ("user", "team", "project", "use_case")
"""Attributes that a grant's scope may name: a person or service account, a team, a project, a use case."""


class GrantKind(StrEnum):
    """What a grant gives: more budget, models that allowlists refuse, or larger requests."""

    BUDGET = "budget"
    MODEL = "model"
    CONTEXT = "context"


LIFTED_KINDS: dict[GrantKind, frozenset[str]] = {
    GrantKind.BUDGET: frozenset({"Quota"}),
    # Where no allowlist concerns somebody, it is the Organization that refuses what is unlisted.
    GrantKind.MODEL: frozenset({"ModelAllowlist", "Organization"}),
    GrantKind.CONTEXT: frozenset({"ContextLimit"}),
}
"""The kinds of policies that each kind of grant may lift."""


class GrantState(StrEnum):
    """Whether a grant acts. All but ``revoked`` follow from the clock and the ledger: nothing has to be done."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    USED_UP = "used_up"
    ENDED = "ended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class UnitAmount:
    """What a grant may spend of a quota that does not count money, beside the money: in the quota's own unit."""

    policy: str
    unit: Unit
    amount: int


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant.

    Attributes:
        id: UUID text; also the identity of its counters.
        exception_id: The exception that it was approved for.
        scope: Exactly whom it is for, ``GRANTEE_KEYS`` only; all of it must match.
        lifts: The exact policies that it lifts: ``Quota/x``, ``ModelAllowlist/y``, ``ContextLimit/z``.
        amount_nano_usd: What it may spend in all.
        starts_at: First instant at which it acts.
        ends_at: First instant at which it no longer does.
        issued_at: When it was made; of two that end together the older one is drawn first.
        approved_by: Who approved it, for the audit and the answer.
        models: Kind ``model``: canonical ids or globs.
        input_tokens_max: Kind ``context``: how much a request may send, or None: as the limits say.
        output_tokens_max: How long an answer may be, likewise.
        total_tokens_max: What both may come to, likewise.
        amounts: Kind ``budget``: how much of every lifted quota that counts tokens, requests or open requests.
        revoked_at: When it was revoked, or None.
    """

    id: str
    exception_id: str
    kind: GrantKind
    scope: Scope
    lifts: tuple[str, ...]
    amount_nano_usd: int
    starts_at: datetime
    ends_at: datetime
    issued_at: datetime
    approved_by: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    input_tokens_max: int | None = None
    output_tokens_max: int | None = None
    total_tokens_max: int | None = None
    amounts: tuple[UnitAmount, ...] = ()
    revoked_at: datetime | None = None
    revoked_by: str = ""
    revoke_reason: str = ""

    @property
    def ref(self) -> str:
        """How answers name it: ``Grant/01a1...``."""
        return f"{GRANT_PREFIX}{self.id}"

    def state_at(self, now: datetime, taken_nano_usd: int = 0) -> GrantState:
        """Tell whether it acts at an instant: from ``starts_at`` up to, and not at, ``ends_at``.

        Args:
            now: The instant.
            taken_nano_usd: What it has paid and holds; with nothing left of its amount it acts no more.
        """
        if self.revoked_at is not None:
            return GrantState.REVOKED
        if now >= self.ends_at:
            return GrantState.ENDED
        if taken_nano_usd >= self.amount_nano_usd:
            return GrantState.USED_UP
        return GrantState.ACTIVE if now >= self.starts_at else GrantState.SCHEDULED

    def acts_at(self, now: datetime) -> bool:
        """Tell whether it acts at an instant, as long as something of it is left."""
        return self.state_at(now) is GrantState.ACTIVE

    def is_for(self, attributes: Attributes) -> bool:
        """Tell whether a request with these attributes is one that it is for."""
        return all(attributes.get(key) == value for key, value in self.scope)

    def names(self, header: Header) -> bool:
        """Tell whether it names a policy, under its present name or a former one."""
        return any(f"{header.kind}/{name}" in self.lifts for name in (header.name, *header.formerly))

    def lifts_policy(self, header: Header) -> bool:
        """Tell whether it lifts a policy: one that says ``exceptions: never`` is lifted by none."""
        return header.exceptions_allowed and self.names(header)

    def permits_model(self, model_id: str) -> bool:
        """Tell whether a canonical model id is one of those that it gives."""
        return matches_any(self.models, model_id)

    def amount_of(self, header: Header, unit: Unit) -> UnitAmount | None:
        """Return how much of a lifted quota it may spend in the quota's own unit, or None if that is not said."""
        names = {f"{header.kind}/{name}" for name in (header.name, *header.formerly)}
        return next((each for each in self.amounts if each.unit is unit and each.policy in names), None)


@dataclass(frozen=True, slots=True)
class GrantedRest:
    """A grant that pays where a budget has no room, and what it has left in that budget's unit."""

    grant: Grant
    left: int
    unit: Unit


def in_drawing_order(grants: Iterable[Grant]) -> list[Grant]:
    """Return grants as they are drawn on where several could be: the one that ends first, then the older one."""
    return sorted(grants, key=lambda grant: (grant.ends_at, grant.issued_at, grant.id))


def _named_now(grant: Grant, former_use_cases: Mapping[str, str]) -> Grant:
    if not any(key == "use_case" and value in former_use_cases for key, value in grant.scope):
        return grant
    scope = ((key, former_use_cases.get(value, value) if key == "use_case" else value) for key, value in grant.scope)
    return replace(grant, scope=tuple(scope))


class Grants:
    """The grants that act now or will, by whom they are for. Immutable: a change is another one.

    Args:
        grants: Those that are not revoked; whether one has begun or ended is looked at when it would act.
        former_use_cases: The present name of a use case by every former one: a rename takes no grant away.

    Attributes:
        all: All of them, in the order in which they are drawn on.
    """

    __slots__ = ("_by_grantee", "_former", "_keys", "all")

    def __init__(
        self, grants: Iterable[Grant] = (), *, former_use_cases: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.all = tuple(in_drawing_order(grants))
        self._former = former_use_cases
        by_grantee: dict[tuple[str, str], list[Grant]] = {}
        for grant in (_named_now(grant, former_use_cases) for grant in self.all):
            by_grantee.setdefault(grant.scope[0], []).append(grant)
        self._by_grantee = {grantee: tuple(found) for grantee, found in by_grantee.items()}
        self._keys = tuple(dict.fromkeys(key for key, _ in by_grantee))

    def under(self, former_use_cases: Mapping[str, str]) -> "Grants":
        """Return the same grants where use cases have other names."""
        return self if former_use_cases == self._former else Grants(self.all, former_use_cases=former_use_cases)

    def __bool__(self) -> bool:
        return bool(self.all)

    def find(self, attributes: Attributes, now: datetime) -> tuple[Grant, ...]:
        """Return the grants that act for a request now, in the order in which they are drawn on."""
        found: list[Grant] = []
        for key in self._keys:
            found += self._by_grantee.get((key, attributes.get(key, "")), ())
        acting = [grant for grant in found if grant.starts_at <= now < grant.ends_at and grant.is_for(attributes)]
        return tuple(in_drawing_order(acting)) if len(self._keys) > 1 else tuple(acting)


NO_GRANTS = Grants()
"""Nothing is granted."""
