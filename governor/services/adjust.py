"""Adjust a budget by hand: opening balances of a migration, credits, debits; dated, with a reason, never an edit."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from hashlib import blake2b
from typing import Any

import msgspec

from governor.core.decisions.budget_keys import SHARE, budget_key, part_key, scope_of
from governor.core.decisions.decision import BudgetView
from governor.core.decisions.ids import id_bytes, id_text
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import AmountError, ConflictError, InvalidRequestError
from governor.core.ledger.adjustments import Adjust, AdjustmentKind, AdjustmentOutcome, AdjustmentResult
from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.ledger.port import Ledger
from governor.core.money import bounded, nano_from_text
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Organization
from governor.core.units import Unit, amount_text, amount_words
from governor.services.budget_scopes import LISTABLE, known_scopes
from governor.services.budgets import BudgetReader
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.services.ids import new_id
from governor.services.keys import Identity
from governor.services.reasons import checked_reason
from governor.services.snapshots import Snapshots
from governor.store.adjustments import read_adjustments
from governor.store.database import Database

DEADLINE_S = 5.0
"""How long an adjustment waits for the ledger; sending it again is safe."""


@dataclass(frozen=True, slots=True)
class AdjustmentWish:
    """What is to be posted.

    Attributes:
        request_id: The caller's id: the same again posts nothing.
        quota: ``department-monthly-spend`` or ``Quota/department-monthly-spend``, also under a former name.
        scope: Whose budget, by the quota's ``per``; with the attribute of its ``max_share``: whose share of it.
        at: The period that contains this instant; None: now.
        amount: A decimal number in the quota's unit, more than 0.
        reason: Why, for the audit.
    """

    request_id: str
    kind: AdjustmentKind
    quota: str
    scope: Mapping[str, str]
    at: datetime | None
    amount: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What was posted, as it is on record, whether it was posted before, and the budget afterwards."""

    record: dict[str, Any]
    duplicate: bool
    view: BudgetView


@dataclass(frozen=True, slots=True)
class AdjustmentPage:
    """Some adjustments as they are on record, newest first, and the cursor of the next page or None."""

    records: tuple[dict[str, Any], ...]
    next: str | None


class Adjuster:
    """Answers ``/adjustments``.

    Args:
        snapshots: The quotas and the Organization.
        ledger: Where it is posted.
        database: Where adjustments are listed from.
    """

    def __init__(self, snapshots: Snapshots, ledger: Ledger, database: Database) -> None:
        self._budgets = BudgetReader(snapshots, ledger, database)
        self._snapshots = snapshots
        self._ledger = ledger
        self._database = database

    async def adjust(self, wish: AdjustmentWish, identity: Identity, now: datetime) -> Adjusted:
        """Post an adjustment, once.

        Raises:
            InvalidRequestError: If there is no such quota or budget, or the reason says nothing.
            AmountError: If the amount is not one of the quota's unit.
            ConflictError: If the id was used for another adjustment, the budget has an opening balance already, or the
                credit is larger than what was used.
            LedgerUnavailableError: If the ledger does not answer; sending it again is safe.
        """
        wish = replace(wish, reason=checked_reason(wish.reason))
        snapshot = self._snapshots.current
        at = (wish.at or now).astimezone(UTC)
        quota = _quota(snapshot, wish.quota)
        key = _key(quota, wish.scope, snapshot.organization, at)
        await self._check_known(quota, key, snapshot.organization, at)
        command = _command(wish, key, _amount(wish.amount, quota.unit), at=at, identity=identity, now=now)
        result = await self._ledger.submit(command, deadline_s=DEADLINE_S)
        assert isinstance(result, AdjustmentResult)
        _check(result, wish, key)
        view = await self._budgets.view(quota, key, at)
        return Adjusted(_decoded(result.record), result.outcome is AdjustmentOutcome.DUPLICATE, view)

    async def page(self, cursor: str, limit: int) -> AdjustmentPage:
        """Return one page of adjustments, newest first.

        Raises:
            InvalidRequestError: If the cursor is not one of this list.
        """
        before = id_bytes(decode_cursor(cursor, 1)[0]) if cursor else None
        if cursor and before is None:
            raise wrong_cursor()
        found = await self._database.read(lambda connection: read_adjustments(connection, before, limit + 1))
        following = encode_cursor(id_text(found[limit - 1][0])) if len(found) > limit else None
        return AdjustmentPage(tuple(_decoded(record) for _, record in found[:limit]), following)

    async def _check_known(self, quota: Quota, key: BudgetKey, organization: Organization, at: datetime) -> None:
        """Refuse a budget that no request can draw on: a misspelt scope would adjust nothing that counts."""
        scope = key.scope
        named = replace(quota, per=tuple(name for name, _ in scope))
        if not LISTABLE.issuperset(named.per):
            return
        if scope in await asyncio.to_thread(lambda: set(known_scopes(named, organization, at))):
            return
        if key.digest in await self._ledger.balances([key.digest]):
            return
        whose = ", ".join(f"{name}={value}" for name, value in scope) or "everybody"
        raise InvalidRequestError(
            f"{quota.header.ref} has no budget for {whose[:120]}; GET /budgets lists those there are", field="scope"
        )


def _quota(snapshot: Snapshot, text: str) -> Quota:
    name = text.removeprefix("Quota/")
    quotas = snapshot.policies.quotas
    for quota in quotas:
        if name in {quota.header.name, *quota.header.formerly}:
            if quota.unit is Unit.CONCURRENT:
                raise InvalidRequestError(
                    f"{quota.header.ref} counts concurrent requests; nothing is ever used of it", field="quota"
                )
            return quota
    near = get_close_matches(name, [quota.header.name for quota in quotas], n=1)
    hint = f"; did you mean `{near[0]}`" if near else "; GET /budgets lists them"
    raise InvalidRequestError(f"there is no quota `{name[:80]}`{hint}", field="quota")


def _key(quota: Quota, given: Mapping[str, str], organization: Organization, at: datetime) -> BudgetKey:
    """Return the budget that is named or, with the attribute of a ``max_share`` beside it, somebody's share of it."""
    sharing = quota.max_share.per if quota.max_share is not None else ""
    is_share = bool(sharing) and set(given) == {*quota.per, sharing} != set(quota.per)
    if not is_share and set(given) != set(quota.per):
        wanted = ", ".join(quota.per) or "nothing: one budget is shared by all"
        shares = f"; a share of one by {sharing} as well" if sharing else ""
        raise InvalidRequestError(f"a budget of {quota.header.ref} is named by {wanted}{shares}", field="scope")
    named = {**given}
    if "user" in named:
        named["user"] = organization.person_ids.get(named["user"].lower(), named["user"])
    scope = scope_of(quota, named)
    whole = budget_key(quota, scope, at)
    return part_key(quota, whole, SHARE, (*scope, (sharing, named[sharing]))) if is_share else whole


def _amount(text: str, unit: Unit) -> int:
    if unit is Unit.USD:
        amount = nano_from_text(text)
    elif text.isascii() and text.isdigit() and len(text) <= 19:
        amount = bounded(int(text))
    else:
        raise AmountError(f"`{text[:40]}` is not a whole number of {unit}; write it like 5000")
    if not amount:
        raise AmountError("an adjustment of nothing changes nothing; give an amount above 0")
    return amount


def _command(
    wish: AdjustmentWish, key: BudgetKey, amount: int, *, at: datetime, identity: Identity, now: datetime
) -> Adjust:
    """Make the command; a budget has one opening balance, whatever the caller's id."""
    now_ms = int(now.timestamp() * 1000)
    entry_id = new_id(now_ms)
    asked = "\x1e".join((wish.kind, key.digest.hex(), str(amount), wish.reason))
    opens = wish.kind is AdjustmentKind.OPENING_BALANCE
    record = {
        "id": id_text(entry_id),
        "request_id": wish.request_id,
        "kind": wish.kind,
        "quota": key.policy,
        "scope": dict(key.scope),
        "unit": key.unit,
        "amount": amount_text(amount, key.unit),
        "period": _period(key),
        "at": at,
        "reason": wish.reason,
        "posted_by": identity.person or identity.name,
        "posted_with_key": identity.name,
        "posted_at": now,
    }
    return Adjust(
        entry_id=entry_id,
        event_id=f"opening {key.digest.hex()}" if opens else f"request {wish.request_id}",
        body_digest=blake2b(asked.encode(), digest_size=16).digest(),
        received_at_ms=now_ms,
        at_ms=int(at.timestamp() * 1000),
        budget=key,
        kind=wish.kind,
        amount=amount,
        record=msgspec.json.encode(record),
    )


def _period(key: BudgetKey) -> dict[str, datetime] | None:
    if key.period_end_s is None:
        return None
    start, end = key.period_start_s, key.period_end_s
    return {"start": datetime.fromtimestamp(start, UTC), "end": datetime.fromtimestamp(end, UTC)}


def _check(result: AdjustmentResult, wish: AdjustmentWish, key: BudgetKey) -> None:
    match result.outcome:
        case AdjustmentOutcome.POSTED | AdjustmentOutcome.DUPLICATE:
            return
        case AdjustmentOutcome.CONFLICT if wish.kind is AdjustmentKind.OPENING_BALANCE:
            amount = _decoded(result.record)["amount"]
            raise ConflictError(
                f"this budget has an opening balance of {amount} {key.unit} already; post a credit or a debit"
            )
        case AdjustmentOutcome.CONFLICT:
            raise ConflictError(
                "this request_id was used for another adjustment; send a new one", request_id=wish.request_id
            )
        case AdjustmentOutcome.CREDIT_TOO_LARGE:
            used = amount_words(_at_least_0(result.balance), key.unit)
            raise ConflictError(
                f"only {used} of this budget are used, and a credit gives back no more; raise the limit for more room",
                code="credit_too_large",
                used=amount_text(result.balance.used, key.unit),
            )
        case AdjustmentOutcome.TOO_LARGE:
            raise AmountError("the budget would count more than it can; give a smaller amount")


def _at_least_0(balance: Balance) -> int:
    return max(0, balance.used)


def _decoded(record: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(record)
    return decoded
