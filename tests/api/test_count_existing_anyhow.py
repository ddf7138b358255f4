"""``count_existing`` as a property: whenever an edit comes, its budgets end as if they had been there all the time."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.test_count_existing import BY_TEAM, differences, later, publish
from tests.api.world import Server, StandingClock, question, running, settings_for, write_policies

DECIDE, SETTLE, PART, CORRECT, RELEASE, UNRESERVED, WAIT = range(7)
actions = st.lists(st.tuples(st.integers(DECIDE, WAIT), st.integers(0, 7), st.integers(0, 50)), min_size=4, max_size=18)


class Calls:
    """What a gateway does; the same for both servers."""

    def __init__(self, server: Server, standing: StandingClock) -> None:
        self.server = server
        self.standing = standing
        self.decisions: list[str] = []
        self.events: list[str] = []
        self.count = 0

    async def act(self, kind: int, which: int, thousands: int) -> None:
        """Do one thing, to one of the decisions or events so far."""
        self.count += 1
        decision = self.decisions[which % len(self.decisions)] if self.decisions else None
        match kind:
            case 0:
                asked = question(request_id=f"r{self.count}", input_tokens=1000 * thousands)
                answer = await self._post("/decide", asked)
                self.decisions.append(answer["decision_id"])
            case 1 if decision:
                await self._use(thousands, decision_id=decision)
            case 2 if decision:
                await self._use(thousands, decision_id=decision, final=False)
            case 3 if self.events:
                await self._use(thousands, corrects=self.events[which % len(self.events)])
            case 4 if decision:
                await self._post(f"/reservations/{decision}/release", {})
            case 5:
                await self._use(thousands, subject={"user": "eve@acme.example"})
            case 6:
                self.standing.advance(120)

    async def _use(self, thousands: int, **of: Any) -> None:
        event_id = f"e{self.count}"
        event = {"event_id": event_id, "model": "claude-sonnet-4", "usage": {"input_tokens": 1000 * thousands}}
        event["usage"] = {"input_tokens": 1000 * thousands, "output_tokens": 0}
        answer = await self._post("/usage", {**event, **of})
        if answer["events"][0]["status"] == "recorded" and "corrects" not in of:
            self.events.append(event_id)

    async def _post(self, path: str, body: Any) -> Any:
        async with self.server.client() as gateway:
            return (await gateway.post(path, json=body)).json()


async def used_after(empty: Path, done: list[tuple[int, int, int]], edited_at: int | None) -> tuple[Any, list[Any]]:
    """Let everything happen, with the edit before one of the actions (None: it was there all the time).

    Returns:
        What the team's budget has used and holds in the end, and what verify finds.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder, standing = Path(scratch), StandingClock()
        shutil.copy(empty, folder / "g.db")
        policies = write_policies(folder / "policies")
        if edited_at is None:
            (policies / "quotas.yaml").write_text(BY_TEAM)
        async with running(settings_for(f"sqlite:///{folder / 'g.db'}", policies), standing) as server:
            calls = Calls(server, standing)
            for number, (kind, which, thousands) in enumerate(done):
                if number == edited_at:
                    await publish(server, policies)
                await calls.act(kind, which, thousands)
            if edited_at == len(done):
                await publish(server, policies)
            # All holds end; what was reported late is looked for.
            await later(server, standing, 7200)
            page = (await calls.server.client().get("/budgets?quota=department-spend&team=platform")).json()
            return [(each["used"], each["held"]) for each in page["budgets"]], await differences(server)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=actions, where=st.integers(0, 18))
def test_whenever_an_edit_comes_its_budgets_end_alike(
    empty_sqlite: Path, done: list[tuple[int, int, int]], where: int
) -> None:
    """Decided, settled, in parts, corrected, released, late: before the edit, across it or after it."""
    there, sound = asyncio.run(used_after(empty_sqlite, done, None))
    edited, still_sound = asyncio.run(used_after(empty_sqlite, done, min(where, len(done))))

    assert there == edited
    assert [] == sound == still_sound
