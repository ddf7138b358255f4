"""A quota in words: how much, for whom, until when, and what happens at its end."""

from collections.abc import Iterator

from governor.core.decisions.messages import MONTHS
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.kinds import Quota, WhenReached
from governor.core.units import Counts, Unit, amount_words
from governor.core.wording.envelope import envelope_statements
from governor.core.wording.phrases import begin_words, date_words, duration_words, listed
from governor.core.wording.selectors import limit_subject, scope_words, selector_words
from governor.core.wording.statements import Statement

_ADJECTIVES = {
    Every.DAY: "daily",
    Every.WEEK: "weekly",
    Every.MONTH: "monthly",
    Every.QUARTER: "quarterly",
    Every.YEAR: "yearly",
    Every.HOUR: "hourly",
    Every.ONCE: "lifetime",
}
_COUNTS = {
    Counts.ALL: "input and output tokens",
    Counts.INPUT: "input tokens",
    Counts.OUTPUT: "output tokens",
    Counts.REASONING: "reasoning tokens",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def quota_statements(quota: Quota, time_zone: str) -> Iterator[Statement]:
    """Yield everything that a quota says."""
    yield from limit_statements(quota, time_zone)
    yield Statement("unit", "what is limited", measured_words(quota))
    yield Statement("per", "budgets", scope_words(quota.per))
    yield Statement("period", "period", period_definition_words(quota.period))
    yield Statement("when_reached", "when it is reached", reached_words(quota))
    if soft_words(quota):
        yield Statement("soft_limit", "warning", soft_words(quota))
    for alert in quota.alerts:
        yield Statement(f"alerts.{alert.key}", f"told at {alert.words}", listed(alert.notify))
    yield from _movers(quota)
    yield from _reserve(quota)
    yield from envelope_statements(quota.header, time_zone)


def limit_statements(quota: Quota, time_zone: str) -> Iterator[Statement]:
    """Yield each limit with whose it is."""
    noun = limit_noun(quota.period)
    own = limit_subject(quota.header.applies_to, quota.per, noun)
    yield Statement("limit", own, amount_words(quota.limit, quota.unit), rule="limit")
    for index, limit_for in enumerate(quota.limits):
        who = selector_words(limit_for.selector)
        subject = limit_subject(limit_for.selector, quota.per, noun)
        yield Statement(f"limits.{who}", subject, amount_words(limit_for.limit, quota.unit), rule=f"limits[{index}]")
    if len(quota.limits) > 1:
        order = ", then ".join(selector_words(limit_for.selector) for limit_for in quota.limits)
        yield Statement("limits.order", "order in which limits are looked for", order)
    for dated in quota.schedule:
        begins = begin_words(dated.from_at, time_zone)
        words = amount_words(dated.limit, quota.unit)
        yield Statement(f"schedule.{begins}", f"{own} from {begins} on", words, rule="limit")


def limit_noun(period: PeriodDefinition | None) -> str:
    """Name the limit of a period: ``"monthly limit"``, ``"limit of a minute"``, ``"limit at the same time"``."""
    if period is None:
        return "limit at the same time"
    if period.every in _ADJECTIVES:
        return f"{_ADJECTIVES[period.every]} limit"
    if period.every is Every.DAYS:
        return f"limit of {period.days} days"
    return f"limit of a {period.every}"


def measured_words(quota: Quota) -> str:
    """Say what a quota measures."""
    match quota.unit:
        case Unit.USD:
            return "money"
        case Unit.TOKENS:
            return _COUNTS[quota.counts]
        case Unit.REQUESTS:
            return "requests"
        case Unit.CONCURRENT:
            return "requests at the same time"


def period_definition_words(period: PeriodDefinition | None) -> str:
    """Say how time is cut: ``"each month, Europe/Berlin"``."""
    if period is None:
        return "none: what has ended is free again"
    if period.every is Every.ONCE:
        return "once, for good"
    if period.every in {Every.MINUTE, Every.HOUR}:
        return f"each {period.every}"
    words = f"each {period.every}"
    if period.every is Every.DAYS:
        words = f"every {period.days} days"
    if period.anchor_on is not None:
        words += f", counted from {date_words(period.anchor_on)}"
    elif period.every is Every.WEEK:
        words += f" from {_WEEKDAYS[period.week_starts - 1]}"
    elif period.every.startswith("fiscal"):
        month, day = period.fiscal_year_start
        words += f" of years that begin on {day} {MONTHS[month - 1]}"
    return f"{words}, {period.time_zone}"


def soft_words(quota: Quota) -> str:
    """Say from when on a quota warns; ``""`` if it never does."""
    if quota.soft_limit_percent is not None:
        return f"from {quota.soft_limit_percent}% on"
    return f"from {amount_words(quota.soft_limit, quota.unit)} on" if quota.soft_limit is not None else ""


def reached_words(quota: Quota) -> str:
    """Say what happens once the limit is reached."""
    match quota.when_reached:
        case WhenReached.WARN:
            return "requests go on, with a warning"
        case WhenReached.DOWNGRADE if quota.downgrade is not None:
            models = listed(quota.downgrade.to, "or")
            at = quota.downgrade.from_percent
            return f"from {at}% on only {models} can be used, and nothing beyond the limit"
        case WhenReached.OVERAGE if quota.overage is not None:
            more = amount_words(quota.overage.up_to, quota.unit)
            if quota.overage.fund:
                return f"up to {more} more are paid from Quota/{quota.overage.fund}, then requests are refused"
            dearer = f" at a surcharge of {quota.overage.surcharge_percent}%" if quota.overage.surcharge_percent else ""
            return f"up to {more} more can be used{dearer}, then requests are refused"
    return "requests are refused"


def _movers(quota: Quota) -> Iterator[Statement]:
    """Yield what moves the ceiling."""
    if quota.max_share is not None:
        share = quota.max_share
        yield Statement("max_share", "most for one part", f"{share.percent}% for one {share.per.replace('_', ' ')}")
    if quota.burst_percent is not None:
        words = f"{quota.burst_percent / 100:g} times an even day's part of what is left"
        yield Statement("pace", "most in one day", words)
    if quota.rollover is not None:
        yield Statement("rollover.unused", "what is left over", _unused_words(quota))
        owed = "is taken off the next period" if quota.rollover.overspend else "is forgotten"
        yield Statement("rollover.overspend", "what is overspent", owed)
    if quota.count_existing:
        yield Statement("count_existing", "what was used before the budget", "counts, in the period in which it begins")
    if quota.prorated:
        yield Statement("first_period", "first period", "has only its part of the limit")


def _unused_words(quota: Quota) -> str:
    rollover = quota.rollover
    if rollover is not None and rollover.unused_percent is not None:
        return f"up to {rollover.unused_percent}% of the limit can be used in the next period"
    if rollover is not None and rollover.unused_amount is not None:
        return f"up to {amount_words(rollover.unused_amount, quota.unit)} can be used in the next period"
    return "is lost"


def _reserve(quota: Quota) -> Iterator[Statement]:
    """Yield how requests are held until they are reported, and what happens when the ledger fails."""
    held = "as much as such answers usually have" if quota.learned else "all that was asked for"
    yield Statement("reserve.output", "output that is held", held)
    yield Statement("reserve.hold_for", "how long a request is held", duration_words(quota.hold_for_s))
    unreported = "is charged" if quota.charge_on_expiry else "costs nothing"
    yield Statement("reserve.on_expiry", "what nobody reported", unreported)
    failing = "requests pass" if quota.fail_open else "requests are refused"
    yield Statement("on_ledger_failure", "while budgets cannot be read", failing)
