"""Sentences for people about budgets, with the numbers that were compared."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from governor.core.globs import is_glob
from governor.core.ledger.budget import BudgetKey
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.header import Header
from governor.core.policy.kinds import Overage
from governor.core.scopes import scope_text
from governor.core.units import Unit, amount_words, rounded_words

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""English month names, whatever the machine's locale."""


def instant_words(at: datetime, time_zone: str) -> str:
    """Render an instant in a zone: ``"1 December 00:00 CET"``."""
    local = at.astimezone(ZoneInfo(time_zone))
    return f"{local.day} {MONTHS[local.month - 1]} {local:%H:%M} {local.tzname()}"


def period_words(definition: PeriodDefinition, start_at: datetime) -> str:
    """Name a period: ``"November"``, ``"2026"``, ``"the day of 20 November"``, ``"the minute from 09:00 UTC"``."""
    local = start_at.astimezone(ZoneInfo(definition.time_zone))
    day = f"{local.day} {MONTHS[local.month - 1]}"
    match definition.every:
        case Every.MONTH if definition.anchor_on is None:
            return MONTHS[local.month - 1]
        case Every.YEAR if definition.anchor_on is None:
            return str(local.year)
        case Every.DAY:
            return day
        case Every.MINUTE | Every.HOUR:
            return f"the {definition.every} from {start_at.astimezone(ZoneInfo(_zone(definition))):%H:%M} UTC"
        case Every.ONCE:
            return "all time"
        case Every.DAYS:
            return f"the {definition.days} days from {day}"
        case _:
            return f"the {definition.every} from {day}"


def exceeded_message(
    header: Header,
    period: PeriodDefinition | None,
    key: BudgetKey,
    *,
    limit: int,
    used: int,
    held: int,
    requested: int,
    why: str = "",
    is_fixed: bool = True,
) -> str:
    """Say which budget has no room, with all numbers, and when it opens again.

    Args:
        header: Of the quota that draws on the budget.
        period: How the budget's time is cut; None for concurrent requests.
        key: The budget.
        limit: How far it may go now, in its unit, as are the other amounts.
        used: Settled.
        held: Held by others.
        requested: What this request would hold.
        why: What made the limit another than the policy's; ``""`` if nothing did.
        is_fixed: Whether no other period has more room than this one.
    """
    who = _who(key, header)
    unit = key.unit
    if unit is Unit.CONCURRENT:
        return f"{who} has {held:,} of {limit:,} concurrent requests open; wait until one of them ends"
    amounts = f"{_number(used, unit)} of {rounded_words(limit, unit) if why else amount_words(limit, unit)}"
    holding = f" and holds {_number(held, unit)}" if held else ""
    explained = f" ({why})" if why else ""
    parts = [f"{who} has used {amounts}{_for_period(period, key)}{explained}{holding}"]
    if requested > limit and is_fixed:
        # It would be refused in every period: when the budget opens again is no help.
        return f"{parts[0]}; this request needs {_number(requested, unit)}, more than the whole limit"
    if used + held < limit:
        parts.append(f"this request needs {_number(requested, unit)}")
    reset = resets_at(key)
    if reset is not None and period is not None:
        parts.append(f"it resets on {instant_words(reset, _zone(period))}")
    return "; ".join(parts)


def soft_limit_message(header: Header, key: BudgetKey, *, soft_limit: int, limit: int, taken: int) -> str:
    """Say that a soft limit was passed; nothing is refused for it."""
    unit = key.unit
    return (
        f"{_who(key, header)} is at {_number(taken, unit)} of {amount_words(limit, unit)}, "
        f"past the soft limit of {_number(soft_limit, unit)}"
    )


def resets_at(key: BudgetKey) -> datetime | None:
    """Return the end of a budget's period, or None for what has no period."""
    return datetime.fromtimestamp(key.period_end_s, UTC) if key.period_end_s is not None else None


def overage_message(header: Header, key: BudgetKey, overage: Overage, *, beyond: int, limit: int) -> str:
    """Say that a budget is beyond its limit, how far, and who pays what for it."""
    unit = key.unit
    who = _who(key, header)
    if overage.fund:
        return f"{who} has no room left in {rounded_words(limit, unit)}; Quota/{overage.fund} pays for this request"
    dearer = f", at a surcharge of {overage.surcharge_percent}%" if overage.surcharge_percent else ""
    permitted = amount_words(overage.up_to, unit)
    return (
        f"{who} is {amount_words(beyond, unit)} beyond {rounded_words(limit, unit)}; {permitted} are permitted{dearer}"
    )


_PARTIES = frozenset({"department", "team", "user", "project", "use_case"})


def _who(key: BudgetKey, header: Header) -> str:
    """Name whose budget it is, as a sentence begins: names as they are written, the budget's own, or ``Everyone``."""
    if key.scope:
        return scope_text(key.scope)
    match header.applies_to.terms:
        case () if header.excluded is None:
            return "Everyone"
        case ((attribute, (name,)),) if attribute in _PARTIES and header.excluded is None and not is_glob(name):
            return name
        case _:
            return f"The budget {key.policy.partition('/')[2]}"


def _zone(period: PeriodDefinition) -> str:
    """Return the zone in which a period is cut, so that a sentence about it has one zone only."""
    return "UTC" if period.every in {Every.MINUTE, Every.HOUR} else period.time_zone


def _for_period(period: PeriodDefinition | None, key: BudgetKey) -> str:
    if period is None:
        return ""
    return f" for {period_words(period, datetime.fromtimestamp(key.period_start_s, UTC))}"


def _number(amount: int, unit: Unit) -> str:
    """Render an amount without its unit, which the sentence has named."""
    return amount_words(amount, unit).partition(" ")[0]
