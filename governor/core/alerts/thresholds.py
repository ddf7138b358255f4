"""When a threshold speaks: once for each scope and period, and again only after it was no longer reached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from governor.core.policy.alert_rule import AlertOf, AlertRule

HYSTERESIS_PERCENT = 10
"""A forecast moves with every day: it must fall by this part of the threshold before it can speak again."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a threshold has done in one scope and period.

    Attributes:
        rounds: How often it spoke.
        fired: Whether it speaks no more until it was no longer reached.
    """

    rounds: int = 0
    fired: bool = False


NEVER = Mark()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands, in its unit.

    Attributes:
        room: Its limit with what was carried.
        used: What was used.
        forecast: What the period will come to, by the bound that counts; None where nothing reliable is known.
    """

    room: int
    used: int
    forecast: int | None = None


class Act(StrEnum):
    """What a threshold does: speak, or be ready to speak again."""

    FIRE = "fire"
    REARM = "rearm"


def judge(
    rules: Iterable[AlertRule], standing: Standing, marks: Mapping[str, Mark]
) -> list[tuple[AlertRule, Act, Mark]]:
    """Return which thresholds do something, each with its new mark.

    A jump over several thresholds makes each of them speak; a raised limit, or a credit, makes those ready again that
    are no longer reached.
    """
    acts: list[tuple[AlertRule, Act, Mark]] = []
    for rule in rules:
        mark = marks.get(rule.key, NEVER)
        amount = standing.used if rule.of is AlertOf.USED else standing.forecast
        if amount is None:
            continue
        if not mark.fired and _reached(amount, standing.room, rule.at_percent):
            acts.append((rule, Act.FIRE, Mark(mark.rounds + 1, True)))
        elif mark.fired and _left(rule, amount, standing.room):
            acts.append((rule, Act.REARM, Mark(mark.rounds, False)))
    return acts


def _reached(amount: int, room: int, percent: int) -> bool:
    """Tell whether an amount has come to a part of the room; where there is no room, anything used has."""
    return amount > 0 and amount * 100 >= max(0, room) * percent


def _left(rule: AlertRule, amount: int, room: int) -> bool:
    percent = rule.at_percent
    if rule.of is AlertOf.FORECAST:
        percent = percent * (100 - HYSTERESIS_PERCENT) // 100
    return not _reached(amount, room, percent)
