"""A share or a pace that an edit adds to budgets that go on: what it begins with, and who is told."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from governor.core.keys import Role
from tests.api.test_count_existing import BY_TEAM, decide, differences, later, publish, report
from tests.api.world import Server, StandingClock, question, running, settings_for

COMPANY = BY_TEAM.replace("per: [team]\n", "").replace("department-spend", "everybody").replace("100 USD", "40 USD")
"""One budget for all, which counts what there was."""

FORGETS = COMPANY.replace("count_existing: true\n", "")
SHARE = "max_share: {per: team, percent: 40}\n"
PACE = "pace: {per: day, burst: 3}\n"
EDIT = "on 20 November 2026 13:00 CET, when an edit changed"
LOST = "what was used before does not count"


async def shown(server: Server) -> list[tuple[str, str | None]]:
    """Return what Eve's budgets have used, and what is said of their beginning; the same by both doors."""
    async with server.client() as gateway, server.client(Role.VIEWER) as viewer:
        decided = (await gateway.post("/decide", json=question(dry_run=True, input_tokens=1))).json()["budgets"]
        listed = (await viewer.get("/budgets")).json()["budgets"]
    said = {(repr(one["scope"]), repr(one["period"])): _said(one) for one in decided}
    # A share that nobody has drawn on is not listed.
    beside = {(repr(one["scope"]), repr(one["period"])): _said(one) for one in listed}
    assert {key: words for key, words in beside.items() if key in said}.items() <= said.items()
    return list(said.values())


def _said(budget: dict[str, Any]) -> tuple[str, str | None]:
    return budget["used"], budget.get("began_anew")


EACH_PART = pytest.mark.parametrize(("field", "name"), [(SHARE, "max_share"), (PACE, "pace")], ids=["share", "pace"])


@EACH_PART
async def test_a_part_that_is_added_says_since_when_it_counts(
    any_server: Server, policies: Path, standing: StandingClock, field: str, name: str
) -> None:
    """The budget goes on; what stands beside it starts from now, and every answer and the log say so."""
    await publish(any_server, policies, FORGETS)
    await report(any_server, "e1", await decide(any_server))
    with capture_logs() as logs:
        await publish(any_server, policies, FORGETS + field)
    standing.advance(3600)

    assert [("0.45", None), ("0", f"{EDIT} {name}: {LOST}")] == await shown(any_server)
    [told] = [log["problem"] for log in logs if log["event"] == "balances_begin_anew"]
    assert f"Quota/everybody: {name} changed in mid-period, and starts from now" in told


@EACH_PART
async def test_a_part_that_is_added_begins_with_what_was_used(
    any_server: Server, policies: Path, standing: StandingClock, field: str, name: str
) -> None:
    """With `count_existing` it counts what the budget has counted, also what is reported or still open."""
    await publish(any_server, policies, COMPANY)
    await report(any_server, "e1", await decide(any_server))
    held = await decide(any_server)
    await publish(any_server, policies, COMPANY + field)
    says = f"{EDIT} {name}: it begins with what its requests had used before"
    # What the open call holds was charged nobody: on its part it counts as used.
    [_, (begun, _)] = await shown(any_server)
    await report(any_server, "e2", held)
    await later(any_server, standing)
    await report(any_server, "e3", await decide(any_server, request_id="r3"))

    assert float(begun) > 0.45
    assert [("1.35", None), ("1.35", says)] == await shown(any_server)
    assert [] == await differences(any_server)


async def test_another_attribute_makes_other_shares(any_server: Server, policies: Path) -> None:
    """Percentages may be edited freely; `per` of a share is what makes its counters the same."""
    by_team = FORGETS + SHARE
    await publish(any_server, policies, by_team)
    await report(any_server, "e1", await decide(any_server))
    await publish(any_server, policies, by_team.replace("40", "60"))
    same = await shown(any_server)
    await publish(any_server, policies, by_team.replace("per: team", "per: department"))

    assert [("0.45", None), ("0.45", None)] == same
    assert [("0.45", None), ("0", f"{EDIT} max_share: {LOST}")] == await shown(any_server)


async def test_a_share_that_comes_back_says_what_it_missed(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """Taken out for an hour, it goes on with what it had counted until then."""
    await publish(any_server, policies, FORGETS + SHARE)
    await report(any_server, "e1", await decide(any_server))
    await publish(any_server, policies, FORGETS)
    await report(any_server, "e2", await decide(any_server, request_id="r2"))
    standing.advance(3600)
    await publish(any_server, policies, FORGETS + SHARE)
    says = (
        "on 20 November 2026 14:00 CET, when an edit changed max_share: "
        "what was used from 20 November 2026 13:00 CET until then does not count"
    )

    assert [("0.9", None), ("0.45", says)] == await shown(any_server)


async def test_budgets_that_come_back_with_a_restart_count_what_they_missed(
    database_url: str, policies: Path, standing: StandingClock
) -> None:
    """Another version decided for an hour, and each began with a server of its own: what they say is what they do."""
    settings = settings_for(database_url, policies)
    server = None
    for number, quotas in enumerate([BY_TEAM, BY_TEAM.replace("[team]", "[user]"), BY_TEAM]):
        (policies / "quotas.yaml").write_text(quotas)
        async with running(settings, standing, with_keys=server is None) as started:
            started.keys.update(server.keys if server is not None else {})
            server = started
            await report(server, f"e{number}", await decide(server, request_id=f"r{number}"))
            standing.advance(3600)
            used = await shown(server)

    says = "on 20 November 2026 15:00 CET, when an edit changed per: it begins with what its requests had used before"
    assert [("1.35", says)] == used
