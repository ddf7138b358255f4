"""Scenarios scale and add to what is forecast; what was used stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from governor.core.forecasts.forecast import Band, Forecast, ModelShare, PeriodAhead
from governor.core.forecasts.scenarios import (
    Addition,
    Departure,
    Effects,
    PriceEffect,
    break_even_tokens,
    outlook,
    pool_rate,
)
from governor.core.ledger.budget import BudgetKey
from governor.core.units import Unit
from tests.store.test_forecasts import FORECAST

START = datetime(2026, 11, 1, tzinfo=UTC)
START_S = int(START.timestamp())
DAY_S = 86_400
BUDGET = BudgetKey(b"b" * 16, "Quota/monthly", (("department", "marketing"),), Unit.USD, START_S, START_S + 30 * DAY_S)
STEADY: Forecast = replace(
    FORECAST,
    budget=BUDGET,
    made_at=START + timedelta(days=10),
    limit=400,
    used=100,
    held=0,
    total=Band(200, 300, 400),
    daily=tuple(Band(5 * day, 10 * day, 15 * day) for day in range(1, 61)),
    ahead=(PeriodAhead(START_S + 30 * DAY_S, START_S + 60 * DAY_S, Band(200, 300, 400), 350),),
    mix=(ModelShare("anthropic/opus", "bedrock", 75, 1000), ModelShare("openai/mini", "openai", 25, 3000)),
)
"""Ten a day; a hundred were used in the first ten days."""


def test_nothing_changes_under_no_effects() -> None:
    """The scenario of nothing is the forecast."""
    found = outlook(STEADY, Effects(), ())

    assert (STEADY.total, STEADY.ahead, None, None) == (found.total, found.ahead, found.runs_out_at, found.breaks_at)


def test_overhead_multiplies_what_is_to_come() -> None:
    """Twice of what is left, and nothing of what was used; so the limit is passed halfway through the rest."""
    found = outlook(STEADY, Effects(overhead_milli=2000), ())

    assert Band(300, 500, 700) == found.total
    assert START + timedelta(days=25) == found.runs_out_at == found.breaks_at
    assert Band(400, 600, 800) == found.ahead[0].total


def test_growth_compounds() -> None:
    """Ten per cent a month: a month away use is a tenth more."""
    found = outlook(STEADY, Effects(growth_bp=1000), ())

    assert 300 < found.total.median < 320
    assert 330 < found.ahead[0].total.median < 360


def test_a_price_changes_what_depends_on_it_and_from_its_day() -> None:
    """Three quarters of the money are Anthropic's: 20 % more there are 15 % more in all, from the second month on."""
    later = PriceEffect(1.2, provider="anthropic", from_s=START_S + 30 * DAY_S)
    found = outlook(STEADY, Effects(prices=[later]), ())

    assert (STEADY.total, 345) == (found.total, found.ahead[0].total.median)


def test_tokens_have_no_price() -> None:
    """A dearer model leaves a budget of tokens as it is."""
    tokens = replace(STEADY, budget=BudgetKey(b"t" * 16, "Quota/t", (), Unit.TOKENS, START_S, START_S + 30 * DAY_S))

    assert STEADY.total == outlook(tokens, Effects(prices=[PriceEffect(3.0)]), ()).total


def test_a_pilot_that_goes_live_adds_every_day() -> None:
    """Six a day more, on each bound; and the next month breaks."""
    found = outlook(STEADY, Effects(), [Addition(nano_usd=6.0, tokens=0, requests=0)])

    assert (Band(320, 420, 520), 480) == (found.total, found.ahead[0].total.median)
    assert found.runs_out_at is not None


@pytest.mark.parametrize(("stays", "money", "tokens"), [(True, 326, 300), (False, 290, 280)])
def test_what_goes_to_another_model_is_paid_there(stays: bool, money: int, tokens: int) -> None:
    """Two fifths go where they cost half, which becomes a fifth dearer; a quarter of the money costs twice as much."""
    gone = Departure("anthropic/opus", "bedrock", 0.4, 0.5, stays, "google/flash", "google")
    effects = Effects(prices=[PriceEffect(1.2, "google/flash"), PriceEffect(2.0, "openai/*")])
    counted = replace(STEADY, budget=BudgetKey(b"t" * 16, "Quota/t", (), Unit.TOKENS, START_S, START_S + 30 * DAY_S))

    assert money == outlook(STEADY, effects, (), [gone]).total.median
    assert tokens == outlook(counted, effects, (), [gone]).total.median


@pytest.mark.parametrize(("utilisation", "rate"), [(1.0, 1000), (0.5, 1500), (0.0, 2000)])
def test_what_is_not_used_of_a_commitment_is_paid(utilisation: float, rate: int) -> None:
    """The effective price is rate x (2 - utilisation)."""
    assert rate == pool_rate(1000, utilisation)


def test_own_machines_pay_from_a_number_of_tokens_on() -> None:
    """A fixed cost is shared by the difference; without a difference they never do."""
    assert (2000, None) == (break_even_tokens(1000, 0.5, 1.0), break_even_tokens(1000, 1.0, 1.0))
