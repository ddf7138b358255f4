"""Two hundred requests at once at two workers, near the limit of what moves a ceiling: exact, to the last one.

A request for the large model costs 0.05 USD, and a tenth of that where it is given the small one. Mia is of the team
growth and Max of the team brand, both of marketing; each asks a hundred times, Mia as a rule first.
"""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from governor.core.ledger.budget import EMPTY, Balance
from governor.store.balances import read_balances
from governor.store.database import Database
from governor.store.records import decode_scope
from governor.store.tables import BUDGETS
from tests.decisions.story import START, Story
from tests.services.two_workers import two_stories

ASKED = {"model": "large", "input_tokens": 5_000, "max_output_tokens": 0, "can": ["substitute"]}
REQUESTS = 200
USERS = ("mia", "max@acme.example")
MILLI_USD = 1_000_000
LISTED = '{apiVersion: governor/v1, kind: ModelAllowlist, name: all, allow: ["*"]}\n'

DOWNGRADE = """---
{apiVersion: governor/v1, kind: Quota, name: company, limit: 1.50 USD, period: month,
 when_reached: {downgrade: {to: [small], from: 80%}}}
"""
FUND = """---
{apiVersion: governor/v1, kind: Quota, name: team, per: [team], limit: 0.50 USD, period: month,
 when_reached: {overage: {from: Quota/fund, up_to: 0.40 USD}}}
---
{apiVersion: governor/v1, kind: Quota, name: fund, applies_to: {project: spring}, limit: 0.60 USD, period: month}
"""


def share(limit: str, percent: int) -> str:
    """Return a department's quota of which no team takes more than a part."""
    share = f"max_share: {{per: team, percent: {percent}}}"
    quota = f"kind: Quota, name: department, per: [department], limit: {limit} USD, period: month, {share}"
    return f"---\n{{apiVersion: governor/v1, {quota}}}\n"


class Rush:
    """What two hundred requests at once came to.

    Attributes:
        models: How many were given which model.
        users: How many of whose were allowed.
        held: What each budget held, in thousandths of a USD, by quota and scope.
        used: What it had used once everything was reported, likewise.
    """

    def __init__(self, answers: list[dict[str, Any]], held: dict[str, int], used: dict[str, int]) -> None:
        allowed = [index for index, answer in enumerate(answers) if answer["verdict"] == "allow"]
        self.models = Counter(answers[index]["model"] for index in allowed)
        self.users = Counter(USERS[2 * index // REQUESTS] for index in allowed)
        self.held = held
        self.used = used


async def rush(database: Database, folder: Path, policies: str) -> Rush:
    """Let both ask a hundred times at once, by turns of worker; then report everything at once, at the other one."""
    async with two_stories(database, folder, LISTED + policies) as stories:
        by_turns = [stories[index % 2] for index in range(REQUESTS)]
        asked = [
            {**ASKED, "user": USERS[2 * index // REQUESTS], "request_id": f"asked-{index}"} for index in range(REQUESTS)
        ]
        answers = await asyncio.gather(*map(Story.decide, by_turns, asked))
        held = await balances(database)
        statuses = await asyncio.gather(
            *(
                report(stories[1 - index % 2], answer["decision_id"], str(index))
                for index, answer in enumerate(answers)
                if answer["verdict"] == "allow"
            )
        )
        assert {"recorded"} == set(statuses)
        used = await balances(database)
    assert {0} == {balance.used for balance in held.values()} | {balance.held for balance in used.values()}
    return Rush(
        answers,
        {name: balance.held // MILLI_USD for name, balance in held.items()},
        {name: balance.used // MILLI_USD for name, balance in used.items()},
    )


async def report(story: Story, decision_id: str, name: str) -> str:
    """Report what a request used, at a worker that did not decide it: all that was held."""
    story.decisions[name] = decision_id
    said = await story.usage({"event_id": name, "decision": name, "usage": {"input_tokens": 5_000}})
    return str(said["status"])


async def balances(database: Database) -> dict[str, Balance]:
    """Return what every budget that was drawn on has used and holds, by quota and scope."""

    def read(connection: Connection) -> dict[str, Balance]:
        names = {
            bytes(row.digest): " ".join([row.policy, "/".join(value for _, value in decode_scope(row.scope))]).strip()
            for row in connection.execute(select(BUDGETS))
        }
        found = read_balances(connection, list(names), START.timestamp())
        return {names[digest]: balance for digest, balance in found.items() if balance != EMPTY}

    return await database.read(read)


async def test_a_downgrade_begins_where_it_should(database: Database, tmp_path: Path) -> None:
    """Large up to 80 % of 1.50 USD: 24; small for the 0.30 USD that are left: 60."""
    came = await rush(database, tmp_path, DOWNGRADE)

    assert {"acme/large": 24, "acme/small": 60} == came.models
    assert {"Quota/company": 1_500} == came.held == came.used


async def test_no_team_takes_more_than_its_share(database: Database, tmp_path: Path) -> None:
    """Room for twenty, of which each team takes twelve at the most."""
    came = await rush(database, tmp_path, share("1.00", 60))

    assert 20 == came.models["acme/large"]
    assert came.users["mia"] <= 12
    assert came.users["max@acme.example"] <= 12
    assert (
        {
            "Quota/department marketing": 1_000,
            "Quota/department marketing/growth": 50 * came.users["mia"],
            "Quota/department marketing/brand": 50 * came.users["max@acme.example"],
        }
        == came.held
        == came.used
    )


async def test_a_fund_that_is_shared_pays_to_its_end(database: Database, tmp_path: Path) -> None:
    """Each team has ten of its own; the fund has twelve for both, and eight for one at the most."""
    came = await rush(database, tmp_path, FUND)
    by_fund = {user: came.users[user] - 10 for user in USERS}

    assert 12 == sum(by_fund.values())
    assert max(by_fund.values()) <= 8
    assert (
        {
            "Quota/team growth": 500,
            "Quota/team brand": 500,
            "Quota/fund": 600,
            "Quota/team growth/fund": 50 * by_fund["mia"],
            "Quota/team brand/fund": 50 * by_fund["max@acme.example"],
        }
        == came.held
        == came.used
    )


async def test_all_of_them_at_once(database: Database, tmp_path: Path) -> None:
    """The company's 1.50 USD are the tightest, and neither team takes more than 0.80 USD of the department's."""
    came = await rush(database, tmp_path, DOWNGRADE + FUND + share("10.00", 8))
    of_teams = {team: came.held[f"Quota/department marketing/{team}"] for team in ("growth", "brand")}

    assert {"acme/large": 24, "acme/small": 60} == came.models
    assert came.held == came.used
    assert (1_500, 1_500) == (came.held["Quota/company"], sum(of_teams.values()))
    assert max(of_teams.values()) <= 800
    for team, taken in of_teams.items():
        own, by_fund = came.held[f"Quota/team {team}"], came.held.get(f"Quota/team {team}/fund", 0)
        assert (taken, True, True) == (own + by_fund, own <= 500, by_fund <= 400)
    assert came.held.get("Quota/fund", 0) == sum(came.held.get(f"Quota/team {team}/fund", 0) for team in of_teams)
