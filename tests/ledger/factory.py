"""Makes commands for ledgers as the services do, with as little ceremony as possible."""

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from types import MappingProxyType

from governor.core.ledger.adjustments import Adjust, AdjustmentKind, Rerate
from governor.core.ledger.budget import BudgetKey, budget_digest
from governor.core.ledger.ceilings import HoldTerms
from governor.core.ledger.commands import (
    Admission,
    Assessment,
    Extend,
    Hold,
    Option,
    PathNow,
    Place,
    Posting,
    Release,
    Settle,
    Written,
)
from governor.core.ledger.entry import ChargedBudget, Entry, RollupKey
from governor.core.ledger.reservation import Facts, Reservation
from governor.core.ledger.results import EventResult
from governor.core.units import Counts, Unit
from governor.core.usage import Usage

NOON_S = 1_764_504_000
"""2025-11-30 12:00 UTC: far from every midnight."""

_numbers = itertools.count(1)


def new_id(at_s: float = NOON_S) -> bytes:
    """Return a fresh 16-byte id, time-ordered."""
    return int(at_s * 1000).to_bytes(6, "big") + next(_numbers).to_bytes(4, "big") + os.urandom(6)


def budget(name: str = "company", *, unit: Unit = Unit.REQUESTS, **scope: str) -> BudgetKey:
    """Return the identity of a budget."""
    pairs = tuple(scope.items())
    return BudgetKey(budget_digest(name, pairs, 0), f"Quota/{name}", pairs, unit, 0, None)


def hold(
    key: BudgetKey, amount: int = 1, ceiling: int | None = 100, *, must_fit: bool = True, charge: bool = False
) -> Hold:
    """Return a hold on a budget."""
    return Hold(key, amount, HoldTerms(ceiling or 0, ceiling, must_fit, Counts.ALL, charge))


def facts(cost_nano_usd: int | None = 0, **attributes: str) -> Facts:
    """Return what settlement needs."""
    return Facts(attributes, "openai/gpt-4o", "openai", "chat", 1, 10, 20, cost_nano_usd, "v1")


def place_options(
    *options: Sequence[Hold] | Option,
    request_id: str | None = None,
    body: bytes = b"{}",
    client: str = "gw",
    hold_for_s: int = 600,
    cost_nano_usd: int | None = 0,
    at_s: float = NOON_S,
    **attributes: str,
) -> Place:
    """Return a request with several candidates: the holds of each, or the whole of it."""
    decision_id = new_id(at_s)
    key = f"{client}/{request_id if request_id is not None else decision_id.hex()}"
    plan = tuple(one if isinstance(one, Option) else Option(placeable=True, holds=tuple(one)) for one in options)

    def conclude(admission: Admission, expires_at_s: int) -> Written:
        answer = f"{decision_id.hex()} {admission.chosen} {expires_at_s}".encode()
        return Written(facts(cost_nano_usd, **attributes), answer)

    return Place(
        decision_id=decision_id,
        client=client,
        claim=blake2b(key.encode(), digest_size=16).digest(),
        body_digest=blake2b(body, digest_size=16).digest(),
        at_ms=int(at_s * 1000),
        options=lambda: plan,
        hold_for_s=lambda _chosen: hold_for_s,
        conclude=conclude,
        request=body,
    )


def place(
    *holds: Hold,
    request_id: str | None = None,
    body: bytes = b"{}",
    client: str = "gw",
    hold_for_s: int = 600,
    cost_nano_usd: int | None = 0,
    at_s: float = NOON_S,
    **attributes: str,
) -> Place:
    """Return a request with one candidate."""
    return place_options(
        holds,
        request_id=request_id,
        body=body,
        client=client,
        hold_for_s=hold_for_s,
        cost_nano_usd=cost_nano_usd,
        at_s=at_s,
        **attributes,
    )


def settle(
    decision_id: bytes | None,
    *,
    amount: int = 1,
    postings: Sequence[Posting] | None = None,
    event_id: str | None = None,
    source: str = "gw",
    body: bytes = b"event",
    corrects: str | None = None,
    final: bool = True,
    rejected: str | None = None,
    model: str = "openai/gpt-4o",
    at_s: float = NOON_S,
    department: str = "",
    units: Mapping[str, int] = MappingProxyType({}),
    unpriced: bool = False,
) -> Settle:
    """Return a usage event that charges ``amount`` on each reserved budget, or on ``postings``.

    Where these come with their keys, a correction that names none charges the same budgets again.
    """
    entry_id = new_id(at_s)
    named = tuple(
        ChargedBudget(one.budget, one.key.unit, Counts.ALL, False) for one in postings or () if one.key is not None
    )

    def assess(reservation: Reservation | None, original: Entry | None) -> Assessment:
        posted, charged = postings, named if postings is not None and len(named) == len(postings) else None
        if posted is None and original is not None:
            charged = original.charged
            before = charged if charged is not None else original.charges
            posted = [Posting(one.budget, amount) for one in before]
        if posted is None:
            held = reservation.holds if reservation is not None else ()
            posted = [Posting(one.budget, amount) for one in held if one.unit is not Unit.CONCURRENT]
        return Assessment(
            rejected=rejected,
            usage=Usage(input_tokens=amount, output_tokens=1, units=dict(units)),
            cost_nano_usd=amount,
            requests=1,
            unpriced=unpriced,
            postings=tuple(posted),
            charged=charged,
            model=model,
            provider="openai",
            rollup=RollupKey(int(at_s) // 3600 * 3600, department=department, model=model, provider="openai"),
            occurred_at_ms=int(at_s * 1000),
        )

    def encode(result: EventResult) -> bytes:
        return f"{result.event_id} {result.status} {result.cost_nano_usd}".encode()

    return Settle(
        entry_id=entry_id,
        source=source,
        event_id=event_id if event_id is not None else entry_id.hex(),
        body_digest=blake2b(body, digest_size=16).digest(),
        decision_id=decision_id,
        corrects=corrects,
        received_at_ms=int(at_s * 1000),
        final=final,
        assess=assess,
        encode=encode,
    )


def adjust(key: BudgetKey, kind: AdjustmentKind, amount: int, *, event_id: str, at_s: float = NOON_S) -> Adjust:
    """Return an adjustment of a budget."""
    asked = f"{key.digest.hex()} {kind} {amount}".encode()
    return Adjust(
        entry_id=new_id(at_s),
        event_id=event_id,
        body_digest=blake2b(asked, digest_size=16).digest(),
        received_at_ms=int(at_s * 1000),
        at_ms=int(at_s * 1000),
        budget=key,
        kind=kind,
        amount=amount,
        record=asked,
    )


def rerate(event_id: str, percent: int, *, source: str = "gw", at_s: float = NOON_S) -> Rerate:
    """Return a price's correction: an input token costs so many percent of one nano-USD."""

    def price(_last: Entry, usage: Usage, _requests: int, _reservation: Reservation | None) -> int:
        return usage.input_tokens * percent // 100

    return Rerate(
        entry_id=new_id(at_s),
        source=source,
        event_id=event_id,
        received_at_ms=int(at_s * 1000),
        price=price,
        record=lambda before, after: f"{before} {after}".encode(),
    )


def release(decision_id: bytes, client: str = "gw") -> Release:
    """Return the wish to give everything back."""
    return Release(decision_id, client)


def as_placed(_: Reservation) -> PathNow:
    """Return a path on which nothing is known of a reservation's budgets: they go as far as they did."""
    return PathNow()


def extend(
    decision_id: bytes,
    hold_for_s: int,
    cost_nano_usd: int | None = None,
    client: str = "gw",
    *,
    path: Callable[[Reservation], PathNow] = as_placed,
) -> Extend:
    """Return the wish to hold longer, or more."""
    return Extend(decision_id, client, hold_for_s, cost_nano_usd, path)
