"""Statements and their corrections: written once, at the end of a budget's period, and never changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from governor.core.scopes import Scope
from governor.core.units import Unit


@dataclass(frozen=True, slots=True)
class Part:
    """What one model, team or use case used of a budget; ``name`` is ``""`` where requests named none."""

    name: str
    amount: int
    requests: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What was booked on a budget, in its unit, by kind and by whom. See ``sum_up``.

    Attributes:
        on_time: Usage that was reported before the period's end.
        late: Usage, and corrections of usage, that were reported afterwards.
        adjusted: Credits, debits and opening balances.
        rerated: What corrected prices changed.
        overrun_nano_usd: By how much calls cost more than was held for them.
        requests: Calls.
    """

    on_time: int = 0
    late: int = 0
    adjusted: int = 0
    rerated: int = 0
    overrun_nano_usd: int = 0
    requests: int = 0
    by_model: tuple[Part, ...] = ()
    by_team: tuple[Part, ...] = ()
    by_use_case: tuple[Part, ...] = ()

    @property
    def booked(self) -> int:
        """All of it."""
        return self.on_time + self.late + self.adjusted + self.rerated


NO_USAGE = Usage()

WINDOW_S = 60
"""A period that is no longer is a rate limit: nobody files what each minute of each person came to."""

ADJUSTMENTS = "(adjustments)"
"""In place of a model, team or use case: what was posted by hand."""


@dataclass(frozen=True, slots=True)
class Booking:
    """One sum of entries on a budget: what kind they are of, and who used what."""

    kind: str
    team: str
    use_case: str
    model: str
    amount: int
    requests: int
    overrun_nano_usd: int


ON_TIME, LATE, ADJUSTED, RERATED = "on_time", "late", "adjusted", "rerated"
"""Kinds of bookings."""


GRANTED = "granted"
"""What a grant paid, with the hour in Unix seconds: ``granted 1764504000``."""


def sum_up(bookings: Iterable[Booking]) -> Usage:
    """Sum up what was booked on one budget."""
    amounts = dict.fromkeys((ON_TIME, LATE, ADJUSTED, RERATED), 0)
    overrun_nano_usd = requests = 0
    parts: dict[str, dict[str, list[int]]] = {"model": {}, "team": {}, "use_case": {}}
    for booking in bookings:
        amounts[booking.kind] += booking.amount
        overrun_nano_usd += booking.overrun_nano_usd
        requests += booking.requests
        for dimension, sums in parts.items():
            name = ADJUSTMENTS if booking.kind == ADJUSTED else getattr(booking, dimension)
            sum_ = sums.setdefault(name, [0, 0])
            sum_[0] += booking.amount
            sum_[1] += booking.requests
    return Usage(
        on_time=amounts[ON_TIME],
        late=amounts[LATE],
        adjusted=amounts[ADJUSTED],
        rerated=amounts[RERATED],
        overrun_nano_usd=overrun_nano_usd,
        requests=requests,
        by_model=_parts(parts["model"]),
        by_team=_parts(parts["team"]),
        by_use_case=_parts(parts["use_case"]),
    )


def _parts(sums: Mapping[str, list[int]]) -> tuple[Part, ...]:
    """Return the parts, the largest first; what came to nothing is left out."""
    found = [Part(name, amount, requests) for name, (amount, requests) in sums.items() if amount or requests]
    return tuple(sorted(found, key=lambda part: (-part.amount, part.name)))


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of a statement, in the budget's unit.

    Attributes:
        limit: In force at the period's last instant.
        carried_in: What the ledger carried into the period; below zero: a debt.
        used: All of it: what was booked and what nobody reported.
        held: For calls that were still open when this was written; the ledger carries as if it were used.
        over: What went beyond limit and carry.
        surcharge: What the policy adds for that; never part of ``used``.
        carried_out: What the ledger carries into the next period, from what is known now.
        usage: What was booked, by kind and by whom.
        granted: What exceptions paid for beside the budget, by grant, in nano-USD; no part of ``used``.
    """

    limit: int
    carried_in: int
    used: int
    held: int
    over: int
    surcharge: int
    carried_out: int
    usage: Usage = NO_USAGE
    granted: tuple[Part, ...] = ()

    @property
    def unreported(self) -> int:
        """What was charged because nobody reported what was used (``reserve.on_expiry: charge``)."""
        return self.used - self.usage.booked


@dataclass(frozen=True, slots=True)
class Statement:
    """What a budget's period came to.

    Attributes:
        digest: The budget.
        root: The name that the quota's balances are kept under, whatever it is called.
        policy: The quota's name when this was written (``Quota/x``).
        scope: Whose budget it was.
        start_at: Begin of the period.
        end_at: Its end.
        stated_at: When this was written.
        policy_version: The policies that it was written under.
        figures: The numbers.
        edition: 0 for the statement; corrections follow from 1.
        reason: Why it was corrected; ``""`` for the statement.
    """

    digest: bytes
    root: str
    policy: str
    scope: Scope
    unit: Unit
    start_at: datetime
    end_at: datetime
    stated_at: datetime
    policy_version: str
    figures: Figures
    edition: int = 0
    reason: str = ""


def why_corrected(before: Figures, after: Figures) -> str:
    """Say why figures that were stated are not what they are now; ``""`` if they are."""
    if before == after:
        return ""
    if after.usage.late != before.usage.late:
        return "usage was reported after the period's end"
    if after.usage.adjusted != before.usage.adjusted:
        return "the budget was adjusted after the period's end"
    if after.usage.rerated != before.usage.rerated:
        return "prices were corrected after the period's end"
    if after.used != before.used or after.held != before.held:
        return "calls that were open at the period's end have ended"
    if after.granted != before.granted:
        return "what exceptions paid for is now known in full"
    if after.carried_in != before.carried_in:
        return "what the period before left was corrected"
    if after.carried_out != before.carried_out:
        return "what is carried on changed"
    return "what was booked is now known in full"
