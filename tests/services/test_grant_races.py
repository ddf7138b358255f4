"""Grants under load, and between two workers: never more than its amount, and nothing once it is revoked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governor.core.grants import Grant, GrantKind
from governor.services.grants import GrantKeeper
from governor.store.database import Database
from tests.decisions.story import START, Story
from tests.services.two_workers import two_stories

POLICIES = """
{apiVersion: governor/v1, kind: ModelAllowlist, name: some, allow: [small]}
---
{apiVersion: governor/v1, kind: ModelAllowlist, name: all, applies_to: {department: engineering}, allow: ["*"]}
---
{apiVersion: governor/v1, kind: Quota, name: team, per: [team], limit: 1 USD, period: month}
"""
COST_NANO_USD = 10**8
ASKED = {"model": "large", "input_tokens": 10_000, "max_output_tokens": 0}
BUDGET = Grant(
    id="01990000-0000-7000-8000-000000000001",
    exception_id="x-1",
    kind=GrantKind.BUDGET,
    scope=(("team", "platform"),),
    lifts=("Quota/team",),
    amount_nano_usd=10 * COST_NANO_USD,
    starts_at=START - timedelta(days=1),
    ends_at=START + timedelta(days=1),
    issued_at=START,
)
MODEL = replace(
    BUDGET,
    id="01990000-0000-7000-8000-000000000002",
    kind=GrantKind.MODEL,
    scope=(("user", "mia@acme.example"),),
    lifts=("ModelAllowlist/some",),
    models=("acme/large",),
)


class Workers:
    """Two workers on one database, each with what it knows of grants."""

    def __init__(self, stories: tuple[Story, Story], database: Database) -> None:
        self.stories = stories
        self.keeper = GrantKeeper(stories[0].snapshots, stories[0].ledger, database)

    async def issue(self, grant: Grant) -> None:
        """Issue a grant; both workers know of it."""
        await self.keeper.issue(grant, START)
        for story in self.stories:
            story.snapshots.grant(type(story.snapshots.current.grants)([grant]))

    async def ask(self, index: int, user: str, **changes: Any) -> dict[str, Any]:
        """Ask one of the workers."""
        request_id = f"{user}-{index}-{len(changes)}"
        return await self.stories[index % 2].decide({**ASKED, "user": user, "request_id": request_id, **changes})


@pytest.fixture
async def workers(database: Database, tmp_path: Path) -> AsyncIterator[Workers]:
    """Give two workers on each kind of database; afterwards every balance must follow from the records."""
    async with two_stories(database, tmp_path, POLICIES) as stories:
        yield Workers(stories, database)


async def test_two_hundred_at_once_get_no_more_than_the_budget_and_the_grant(workers: Workers) -> None:
    """Room for ten in the budget and for ten in the grant; two hundred ask two workers at the same time."""
    await workers.issue(BUDGET)
    answers = await asyncio.gather(*(workers.ask(index, "eve@acme.example") for index in range(200)))
    allowed = [answer for answer in answers if answer["verdict"] == "allow"]
    view = await workers.keeper.view(BUDGET.id, START)

    assert (20, 10) == (len(allowed), len([answer for answer in allowed if "grants" in answer]))
    assert (10 * COST_NANO_USD, 0) == (view.paid.held, view.left_nano_usd)
    assert "used_up" == view.state


async def test_two_hundred_at_once_get_no_more_than_a_grant_of_models_pays(workers: Workers) -> None:
    """The budget has room for ten, the grant for three; what is beyond is refused by the allowlist."""
    await workers.issue(replace(MODEL, amount_nano_usd=3 * COST_NANO_USD))
    answers = await asyncio.gather(*(workers.ask(index, "mia") for index in range(200)))
    reasons = [reason["code"] for answer in answers for reason in answer["reasons"]]

    assert 3 == len([answer for answer in answers if answer["verdict"] == "allow"])
    assert 197 == reasons.count("model_not_allowed")


@pytest.mark.parametrize(
    ("grant", "user", "code"), [(BUDGET, "eve@acme.example", "quota_exceeded"), (MODEL, "mia", "model_not_allowed")]
)
async def test_a_worker_that_does_not_know_it_yet_draws_on_no_revoked_grant(
    workers: Workers, grant: Grant, user: str, code: str
) -> None:
    """Revocation is looked at in the ledger's transaction; what was held before is settled as it was decided."""
    await workers.issue(grant)
    tokens = 10_000 if grant.kind is GrantKind.MODEL else 100_000
    await workers.ask(0, user, input_tokens=tokens)
    before = await workers.ask(1, user, input_tokens=tokens - 1)
    await workers.keeper.revoke(grant.id, by="eve@acme.example", reason="a mistake", now=START)
    after = [await workers.ask(index, user, attempt=2) for index in (0, 1)]
    reports = workers.stories[1]
    reports.decisions["before"] = before["decision_id"]
    settled = await reports.usage({"decision": "before", "usage": {"input_tokens": 2_000}})
    view = await workers.keeper.view(grant.id, START)

    assert ("allow", grant.id) == (before["verdict"], before["grants"][0]["id"])
    assert [("deny", code)] * 2 == [(answer["verdict"], answer["reasons"][0]["code"]) for answer in after]
    assert {"the grant for " + grant.scope[0][1] + " was revoked"} == {
        warning["message"] for answer in after for warning in answer["warnings"]
    }
    assert ("recorded", "revoked") == (settled["status"], view.state)
    assert view.paid.used >= 2_000 * 10_000


async def test_revoking_twice_at_once_revokes_once(workers: Workers) -> None:
    """The first one who does so is remembered."""
    await workers.issue(BUDGET)
    revoked = await asyncio.gather(
        *(workers.keeper.revoke(BUDGET.id, by=f"p{number}", reason="both of us", now=START) for number in range(5))
    )

    assert 1 == len({grant.revoked_by for grant in revoked})
