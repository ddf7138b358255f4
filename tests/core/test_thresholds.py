"""When a threshold speaks: once, also on a jump, and again only after it was left."""

from hypothesis import given
from hypothesis import strategies as st

from governor.core.alerts.thresholds import Act, Mark, Standing, judge
from governor.core.policy.alert_rule import AlertOf, AlertRule

EIGHTY = AlertRule(80, AlertOf.USED, ("log",))
HUNDRED = AlertRule(100, AlertOf.USED, ("log",))
AHEAD = AlertRule(100, AlertOf.FORECAST, ("log",))
RULES = (EIGHTY, HUNDRED)


def run(rules: tuple[AlertRule, ...], *standings: Standing) -> list[tuple[int, str, Act]]:
    """Return what the thresholds did as a budget went through these standings: position, rule, act."""
    marks: dict[str, Mark] = {}
    done = []
    for position, standing in enumerate(standings):
        for rule, act, mark in judge(rules, standing, marks):
            marks[rule.key] = mark
            done.append((position, rule.key, act))
    return done


def test_a_threshold_speaks_once() -> None:
    """Below it nothing is said, at it once, and above it nothing more (litellm#3738)."""
    standings = [Standing(100, used) for used in (0, 79, 80, 81, 99)]

    assert [(2, "used 80", Act.FIRE)] == run(RULES, *standings)


def test_a_jump_makes_every_threshold_speak() -> None:
    """From 40 % to 120 % in one call: nobody was told of 80 %, so both are said."""
    assert [(1, "used 80", Act.FIRE), (1, "used 100", Act.FIRE)] == run(RULES, Standing(100, 40), Standing(100, 120))


def test_a_raised_limit_makes_those_ready_that_are_no_longer_reached() -> None:
    """What is still reached stays silent; what was left speaks again when it is reached again."""
    standings = [Standing(100, 120), Standing(140, 120), Standing(140, 140), Standing(140, 150)]

    assert [
        (0, "used 80", Act.FIRE),
        (0, "used 100", Act.FIRE),
        (1, "used 100", Act.REARM),
        (2, "used 100", Act.FIRE),
    ] == run(RULES, *standings)


def test_a_forecast_around_the_threshold_speaks_once() -> None:
    """It must fall by a tenth before it may speak again (SAP btp-resource-consumption-monitor#9)."""
    bounds = (99, 101, 98, 102, 95, 103, 89, 104)

    assert [(1, Act.FIRE), (6, Act.REARM), (7, Act.FIRE)] == [
        (position, act) for position, _, act in run((AHEAD,), *(Standing(100, 10, bound) for bound in bounds))
    ]


def test_nothing_is_said_of_a_forecast_that_nobody_can_rely_on() -> None:
    """Without enough history there is no bound."""
    assert [] == run((AHEAD,), Standing(100, 100, None))


def test_where_there_is_no_room_the_first_use_is_told() -> None:
    """A limit of nothing, or a debt as large as the limit, is reached by anything that is used."""
    assert [(1, "used 80", Act.FIRE)] == run((EIGHTY,), Standing(0, 0), Standing(-5, 1))


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=40))
def test_a_threshold_speaks_exactly_as_often_as_it_is_reached_anew(path: list[tuple[int, int]]) -> None:
    """Whatever limit and use do: fire and re-arm take turns, and the last one says how it stands."""
    acts = [act for _, _, act in run((EIGHTY,), *(Standing(room, used) for room, used in path))]

    assert acts == [Act.FIRE, Act.REARM] * (len(acts) // 2) + [Act.FIRE] * (len(acts) % 2)
    if path:
        room, used = path[-1]
        assert (used > 0 and used * 100 >= room * 80) is (len(acts) % 2 == 1)
