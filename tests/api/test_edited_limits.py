"""A period that is over keeps its limit: no edit mints or destroys what it left over, or what is stated of it."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.api.statements import DECEMBER_S, QUOTAS, amounts, close, listed, one, spend
from tests.api.test_usage import event
from tests.api.world import Server, StandingClock, question, running, settings_for, write_policies

SPENT = event(usage={"input_tokens": 2_400_000, "output_tokens": 0})
"""7.20 of engineering's 10 USD: November leaves 2.80 USD over."""

DEPARTMENT = "limit: 10 USD\nperiod: month\nrollover: {unused: {up_to: 50%}, overspend: carry}\n"


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give an organisation whose departments carry over."""
    return write_policies(tmp_path / "policies", QUOTAS)


async def publish(server: Server, policies: Path, edited: str) -> None:
    """Let other quotas decide."""
    assert edited != QUOTAS
    write_policies(policies, edited)
    assert await server.governor.publisher.reload()


async def carried(server: Server) -> dict[str, Decimal]:
    """Return what a decision and the list of budgets say that engineering's present month took over."""
    async with server.client() as client:
        decided = (await client.post("/decide", json=question(dry_run=True))).json()["budgets"]
        listed_ = (await client.get("/budgets?quota=department&department=engineering")).json()["budgets"]
    shown = {"decide": [one for one in decided if one["policy"] == "Quota/department"], "budgets": listed_}
    return {door: Decimal(one["ceiling"]) - Decimal(one["limit"]) for door, [one] in shown.items()}


def both(amount: str) -> dict[str, Decimal]:
    """Return what both doors must say."""
    return dict.fromkeys(("decide", "budgets"), Decimal(amount))


@pytest.mark.parametrize(
    ("edit", "limit_now"),
    [
        (DEPARTMENT.replace("10 USD", "20 USD"), 20),
        (DEPARTMENT.replace("10 USD", "8 USD"), 8),
        (DEPARTMENT + "schedule:\n  - {from: 2026-01-01, limit: 30 USD}\n", 30),
        (DEPARTMENT + "limits:\n  - {department: engineering, limit: 40 USD}\n", 40),
        (DEPARTMENT + "effective_from: 2026-12-01\n", 10),
    ],
    ids=["raised", "lowered", "dated", "for-scopes", "begun-later"],
)
async def test_an_edit_after_a_period_moves_nothing_of_it(
    any_server: Server, policies: Path, standing: StandingClock, edit: str, limit_now: int
) -> None:
    """November's limit is what it was in its last instant: for what is carried, and for a statement that comes late."""
    await spend(any_server, SPENT)
    standing.advance(DECEMBER_S + 3)
    before = await carried(any_server)
    await publish(any_server, policies, QUOTAS.replace(DEPARTMENT, edit))
    await close(any_server)
    statement = await one(any_server, "department")
    async with any_server.client() as client:
        [budget] = (await client.get("/budgets?quota=department&department=engineering")).json()["budgets"]

    assert (both("2.8"), both("2.8"), limit_now) == (before, await carried(any_server), Decimal(budget["limit"]))
    assert ("10", "7.2", "2.8") == amounts(statement, "limit", "used", "carried_out")


async def test_an_edit_in_a_period_counts_for_its_end(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """What is in force in the last instant counts, also if it was edited a second before."""
    await spend(any_server, SPENT)
    standing.advance(DECEMBER_S - 1)
    await publish(any_server, policies, QUOTAS.replace(DEPARTMENT, DEPARTMENT.replace("10 USD", "8 USD")))
    standing.advance(4)
    await close(any_server)

    assert both("0.8") == await carried(any_server)
    assert ("8", "0.8") == amounts(await one(any_server, "department"), "limit", "carried_out")


async def test_what_may_be_carried_follows_the_policy_of_the_period_that_takes_it(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """December took over by its own words; an edit in January moves what January takes, and no statement."""
    await spend(any_server, SPENT)
    standing.advance(DECEMBER_S + 3)
    await spend(any_server, event(event_id="d", usage={"input_tokens": 4_000_000, "output_tokens": 0}))
    standing.advance(31 * 86_400)
    await publish(any_server, policies, QUOTAS.replace("unused: {up_to: 50%}, ", ""))
    await close(any_server)
    november, december = await listed(any_server, "quota=department")

    # December spent 12 of its 10 USD, and had been given 2.80.
    assert ("2.8", "2.8") == (november["carried_out"], december["carried_in"])
    assert ("0", both("0")) == (december["carried_out"], await carried(any_server))


async def test_an_overspent_period_owes_what_it_owed(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """Raising the limit afterwards forgives no debt."""
    await spend(any_server, event(usage={"input_tokens": 4_000_000, "output_tokens": 0}))
    standing.advance(DECEMBER_S + 3)
    await publish(any_server, policies, QUOTAS.replace(DEPARTMENT, DEPARTMENT.replace("10 USD", "100 USD")))
    await close(any_server)

    assert both("-2") == await carried(any_server)
    assert ("10", "2", "-2") == amounts(await one(any_server, "department"), "limit", "over", "carried_out")


async def test_a_server_that_was_down_knows_what_was_in_force(
    database_url: str, policies: Path, standing: StandingClock
) -> None:
    """It starts a month later with another limit, and another worker beside it says the same."""
    settings = settings_for(database_url, policies)
    async with running(settings, standing) as first:
        await spend(first, SPENT)
    standing.advance(DECEMBER_S + 3)
    write_policies(policies, QUOTAS.replace(DEPARTMENT, DEPARTMENT.replace("10 USD", "20 USD")))
    async with (
        running(settings, standing, with_keys=False) as second,
        running(settings, standing, with_keys=False) as third,
    ):
        # The first instant at which anybody knew of the edit is after November.
        await close(second, third)
        for server in (second, third):
            server.keys.update(first.keys)
            assert both("2.8") == await carried(server)
        assert ("10", "2.8") == amounts(await one(third, "department"), "limit", "carried_out")


GONE: dict[str, Callable[[str], str]] = {
    "deleted": lambda text: "---\n".join(part for part in text.split("---\n") if "name: department\n" not in part),
    "other-budgets": lambda text: text.replace("name: department\nper: [department]", "name: department\nper: [team]"),
}
"""Edits after which no policy keeps engineering's budget."""


@pytest.mark.parametrize("moment_s", [-3600, 1], ids=["within", "after"])
@pytest.mark.parametrize("gone", GONE.values(), ids=GONE.keys())
async def test_a_budget_that_no_policy_keeps_any_more_is_stated(
    any_server: Server, policies: Path, standing: StandingClock, gone: Callable[[str], str], moment_s: int
) -> None:
    """What was used was used: by the limit that was said last, with nothing that takes over what is left."""
    await spend(any_server, SPENT)
    standing.advance(DECEMBER_S + moment_s)
    await publish(any_server, policies, gone(QUOTAS))
    standing.advance(3603)
    await close(any_server)
    [statement] = [each for each in await listed(any_server) if each["scope"] == {"department": "engineering"}]
    late: dict[str, Any] = event(event_id="e-2", time="2026-11-20T12:00:00Z", corrects="e-1")
    await spend(any_server, late)
    await close(any_server)
    [corrected] = [each for each in await listed(any_server) if each["scope"] == {"department": "engineering"}]

    assert "Quota/department" == statement["policy"]
    assert ("10", "7.2", "0") == amounts(statement, "limit", "used", "carried_out")
    assert ("10", "0.00375") == amounts(corrected["final"], "limit", "used")


async def test_a_quota_that_comes_back_goes_on_as_it_was(
    any_server: Server, policies: Path, standing: StandingClock
) -> None:
    """Taken out over the month's end and put back, it takes over what it had left; nothing was minted."""
    await spend(any_server, SPENT)
    standing.advance(DECEMBER_S - 60)
    await publish(any_server, policies, GONE["other-budgets"](QUOTAS))
    standing.advance(120)
    write_policies(policies, QUOTAS.replace(DEPARTMENT, DEPARTMENT.replace("10 USD", "20 USD")))
    assert await any_server.governor.publisher.reload()

    assert both("2.8") == await carried(any_server)
