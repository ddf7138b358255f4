"""Would this grant help? The whole path is tried, and what is missing is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governor.core.decisions.request import DecideRequest, Subject
from governor.core.grants import Grant, GrantKind, UnitAmount
from governor.core.units import Unit
from governor.services.try_grant import Trial, trial_wire, try_grant
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from tests.decisions.story import START, Story

POLICIES = """
{apiVersion: governor/v1, kind: ModelAllowlist, name: some, allow: [small]}
---
{apiVersion: governor/v1, kind: ModelAllowlist, name: cheap, applies_to: {environment: prod}, only: [small]}
---
{apiVersion: governor/v1, kind: ContextLimit, name: short, max_input: 5000 tokens}
---
{apiVersion: governor/v1, kind: Quota, name: person, per: [user], limit: 0.001 USD, period: month}
---
{apiVersion: governor/v1, kind: Quota, name: team, per: [team], limit: %s USD, period: month}
---
{apiVersion: governor/v1, kind: Quota, name: calls, limit: %s requests, period: month}
---
{apiVersion: governor/v1, kind: Quota, name: company, limit: %s USD, period: month%s}
"""

BUDGET = Grant(
    id="01990000-0000-7000-8000-000000000001",
    exception_id="x-1",
    kind=GrantKind.BUDGET,
    scope=(("user", "mia@acme.example"),),
    lifts=("Quota/person",),
    amount_nano_usd=5 * 10**9,
    starts_at=START + timedelta(days=1),
    ends_at=START + timedelta(days=3),
    issued_at=START,
)
MODEL = replace(
    BUDGET, kind=GrantKind.MODEL, lifts=("ModelAllowlist/some",), models=("acme/large",), amount_nano_usd=10**9
)
CONTEXT = replace(BUDGET, kind=GrantKind.CONTEXT, lifts=("ContextLimit/short",), input_tokens_max=6_000)

Try = Callable[..., Any]


@pytest.fixture
async def tried(sqlite_url: str, tmp_path: Path) -> Any:
    """Give a way to try a grant under limits of the other budgets, after some usage of Mia's."""
    folder = tmp_path / "policies"
    folder.mkdir()
    database = Database(sqlite_url)
    ledgers: list[SqlLedger] = []

    def ledger_of(clock: Callable[[], float]) -> SqlLedger:
        ledgers.append(SqlLedger(database, clock))
        return ledgers[-1]

    async def try_it(
        grant: Grant,
        *,
        team: str = "100",
        calls: int = 100,
        company: str = "100",
        never: str = "",
        usage: int = 0,
        request: DecideRequest | None = None,
    ) -> Trial:
        story = Story(folder, POLICIES % (team, calls, company, never), ledger_of=ledger_of)
        await story.ledger.start()
        for _ in range(usage):
            await story.usage({"subject": {"user": "mia"}, "model": "small", "usage": {"input_tokens": 1000}})
        return await try_grant(story.snapshots.current, database, grant, "mia@acme.example", story.now, request=request)

    yield try_it
    for ledger in ledgers:
        await ledger.close()
    await database.close()


async def test_a_grant_that_helps_says_so(tried: Try) -> None:
    """The usual request of the last weeks is refused without it, and allowed with it."""
    trial = await tried(BUDGET, usage=3)

    assert (True, True, "this helps") == (trial.helps, trial.needed, trial.summary)
    assert ("acme/small", 1000) == (trial.request.model, trial.request.input_tokens)


async def test_a_grant_that_nobody_needs_says_so(tried: Try) -> None:
    """A request that fits needs none."""
    request = DecideRequest("r", Subject(user="mia"), "small", input_tokens=10, max_output_tokens=0)
    trial = await tried(BUDGET, request=request)

    assert (True, False, "such a request is allowed now without it") == (trial.helps, trial.needed, trial.summary)


async def test_what_is_reached_too_is_named_and_would_help(tried: Try) -> None:
    """All of it, in all units; with these it would be allowed."""
    trial = await tried(BUDGET, team="0.001", calls=2, usage=2)

    assert ("Quota/calls", "Quota/team") == tuple(sorted(trial.helps_with))
    assert not trial.helps
    assert trial.summary.startswith("this alone will not help: Quota/")
    assert {"Quota/team": GrantKind.BUDGET, "Quota/calls": GrantKind.BUDGET} == trial.missing


async def test_what_never_has_exceptions_cannot_be_lifted(tried: Try) -> None:
    """Then no exception helps, whatever else is lifted."""
    trial = await tried(BUDGET, team="0.001", company="0.001", never=", exceptions: never", usage=2)
    wire = trial_wire(trial)

    assert (False, ()) == (trial.helps, trial.helps_with)
    assert "no exception lifts all of it" in trial.summary
    assert {"Quota/team": "budget", "Quota/company": None} == {
        one["policy"]: one["lifted_by"] for one in wire["obstacles"]
    }


async def test_a_model_needs_every_list_and_room_in_every_budget(tried: Try) -> None:
    """The list that also refuses is named with its kind, and so is the budget that is too small for the model."""
    alone = await tried(MODEL)
    both = await tried(replace(MODEL, lifts=("ModelAllowlist/some", "ModelAllowlist/cheap")))

    assert {"ModelAllowlist/cheap": GrantKind.MODEL, "Quota/person": GrantKind.BUDGET}.items() <= alone.missing.items()
    assert set(alone.missing) == set(alone.helps_with)
    assert {"Quota/person": GrantKind.BUDGET} == both.missing
    assert ("Quota/person",) == both.helps_with


async def test_the_largest_request_of_a_grant_of_size_is_tried(tried: Try) -> None:
    """As large as is asked for, not as usual."""
    trial = await tried(CONTEXT)

    assert 6_000 == trial.request.input_tokens
    assert {"Quota/person": GrantKind.BUDGET} == trial.missing


async def test_a_budget_that_is_reached_before_the_grant_is_used_up_is_named(tried: Try) -> None:
    """It helps now, and not for all of its amount."""
    trial = await tried(BUDGET, team="0.5", usage=3)

    assert [("Quota/team", 497_000_000)] == [(one.policy, one.free_nano_usd) for one in trial.narrow]
    assert "this helps for now; Quota/team has only 0.497 USD left and is reached before it is used up" == trial.summary


async def test_what_nobody_lifts_is_said_in_its_own_words(tried: Try) -> None:
    """A price that nobody knows is no policy that could be lifted."""
    trial = await tried(
        replace(MODEL, models=("acme/unpriced",), lifts=("ModelAllowlist/some", "ModelAllowlist/cheap"))
    )

    assert (False, ()) == (trial.helps, trial.helps_with)
    assert [None] == [one.lifted_by for one in trial.obstacles if one.policy == "PriceBook/prices"]


async def test_a_grant_in_tokens_is_tried_like_any_other(tried: Try) -> None:
    """Requests of the quota beside the money."""
    grant = replace(
        BUDGET,
        scope=(("team", "growth"),),
        lifts=("Quota/calls", "Quota/person"),
        amounts=(UnitAmount("Quota/calls", Unit.REQUESTS, 5),),
    )
    trial = await tried(grant, calls=2, usage=2)

    assert (True, True) == (trial.helps, trial.needed)
