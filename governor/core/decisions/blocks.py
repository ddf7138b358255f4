"""Blocks: a user, service account, key, team, use case or model is stopped at once, until a stated time.

A block beats everything. It stands beside the policies in the snapshot and is looked up for every request, never
remembered with a prepared question: so it acts as soon as it arrives, and no longer than it lasts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from governor.core.decisions.caller import Caller
from governor.core.decisions.decision import Reason, ReasonCode
from governor.core.decisions.ids import id_text
from governor.core.decisions.messages import instant_words
from governor.core.decisions.request import DecideRequest
from governor.core.ledger.reservation import Reservation
from governor.core.scopes import UNKNOWN_USER

POLICY_PREFIX = "Block/"
"""How a reason names a block, where other reasons name a policy."""


class BlockKind(StrEnum):
    """What can be stopped."""

    USER = "user"
    SERVICE_ACCOUNT = "service_account"
    KEY = "key"
    TEAM = "team"
    USE_CASE = "use_case"
    MODEL = "model"


class Authority(StrEnum):
    """By which right a block was placed: what an admin stopped, only an admin lets go on."""

    ADMIN = "admin"
    CAN_STOP = "can_stop"


class BlockState(StrEnum):
    """Whether a block acts. ``ended`` is derived from the clock."""

    IN_FORCE = "in_force"
    LIFTED = "lifted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Block:
    """One block, with who placed it, when, why, and what became of it.

    Attributes:
        id: 16 bytes, time-ordered.
        kind: What is stopped.
        name: Which one: the canonical user or model, the key's name, ...
        placed_by: The person, or the name of the key that nobody holds.
        placed_key: Name of the key that it was placed with.
        until_at: First instant at which it no longer acts.
        lifted_at: When it was lifted before its end, or None.
        lifted_by: Who lifted it, or ``""``.
        lift_reason: Why, or ``""``.
    """

    id: bytes
    kind: BlockKind
    name: str
    reason: str
    placed_by: str
    placed_key: str
    authority: Authority
    placed_at: datetime
    until_at: datetime
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lift_reason: str = ""

    @property
    def ref(self) -> str:
        """How answers name it: ``Block/01a1...``."""
        return f"{POLICY_PREFIX}{id_text(self.id)}"

    def state_at(self, now: datetime) -> BlockState:
        """Tell whether it acts at an instant; it acts from when it is known, whatever a worker's clock says."""
        if self.lifted_at is not None:
            return BlockState.LIFTED
        return BlockState.IN_FORCE if now < self.until_at else BlockState.ENDED


class Blocks:
    """The blocks in force, by what they stop. Immutable: a change is another one.

    Args:
        blocks: Those that were not lifted; whether one has ended is looked at when it would act.
        past: Whether it is looked at as well whether one has begun: for a look at the past. Now, a block acts from when
            it is known, whatever a worker's clock says.
        former_use_cases: The present name of a use case by every former one: a rename lets nothing go on.
    """

    __slots__ = ("_all", "_by_target", "_former", "_past", "ids")

    def __init__(
        self,
        blocks: Iterable[Block] = (),
        *,
        past: bool = False,
        former_use_cases: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._all = tuple(blocks)
        self._past = past
        self._former = former_use_cases
        by_target: dict[tuple[BlockKind, str], tuple[Block, ...]] = {}
        # The one that lasts longest is named first.
        for block in sorted(self._all, key=lambda block: (block.until_at, block.id), reverse=True):
            name = former_use_cases.get(block.name, block.name) if block.kind is BlockKind.USE_CASE else block.name
            target = (block.kind, name)
            by_target[target] = (*by_target.get(target, ()), block)
        self._by_target = by_target
        self.ids = frozenset(block.id for blocks in by_target.values() for block in blocks)

    def __bool__(self) -> bool:
        return bool(self._by_target)

    def under(self, former_use_cases: Mapping[str, str]) -> "Blocks":
        """Return the same blocks where use cases have other names."""
        if former_use_cases == self._former:
            return self
        return Blocks(self._all, past=self._past, former_use_cases=former_use_cases)

    def count(self, now: datetime) -> dict[str, int]:
        """Return how many blocks act now, by kind; a kind without any is there with 0."""
        counted = {str(kind): 0 for kind in BlockKind}
        for (kind, _), blocks in self._by_target.items():
            counted[str(kind)] += sum(block.state_at(now) is BlockState.IN_FORCE for block in blocks)
        return counted

    def reasons(
        self,
        request: DecideRequest,
        caller: Caller,
        attributes: Mapping[str, str],
        model_id: str,
        *,
        now: datetime,
        time_zone: str,
    ) -> tuple[Reason, ...]:
        """Return why a candidate is blocked, one reason for each block on it.

        Args:
            request: What is asked: names that the Organization does not know are blocked as they are claimed.
            caller: The key that it came with.
            attributes: The subject as it was resolved.
            model_id: Canonical id of the model that would be given.
            now: The door's instant.
            time_zone: For the message.
        """
        targets = _targets(request, caller, attributes, model_id)
        return tuple(_reason(block, time_zone) for block in self._on(targets, now))

    def on_reservation(self, reservation: Reservation, now: datetime) -> Block | None:
        """Return a block on what a reservation was made for, or None: what is stopped is not prolonged."""
        attributes = reservation.facts.attributes
        targets = [
            (BlockKind.KEY, reservation.client),
            (BlockKind.USER, user_name(attributes.get("user", ""))),
            (BlockKind.SERVICE_ACCOUNT, attributes.get("user", "")),
            (BlockKind.TEAM, attributes.get("team", "")),
            (BlockKind.USE_CASE, attributes.get("use_case", "")),
            (BlockKind.MODEL, reservation.facts.model),
        ]
        return next(self._on(targets, now), None)

    def _on(self, targets: Iterable[tuple[BlockKind, str]], now: datetime) -> Iterator[Block]:
        for target in dict.fromkeys(targets):
            for block in self._by_target.get(target, ()):
                if now < block.until_at and not (self._past and now < block.placed_at):
                    yield block


NO_BLOCKS = Blocks()
"""Nothing is stopped."""


def user_name(text: str) -> str:
    """Return a user's name as blocks compare it: upper and lower case are one."""
    return text.strip().lower()


def _targets(
    request: DecideRequest, caller: Caller, attributes: Mapping[str, str], model_id: str
) -> Iterator[tuple[BlockKind, str]]:
    """Yield everything that a request can be stopped by."""
    yield BlockKind.KEY, caller.name
    claimed = request.subject
    user = attributes.get("user", "")
    yield BlockKind.USER, user_name(user)
    if user == UNKNOWN_USER:
        # Everybody who is not listed shares one scope; a block on one of them must not stop the others.
        yield BlockKind.USER, user_name(caller.user or claimed.user)
    account = caller.service_account or ("" if caller.user else claimed.service_account)
    if account:
        yield BlockKind.SERVICE_ACCOUNT, account
    if "team" in attributes:
        yield BlockKind.TEAM, attributes["team"]
    if "use_case" in attributes:
        yield BlockKind.USE_CASE, attributes["use_case"]
    yield BlockKind.MODEL, model_id


def _reason(block: Block, time_zone: str) -> Reason:
    until = instant_words(block.until_at, time_zone)
    what = block.kind.value.replace("_", " ")
    message = f"the {what} {block.name} is blocked until {until} by {block.placed_by}: {block.reason}"
    return Reason(ReasonCode.BLOCKED, message, block.ref, resets_at=block.until_at)
