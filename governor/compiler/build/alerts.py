"""Alerts of a quota to core values."""

from functools import partial

from governor.compiler.build.reader import Reader
from governor.compiler.quantities import parse_whole_percent
from governor.compiler.shapes.alerts import AlertShape
from governor.compiler.source import Path
from governor.core.policy.alert_rule import AlertOf, AlertRule

AT_PERCENT_MAX = 1_000
"""Spend may be far beyond a limit where that is permitted."""


def build_alerts(shapes: list[AlertShape], reader: Reader) -> tuple[AlertRule, ...]:
    """Build the alerts of a quota, each part of the limit named once."""
    found: dict[str, AlertRule] = {}
    for index, shape in enumerate(shapes):
        path: Path = ("alerts", index)
        percent = reader.read(partial(parse_whole_percent, percent_max=AT_PERCENT_MAX), shape.at, (*path, "at"), 100)
        rule = AlertRule(percent, AlertOf(shape.of), tuple(dict.fromkeys(shape.notify)))
        if rule.key in found:
            hint = "name everybody in one alert"
            reader.add("duplicate-name", f"there are two alerts at {rule.words}", path, hint=hint)
        found[rule.key] = rule
    return tuple(found.values())
