"""Months of use with a rhythm of weekdays, told to a server as a gateway would."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from governor.core.keys import Role
from tests.api.world import Server, StandingClock

FIRST = datetime(2026, 9, 1, tzinfo=UTC)
WEEKDAYS = (1.0, 1.1, 1.2, 1.1, 1.0, 0.3, 0.2)
EVE = {"user": "eve@acme.example"}
"""A person of engineering, in the team platform."""


def tokens_of(day: int) -> int:
    """Return the input tokens of a day: weekdays and a slow growth, without any chance."""
    return round(400_000 * WEEKDAYS[(FIRST + timedelta(days=day)).weekday()] * (1 + day / 400 + 0.05 * math.sin(day)))


MIA = {"user": "mia@acme.example"}
"""A person of marketing, which is new to all this."""


async def use(
    server: Server,
    day: int,
    tokens: int,
    model: str = "claude-sonnet-4",
    subject: Mapping[str, str] = EVE,
    *,
    name: str = "",
) -> None:
    """Report one day's use: a third at nine, the rest at fifteen o'clock; ``name`` tells it from another's."""
    midnight = FIRST + timedelta(days=day)
    events: list[dict[str, Any]] = [
        {
            "event_id": f"{name or model}-{day}-{hour}",
            "model": model,
            "subject": subject,
            "time": (midnight + timedelta(hours=hour)).isoformat(),
            "usage": {"input_tokens": part},
        }
        for hour, part in ((9, tokens // 3), (15, tokens - tokens // 3))
    ]
    async with server.client(Role.GATEWAY) as gateway:
        answer = await gateway.post("/usage", json=events)
        assert ["recorded", "recorded"] == [one["status"] for one in answer.json()["events"]], answer.text


async def use_days(server: Server, clock: StandingClock, days: range) -> None:
    """Let days pass, each with its use; the clock stands at the end of the last one."""
    for day in days:
        clock.elapsed_s = (FIRST + timedelta(days=day + 1) - FIRST).total_seconds()
        await use(server, day, tokens_of(day))


async def forecasts(server: Server, **filters: Any) -> list[dict[str, Any]]:
    """Ask for forecasts as a viewer, and wait for them."""
    async with server.client(Role.VIEWER) as viewer:
        answer = await viewer.get("/forecasts", params={"wait": "true", **filters})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["forecasts"]
        return found
