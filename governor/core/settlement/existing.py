"""What a budget would have used if its quota had stood in the policies from the beginning of its period.

``count_existing: true`` says that new budgets begin with it. A call counts on them if the quota covers it and they were
not charged by it: so nothing is counted twice, however often it is worked out.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from governor.core.decisions.draw_memory import DrawMemory
from governor.core.decisions.draws import Part
from governor.core.grants import GRANT_PREFIX, Grant
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.entry import Entry
from governor.core.ledger.reservation import Reservation
from governor.core.ledger.settling import totals_of
from governor.core.policy.kinds import Quota
from governor.core.policy.match import concerns
from governor.core.settlement.postings import OF_THE_MODEL, Actual
from governor.core.usage import Usage


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was recorded, or one that is still open.

    Attributes:
        attributes: Of the request that was decided, and of what was used: another model may have answered.
        booked_at: The instant whose periods it belongs to.
        actual: What it used; what it holds while it is open.
        charged: The budgets that it charges by itself.
        grants: Names of the grants that pay for it.
    """

    attributes: tuple[Mapping[str, str], ...]
    booked_at: datetime
    actual: Actual
    charged: Mapping[bytes, BudgetKey | None]
    grants: frozenset[str] = frozenset()


def recorded_call(chain: Sequence[Entry], reservation: Reservation | None, budgets: Mapping[bytes, BudgetKey]) -> Call:
    """Return what an event came to with its corrections and re-ratings.

    Args:
        chain: Its entries, the original first.
        reservation: Its decision, or None.
        budgets: The budgets that it charges, as far as they are known.
    """
    totals = totals_of(chain)
    digests = {charge.budget for entry in chain for charge in entry.charges}
    digests.update(one.budget for one in chain[-1].charged or ())
    digests.update(held.budget for held in (reservation.holds if reservation is not None else ()))
    used = chain[-1].attributes
    decided = reservation.facts.attributes if reservation is not None else used
    return Call(
        # Which model answered is all in which they may differ.
        attributes=(decided,) if all(decided.get(key) == used.get(key) for key in OF_THE_MODEL) else (decided, used),
        booked_at=_instant(reservation.at_ms if reservation is not None else chain[0].occurred_at_ms),
        actual=Actual(totals.usage, totals.cost_nano_usd, totals.requests),
        charged={digest: budgets.get(digest) for digest in digests},
        grants=_grants(reservation),
    )


def open_call(reservation: Reservation, budgets: Mapping[bytes, BudgetKey]) -> Call:
    """Return a call that nobody has reported on yet, with what it holds."""
    facts = reservation.facts
    # Budgets of output and of reasoning both hold the whole output.
    usage = Usage(
        input_tokens=facts.input_tokens, output_tokens=facts.output_tokens, reasoning_tokens=facts.output_tokens
    )
    return Call(
        attributes=(facts.attributes,),
        booked_at=_instant(reservation.at_ms),
        actual=Actual(usage, facts.cost_nano_usd or 0, facts.requests),
        charged={held.budget: budgets.get(held.budget) for held in reservation.holds},
        grants=_grants(reservation),
    )


def _grants(reservation: Reservation | None) -> frozenset[str]:
    holds = reservation.holds if reservation is not None else ()
    return frozenset(held.policy for held in holds if held.policy.startswith(GRANT_PREFIX))


class ExistingUse:
    """Sums up what the new budgets of some quotas begin with.

    Args:
        quotas: Those that count what there was, each with the instants before which calls were decided without its
            budgets, or without these parts of them.
        draws: Finds what a request draws on.
        now: Budgets are those whose period contains this instant.
        grants: All grants that may have paid, by name.
    """

    def __init__(
        self,
        quotas: Iterable[tuple[Quota, Mapping[Part, datetime]]],
        draws: DrawMemory,
        now: datetime,
        grants: Mapping[str, Grant],
    ) -> None:
        self._quotas = tuple(quotas)
        self._draws = draws
        self._now_s = now.timestamp()
        self._grants = grants
        self.amounts: dict[BudgetKey, int] = {}

    def add(self, call: Call) -> None:
        """Add one call to the budgets that it would have drawn on."""
        for quota, until in self._quotas:
            parts = {part for part, at in until.items() if call.booked_at < at}
            if parts and not self._is_paid(quota, call):
                amount = call.actual.amount(quota.unit, quota.counts)
                for key in self._drawn_on(quota, call, parts):
                    self.amounts[key] = self.amounts.get(key, 0) + amount

    def _drawn_on(self, quota: Quota, call: Call, parts: Collection[Part]) -> Iterable[BudgetKey]:
        """Return the budgets that a call would have drawn on, and has not: also a share beside a budget that it has."""
        keys: dict[BudgetKey, Part] = {}
        for attributes in map(self._draws.organization.named_now, call.attributes):
            if concerns(quota.header, attributes):
                [drawn] = self._draws.find((quota,), attributes, call.booked_at, downgrades=False)
                keys.update((draw.budget, draw.part) for draw in drawn.draws)
        charged = {part for key, part in keys.items() if key.digest in call.charged}
        return [
            key for key, part in keys.items() if part in parts and part not in charged and _contains(key, self._now_s)
        ]

    def _is_paid(self, quota: Quota, call: Call) -> bool:
        """Tell whether a grant, or another quota, has paid for what would count on this one."""
        header = quota.header
        if any(ref in self._grants and self._grants[ref].names(header) for ref in call.grants):
            return True
        names = {header.ref, *(f"Quota/{name}" for name in header.formerly)}
        return any(
            key is not None and key.policy in names and any(name == "overage" for name, _ in key.scope)
            for key in call.charged.values()
        )


def _contains(key: BudgetKey, now_s: float) -> bool:
    return key.period_start_s <= now_s and (key.period_end_s is None or now_s < key.period_end_s)


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
