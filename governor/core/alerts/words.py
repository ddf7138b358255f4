"""What a threshold says: which budget, the numbers, the reason, and the ways out."""

from datetime import UTC, datetime

from governor.core.alerts.thresholds import Standing
from governor.core.decisions.messages import instant_words, period_words
from governor.core.ledger.budget import BudgetKey
from governor.core.policy.alert_rule import AlertOf, AlertRule
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import Quota, WhenReached
from governor.core.scopes import scope_text
from governor.core.units import amount_text, amount_words


def threshold_title(key: BudgetKey, rule: AlertRule, standing: Standing) -> str:
    """Say in a line which budget has come how far."""
    who = scope_text(key.scope)
    amount = standing.used if rule.of is AlertOf.USED else standing.forecast or 0
    percent = f"{amount * 100 // standing.room}%" if standing.room > 0 else "more than all"
    if rule.of is AlertOf.USED:
        return f"{who} has used {percent} of {key.policy.removeprefix('Quota/')}"
    return f"{who} is on the way to {percent} of {key.policy.removeprefix('Quota/')}"


def threshold_reason(quota: Quota, key: BudgetKey, rule: AlertRule, standing: Standing) -> str:
    """Say what was compared, and why it is said now."""
    assert quota.period is not None, "only what has a period has alerts"
    period = period_words(quota.period, datetime.fromtimestamp(key.period_start_s, UTC))
    room = amount_words(standing.room, key.unit)
    if rule.of is AlertOf.USED:
        used = amount_words(standing.used, key.unit)
        return f"{used} of {room} for {period} are used, {rule.at_percent}% were to be told"
    forecast = amount_words(standing.forecast or 0, key.unit)
    return f"the forecast for {period} is {forecast} of {room}, {rule.at_percent}% were to be told"


def threshold_numbers(key: BudgetKey, rule: AlertRule, standing: Standing) -> tuple[tuple[str, str], ...]:
    """Return the same for programs; amounts are in the budget's unit."""
    numbers = [
        ("unit", str(key.unit)),
        ("room", amount_text(standing.room, key.unit)),
        ("used", amount_text(standing.used, key.unit)),
        ("at_percent", str(rule.at_percent)),
        ("period_start", datetime.fromtimestamp(key.period_start_s, UTC).isoformat()),
    ]
    if standing.forecast is not None:
        numbers.append(("forecast", amount_text(standing.forecast, key.unit)))
    return tuple(numbers)


def ways_out(quota: Quota, key: BudgetKey, now: datetime) -> tuple[str, ...]:
    """Say what happens at the limit, and what can be done."""
    ways = [_at_the_limit(quota)]
    if key.period_end_s is not None and quota.period is not None:
        end_at = datetime.fromtimestamp(key.period_end_s, UTC)
        begins = "begins" if now < end_at else "began"
        ways.append(f"it {begins} anew on {instant_words(end_at, quota.period.time_zone)}")
    if quota.header.exceptions_allowed:
        ways.append("ask for an exception: /ai-budget request")
    by = f", which {quota.header.owner} answers for" if quota.header.owner else ""
    ways.append(f"change the limit in {quota.header.source}{by}")
    return tuple(ways)


def _at_the_limit(quota: Quota) -> str:
    if quota.header.enforcement is not Enforcement.ENFORCE or quota.when_reached is WhenReached.WARN:
        return "requests go on beyond it"
    match quota.when_reached:
        case WhenReached.DOWNGRADE:
            assert quota.downgrade is not None, "a downgrade says to what"
            return f"requests are offered {', '.join(quota.downgrade.to)}"
        case WhenReached.OVERAGE:
            return "requests go on beyond it as far as the overage permits"
        case _:
            return "requests that do not fit are refused"
