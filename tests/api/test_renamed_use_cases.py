"""A use case is renamed: its budgets, its reports and what is said of it go on, whichever name a gateway says."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from governor.core.policy.kinds import Quota
from governor.services import budgets
from governor.services.listed_budgets import drawn_budget
from governor.store.verify import verify
from tests.api.test_alerts import said, watch
from tests.api.test_outcomes import USE_CASES
from tests.api.world import POLICIES, QUOTAS, Server, StandingClock, question, running, settings_for, write_policies
from tests.forecasts.traffic import FIRST, forecasts

PER_USE_CASE = """\
---
apiVersion: governor/v1
kind: Quota
name: by-use-case
per: {per}
limit: 5 USD
limits: [{{use_case: {name}, limit: 2 USD}}]
period: month
rollover: {{unused: {{up_to: 100%}}}}
"""
OLD, OTHER, NEW = "support-triage", "service-desk", "helpdesk"


def renamed(folder: Path, formerly: str = f"formerly: [{OLD}]", per: str = "[use_case]", name: str = NEW) -> None:
    """Write the policies with the new name."""
    new = USE_CASES.replace(f"name: {OLD}", f"name: {name}\n{formerly}", 1)
    (folder / "use_cases.yaml").write_text(new)
    (folder / "organization.yaml").write_text(POLICIES.replace(OLD, name))
    (folder / "quotas.yaml").write_text(QUOTAS + PER_USE_CASE.format(name=name, per=per))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the small organisation with an inventory, before the rename."""
    folder = write_policies(tmp_path / "policies", QUOTAS + PER_USE_CASE.format(name=OLD, per="[use_case]"))
    (folder / "use_cases.yaml").write_text(USE_CASES)
    return folder


@pytest.fixture
async def acme(database_url: str, folder: Path, standing: StandingClock) -> AsyncIterator[Server]:
    """Give a server on each kind of database."""
    async with running(settings_for(database_url, folder), standing) as server:
        yield server


async def spend(server: Server, number: int, name: str) -> dict[str, Any]:
    """Decide and settle one request in the name of a use case, and return its budget of it."""
    asked = question(request_id=f"r{number}", use_case=name, model="gpt-4o-mini", input_tokens=1_000_000)
    used = {"source": "gw", "event_id": f"e{number}", "model": "gpt-4o-mini", "usage": {"input_tokens": 1_000_000}}
    async with server.client() as gateway:
        decided = (await gateway.post("/decide", json=asked)).json()
        settled = await gateway.post("/usage", json={**used, "decision_id": decided["decision_id"]})
        assert "recorded" == settled.json()["events"][0]["status"], settled.text
    return next(one for one in decided["budgets"] if one["policy"] == "Quota/by-use-case")


async def listed(server: Server, **wanted: Any) -> list[tuple[str, str, str]]:
    """Return scope, limit and use of the budgets by use case, from all pages."""
    found, cursor = [], ""
    async with server.client(Role.VIEWER) as viewer:
        while cursor is not None:
            parameters = {"quota": "by-use-case", "limit": 1, **wanted, **({"cursor": cursor} if cursor else {})}
            page = (await viewer.get("/budgets", params=parameters)).json()
            found += page["budgets"]
            cursor = page["next"]
    return [(", ".join(one["scope"].values()), one["limit"], one["used"]) for one in found]


async def test_a_renamed_use_case_keeps_its_budget_whichever_name_is_said(acme: Server, folder: Path) -> None:
    """The old name is the new one's; the list has one budget, under the present name; verify finds no difference."""
    await spend(acme, 1, OLD)
    renamed(folder)
    assert await acme.governor.publisher.reload()
    untold, told = await spend(acme, 2, OLD), await spend(acme, 3, NEW)
    now_s = acme.governor.clock.now().timestamp()

    assert [{"use_case": NEW}] * 2 == [untold["scope"], told["scope"]]
    assert ["2", "2"] == [untold["limit"], told["limit"]]
    assert ["0.15", "0.3"] == [untold["used"], told["used"]]
    assert [("drafting", "5", "0"), (NEW, "2", "0.45")] == await listed(acme)
    assert [] == await acme.governor.database.read(lambda connection: list(verify(connection, now_s)))


async def test_the_next_period_carries_what_was_left_under_the_old_name(
    acme: Server, folder: Path, standing: StandingClock
) -> None:
    """By the limit that the old name had, also where the rename and the next period come together."""
    await spend(acme, 1, OLD)
    standing.advance(12 * 86_400)
    renamed(folder)
    assert await acme.governor.publisher.reload()
    budget = await spend(acme, 2, NEW)

    assert ("2", "3.85") == (budget["limit"], budget["ceiling"])
    assert [("drafting", "5", "0"), (NEW, "2", "0.15")] == await listed(acme)


async def test_formerly_may_go_once_the_rename_was_published(
    acme: Server, folder: Path, standing: StandingClock
) -> None:
    """Another server, started on policies that no longer mention the old name, goes on with the balance."""
    await spend(acme, 1, OLD)
    renamed(folder)
    assert await acme.governor.publisher.reload()
    renamed(folder, formerly="")
    async with running(acme.governor.settings, standing, with_keys=False) as other:
        other.keys.update(acme.keys)
        budget = await spend(other, 2, NEW)

    assert ({"use_case": NEW}, "0.15") == (budget["scope"], budget["used"])


async def test_a_block_stays_when_formerly_goes(acme: Server, folder: Path, standing: StandingClock) -> None:
    """Renamed twice, and the names of the past taken out: what was said of the first one is said of the last one."""
    async with acme.client(Role.ADMIN) as admin:
        stop = {"target": {"use_case": OLD}, "reason": "stop", "for": "1 hour"}
        assert 200 == (await admin.post("/blocks", json=stop)).status_code
    for name, formerly in ((OTHER, f"formerly: [{OLD}]"), (NEW, f"formerly: [{OTHER}]"), (NEW, "")):
        renamed(folder, formerly, name=name)
        assert await acme.governor.publisher.reload()
    async with running(acme.governor.settings, standing, with_keys=False) as other, acme.client() as gateway:
        other.keys.update(acme.keys)
        async with other.client() as restarted:
            asked = [
                (await client.post("/decide", json=question(request_id=f"{name}-{number}", use_case=name))).json()
                for number, client in enumerate((gateway, restarted))
                for name in (OLD, OTHER, NEW, "drafting")
            ]

    assert ["deny", "deny", "deny", "allow"] * 2 == [one["verdict"] for one in asked]


async def test_budgets_that_only_use_makes_are_listed_once_and_in_order(acme: Server, folder: Path) -> None:
    """Rows say the name of their time; the pages of the list follow the present names."""
    (folder / "quotas.yaml").write_text(QUOTAS + PER_USE_CASE.format(name=OLD, per="[user, use_case]"))
    assert await acme.governor.publisher.reload()
    for number, name in enumerate((OLD, "drafting", "zebra")):
        await spend(acme, number, name)
    renamed(folder, per="[user, use_case]")
    assert await acme.governor.publisher.reload()
    await spend(acme, 9, NEW)
    user = "eve@acme.example"

    assert [
        (f"{user}, drafting", "5", "0.15"),
        (f"{user}, {NEW}", "2", "0.3"),
        (f"{user}, zebra", "5", "0.15"),
    ] == await listed(acme)


async def test_a_page_looks_at_so_many_budgets_and_not_at_all(
    acme: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are beside the renamed one; and pages of any size are the whole list, in its order."""
    (folder / "quotas.yaml").write_text(QUOTAS + PER_USE_CASE.format(name=OLD, per="[user, use_case]"))
    assert await acme.governor.publisher.reload()
    names = sorted((OLD, *(f"{letter}-{number}" for letter in "az" for number in range(6))))
    for number, name in enumerate(names):
        await spend(acme, number, name)
    renamed(folder, per="[user, use_case]")
    assert await acme.governor.publisher.reload()
    looked_at: list[bytes] = []

    def counting(quota: Quota, digest: bytes, *more: Any) -> Any:
        looked_at.append(digest)
        return drawn_budget(quota, digest, *more)

    monkeypatch.setattr(budgets, "drawn_budget", counting)
    pages = {size: await listed(acme, limit=size) for size in (1, 2, 3, 5, 100)}
    looked_at.clear()
    await listed(acme, limit=1)

    present = sorted(NEW if name == OLD else name for name in names)
    assert [f"eve@acme.example, {name}" for name in present] == [scope for scope, _, _ in pages[100]]
    assert [pages[100]] * 5 == list(pages.values())
    assert len(looked_at) <= 3 * len(names)


async def test_alerts_name_the_use_case_as_it_is_called_now(acme: Server, folder: Path) -> None:
    """And measure its budget by the limit that it has under that name."""
    await spend(acme, 1, OLD)
    renamed(folder)
    with (folder / "quotas.yaml").open("a") as quotas:
        quotas.write("alerts: [{at: 5%, of: used, notify: [webhook]}]\n")
    assert await acme.governor.publisher.reload()
    await watch(acme)
    [alert] = await said(acme)

    assert ({"use_case": NEW}, "2") == (alert["scope"], alert["numbers"]["room"])
    assert alert["title"].startswith(NEW)


async def test_reports_sum_both_names(acme: Server, folder: Path) -> None:
    """Usage and outcomes of the old name are the new one's: in the report, in the summary, and by its filter."""
    await spend(acme, 1, OLD)
    async with acme.client() as gateway:
        await gateway.post("/outcomes", json={"event_id": "o1", "use_case": OLD, "count": 1})
    renamed(folder)
    assert await acme.governor.publisher.reload()
    await spend(acme, 2, NEW)
    async with acme.client() as gateway, acme.client(Role.VIEWER) as viewer:
        taken = (await gateway.post("/outcomes", json={"event_id": "o2", "use_case": OLD, "count": 2})).json()
        report = (await viewer.get("/use-cases")).json()["use_cases"]
        sums = (await viewer.get("/usage/summary", params={"by": "use_case"})).json()
        filtered = [
            (await viewer.get("/usage/summary", params={"use_case": name})).json()["totals"]["requests"]
            for name in (OLD, NEW)
        ]

    assert ("recorded", "9.000000000") == (taken["outcomes"][0]["status"], taken["outcomes"][0]["worth_usd"])
    assert [("drafting", 0, 0), (NEW, 2, 3)] == [(one["use_case"], one["requests"], one["outcomes"]) for one in report]
    assert [(NEW, 2)] == [(one["group"]["use_case"], one["requests"]) for one in sums["groups"]]
    assert [2, 2] == filtered


async def test_a_forecast_goes_on_from_what_was_used_under_the_old_name(sqlite_url: str, folder: Path) -> None:
    """History is that of both names."""
    clock = StandingClock(FIRST)
    async with running(settings_for(sqlite_url, folder), clock) as server:
        for day in range(10):
            clock.elapsed_s = (day + 1) * 86_400
            if day == 6:
                renamed(folder)
                assert await server.governor.publisher.reload()
            async with server.client() as gateway:
                used = {"model": "claude-sonnet-4", "subject": {"user": "eve@acme.example"}}
                at = (FIRST + timedelta(days=day, hours=9)).isoformat()
                event = {"event_id": f"{day}", "time": at, "use_case": OLD if day < 6 else NEW, **used}
                await gateway.post("/usage", json={**event, "usage": {"input_tokens": 10_000}})
        found = {one["scope"]["use_case"]: one for one in await forecasts(server, quota="by-use-case")}

    assert {"drafting", NEW} == found.keys()
    assert (10, "0.3") == (found[NEW]["history_days"], found[NEW]["used"])
