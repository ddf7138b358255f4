"""Forecasts that somebody asked for are made once, to the end, and nobody waits longer than he wants."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from governor.services.forecast.in_the_making import ForecastsInTheMaking
from governor.services.forecast.process import ForecastProcessError

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def view(name: str, used: int = 1) -> Any:
    """Return what is looked at of a budget."""
    return SimpleNamespace(budget=SimpleNamespace(digest=name.encode()), used=used)


@dataclass
class Maker:
    """Makes forecasts when it is told to."""

    begun: list[list[bytes]] = field(default_factory=list)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def __call__(self, views: Sequence[Any], _now: datetime) -> None:
        """Wait until it may end."""
        self.begun.append([each.budget.digest for each in views])
        await self.may_end.wait()
        if self.error is not None:
            raise self.error


async def test_two_who_ask_wait_for_one() -> None:
    """Whoever comes second only has those made that are not in the making; both get all."""
    maker = Maker()
    making = ForecastsInTheMaking(maker)
    impatient = [await making.make([view(name) for name in names], NOW, 0) for names in ("ab", "bc")]
    waiting = asyncio.gather(*(making.make([view(name) for name in names], NOW, None) for names in ("ab", "bc")))
    maker.may_end.set()

    assert [{b"a", b"b"}, {b"b", b"c"}] == impatient
    assert [set(), set()] == await waiting
    assert [[b"a", b"b"], [b"c"]] == maker.begun


async def test_a_failure_is_for_who_waits() -> None:
    """Whoever wants all of it is told; whoever does not is shown what there was."""
    maker = Maker(error=ForecastProcessError("ended"))
    making = ForecastsInTheMaking(maker)
    assert {b"a"} == await making.make([view("a")], NOW, 0)
    maker.may_end.set()

    with pytest.raises(ForecastProcessError):
        await making.make([view("a")], NOW, None)
    assert set() == await making.make([view("a")], NOW, 60)


async def test_what_was_never_used_is_not_looked_at_again_and_again() -> None:
    """Within an hour only if something was used meanwhile."""
    maker = Maker()
    maker.may_end.set()
    making = ForecastsInTheMaking(maker)
    for used, later in ((0, 0), (0, 59), (5, 59), (0, 60)):
        await making.make([view("a", used)], NOW + timedelta(minutes=later), None)

    assert 3 == len(maker.begun)


async def test_what_is_not_ready_is_dropped_at_the_end() -> None:
    """A server that stops does not wait for forecasts."""
    maker = Maker()
    making = ForecastsInTheMaking(maker)
    await making.make([view("a")], NOW, 0)
    await making.close()

    assert set() == await making.make([], NOW, None)
