"""How budgets are forecast, in words."""

from collections.abc import Iterator

from governor.core.policy.forecast_rule import Bound, ForecastRule, PriceChange, ScenarioRule
from governor.core.wording.envelope import envelope_statements
from governor.core.wording.phrases import begin_words, counted, listed
from governor.core.wording.statements import Statement

_BOUNDS = {
    Bound.LOWER: "almost certainly",
    Bound.MEDIAN: "as likely as not",
    Bound.UPPER: "possibly",
}


def forecast_statements(rule: ForecastRule, time_zone: str) -> Iterator[Statement]:
    """Yield everything that a ForecastRule says; no request is decided by it."""
    facts = {
        "horizon": ("how far a forecast looks", counted(rule.horizon_days, "day")),
        "interval": ("how often what happens lies in its interval", f"{rule.interval_percent}% of the time"),
        "min_history": ("least history of a forecast", counted(rule.min_history_days, "day")),
        "alert_on": ("an alert is sent if a threshold is passed", _BOUNDS[rule.alert_on]),
    }
    if rule.accuracy_target_bp is not None:
        facts["accuracy_target"] = ("error that forecasts should stay below", _percent(rule.accuracy_target_bp))
    for key, (subject, words) in facts.items():
        yield Statement(key, subject, words, decides=False)
    for scenario in rule.scenarios:
        words = _scenario_words(scenario, time_zone)
        yield Statement(f"scenarios.{scenario.name}", f"scenario {scenario.name}", words, decides=False)
    yield from envelope_statements(rule.header, time_zone)


def _scenario_words(scenario: ScenarioRule, time_zone: str) -> str:
    parts = [f"{_percent(scenario.growth_bp)} growth a month", f"{scenario.overhead_milli / 1000:g} times the use"]
    parts += [_change_words(change, time_zone) for change in scenario.price_changes]
    return listed(parts)


def _change_words(change: PriceChange, time_zone: str) -> str:
    what = change.model or "all models"
    where = f" at {change.provider}" if change.provider else ""
    begins = f" from {begin_words(change.from_at, time_zone)} on" if change.from_at is not None else ""
    return f"prices of {what}{where} {change.by_bp / 100:+g}%{begins}"


def _percent(basis_points: int) -> str:
    return f"{basis_points / 100:g}%"
