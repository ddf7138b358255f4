"""Grants as they are kept: issued once, revoked once, and known to every worker within a second."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governor.core.errors import ConflictError, InvalidRequestError, NotFoundError
from governor.core.grants import Grant, GrantKind, Grants, GrantState, UnitAmount
from governor.core.units import Unit
from governor.services.grant_watcher import watch_grants
from governor.services.grants import GrantKeeper, grants_as_they_acted
from governor.services.refresher import REFRESH_S
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.ledger import SqlLedger
from tests.api.pauses import Pauses
from tests.decisions.story import START, Story

POLICIES = """
{apiVersion: governor/v1, kind: ModelAllowlist, name: some, allow: [small], formerly: [few]}
---
{apiVersion: governor/v1, kind: ModelAllowlist, name: strict, allow: [small], exceptions: never}
---
{apiVersion: governor/v1, kind: ContextLimit, name: short, max_output: 100 tokens}
---
{apiVersion: governor/v1, kind: Quota, name: money, limit: 1 USD, period: month}
---
{apiVersion: governor/v1, kind: Quota, name: tokens, limit: 1000 tokens, period: month}
"""

BUDGET = Grant(
    id="01990000-0000-7000-8000-000000000001",
    exception_id="x-1",
    kind=GrantKind.BUDGET,
    scope=(("team", "growth"),),
    lifts=("Quota/money", "Quota/tokens"),
    amount_nano_usd=5 * 10**9,
    amounts=(UnitAmount("Quota/tokens", Unit.TOKENS, 500),),
    starts_at=START,
    ends_at=START + timedelta(days=3),
    issued_at=START,
    approved_by=("eve@acme.example",),
)
MODEL = replace(BUDGET, kind=GrantKind.MODEL, lifts=("ModelAllowlist/few",), amounts=(), models=("acme/large",))
CONTEXT = replace(BUDGET, kind=GrantKind.CONTEXT, lifts=("ContextLimit/short",), amounts=(), output_tokens_max=300)


@pytest.fixture
async def keeper(database_url: str, tmp_path: Path) -> AsyncIterator[GrantKeeper]:
    """Give a keeper on each kind of database."""
    folder = tmp_path / "policies"
    folder.mkdir()
    story = Story(folder, POLICIES)
    database = Database(database_url)
    ledger = SqlLedger(database, story.now_s)
    await ledger.start()
    yield GrantKeeper(story.snapshots, ledger, database)
    await ledger.close()
    await database.close()


@pytest.mark.parametrize("grant", [BUDGET, MODEL, CONTEXT], ids=lambda grant: grant.kind)
async def test_a_grant_is_kept_as_it_was_issued(keeper: GrantKeeper, grant: Grant) -> None:
    """Every field comes back, with nothing spent yet."""
    issued = await keeper.issue(grant, START)
    view = await keeper.view(grant.id, START)

    assert (grant, grant) == (issued, view.grant)
    assert (GrantState.ACTIVE, 5 * 10**9) == (view.state, view.left_nano_usd)


async def test_the_same_id_is_the_same_grant(keeper: GrantKeeper) -> None:
    """Whoever tries again later gets the first one; other terms under its id are a conflict."""
    await keeper.issue(BUDGET, START)
    again = await keeper.issue(replace(BUDGET, issued_at=START + timedelta(minutes=5)), START)
    with pytest.raises(ConflictError):
        await keeper.issue(replace(BUDGET, amount_nano_usd=6 * 10**9), START)

    assert BUDGET == again
    assert [BUDGET] == [view.grant for view in (await keeper.page(START)).grants]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"lifts": ("Quota/nothing",)}, "lifts", id="a policy that is not there"),
        pytest.param({"lifts": ()}, "lifts", id="no policy"),
        pytest.param({"lifts": ("ContextLimit/short",)}, "lifts", id="a policy of another kind"),
        pytest.param({"scope": ()}, "scope", id="nobody"),
        pytest.param({"scope": (("department", "marketing"),)}, "scope", id="a whole department"),
        pytest.param({"scope": (("user", "(unknown)"),)}, "scope", id="everybody who is not known"),
        pytest.param({"ends_at": START}, "ends_at", id="over already"),
        pytest.param({"amount_nano_usd": 0}, "amount_nano_usd", id="nothing to spend"),
        pytest.param({"amounts": ()}, "amounts", id="tokens without a number of tokens"),
        pytest.param({"amounts": (UnitAmount("Quota/tokens", Unit.REQUESTS, 5),)}, "amounts", id="another unit"),
        pytest.param({"id": "one"}, "id", id="an id that is none"),
    ],
)
async def test_a_grant_that_could_not_act_is_refused(keeper: GrantKeeper, changes: dict[str, Any], field: str) -> None:
    """It would be shown as approved, and lift nothing, or be spent without being metered."""
    with pytest.raises(InvalidRequestError) as refused:
        await keeper.issue(replace(BUDGET, **changes), START)

    assert field == refused.value.details["field"]


async def test_what_never_has_exceptions_is_not_lifted(keeper: GrantKeeper) -> None:
    """The policy says so, and the answer says which."""
    with pytest.raises(InvalidRequestError, match="ModelAllowlist/strict says `exceptions: never`"):
        await keeper.issue(replace(MODEL, lifts=("ModelAllowlist/few", "ModelAllowlist/strict")), START)


async def test_a_grant_is_revoked_once(keeper: GrantKeeper) -> None:
    """The first one who does so is remembered, and nothing is deleted."""
    await keeper.issue(BUDGET, START)
    first = await keeper.revoke(BUDGET.id, by="eve@acme.example", reason="no longer needed", now=START)
    again = await keeper.revoke(BUDGET.id, by="max@acme.example", reason="another", now=START + timedelta(hours=1))
    views = (await keeper.page(START)).grants

    assert (START, "eve@acme.example", "no longer needed") == (first.revoked_at, first.revoked_by, first.revoke_reason)
    assert first == again
    assert [(first, GrantState.REVOKED)] == [(view.grant, view.state) for view in views]
    assert () == (await keeper.page(START, standing=True)).grants


async def test_what_is_past_is_seen_under_the_grants_of_its_time(keeper: GrantKeeper, database_url: str) -> None:
    """A plan replays what was recorded: what was revoked acted until then, and what has ended acted before."""
    other = replace(BUDGET, id=BUDGET.id[:-1] + "2")
    for grant in (BUDGET, other):
        await keeper.issue(grant, START)
    at = START + timedelta(hours=1)
    await keeper.revoke(BUDGET.id, by="eve@acme.example", reason="no longer needed", now=at)
    database = Database(database_url)
    grants = await database.read(grants_as_they_acted)
    await database.close()
    who = {"team": "growth"}

    assert [2, 1, 0] == [len(grants.find(who, instant)) for instant in (at - timedelta(seconds=1), at, BUDGET.ends_at)]


async def test_a_grant_is_only_ever_prolonged(keeper: GrantKeeper) -> None:
    """To a later end, while it is not over; ending it is revoking."""
    await keeper.issue(BUDGET, START)
    later = BUDGET.ends_at + timedelta(days=1)
    prolonged = await keeper.prolong(BUDGET.id, later, START)
    with pytest.raises(InvalidRequestError, match="only prolonged"):
        await keeper.prolong(BUDGET.id, later, START)
    with pytest.raises(InvalidRequestError, match="ended"):
        await keeper.prolong(BUDGET.id, later + timedelta(days=1), later)

    assert replace(BUDGET, ends_at=later) == prolonged


async def test_what_is_not_there_is_not_found(keeper: GrantKeeper) -> None:
    """An id of nothing, and one that is no id."""
    for grant_id in (BUDGET.id, "one"):
        with pytest.raises(NotFoundError):
            await keeper.view(grant_id, START)
        with pytest.raises(NotFoundError):
            await keeper.revoke(grant_id, by="eve", reason="gone", now=START)


async def test_grants_are_listed_by_pages_and_by_exception(keeper: GrantKeeper) -> None:
    """Newest first, each once."""
    ids = [f"01990000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3)]
    for number, grant_id in enumerate(ids):
        await keeper.issue(replace(BUDGET, id=grant_id, exception_id=f"x-{number // 2}"), START)
    first = await keeper.page(START, limit=2)
    second = await keeper.page(START, limit=2, cursor=first.next or "")
    found = [view.grant.id for page in (first, second) for view in page.grants]
    of_one = [view.grant.id for view in (await keeper.page(START, exception_id="x-1")).grants]

    assert (ids[::-1], None, [ids[2]]) == (found, second.next, of_one)


@pytest.mark.parametrize("phase", [0.0, 0.5, 0.999])
async def test_every_worker_knows_of_a_change_within_a_second(
    keeper: GrantKeeper, database_url: str, tmp_path: Path, phase: float
) -> None:
    """Issued, prolonged or revoked, whenever between two readings of another worker."""
    (tmp_path / "other").mkdir()
    snapshots = Snapshots(Story(tmp_path / "other", POLICIES).snapshots.current, START)
    pauses = Pauses()
    database = Database(database_url)
    watcher = watch_grants(snapshots, database, lambda: START, pauses)
    await watcher.start()
    seen: list[tuple[Grant, ...]] = []
    at_s = (2 + phase) * REFRESH_S
    await pauses.pass_until(at_s)
    later = BUDGET.ends_at + timedelta(days=1)
    await keeper.issue(BUDGET, START)
    for change in (
        keeper.prolong(BUDGET.id, later, START),
        keeper.revoke(BUDGET.id, by="eve", reason="stop", now=START),
        keeper.page(START),
    ):
        at_s += 0.999
        await pauses.pass_until(at_s)
        seen.append(snapshots.current.grants.all)
        await change
    await watcher.stop()
    await database.close()

    assert [(BUDGET,), (replace(BUDGET, ends_at=later),), ()] == seen


def test_grants_are_drawn_in_one_order() -> None:
    """The one that ends first, then the older one; only those of the requester, and only while they act."""
    later = replace(BUDGET, id="01990000-0000-7000-8000-000000000002", ends_at=BUDGET.ends_at + timedelta(days=1))
    newer = replace(BUDGET, id="01990000-0000-7000-8000-000000000003", issued_at=START + timedelta(minutes=1))
    mine = replace(BUDGET, id="01990000-0000-7000-8000-000000000004", scope=(("user", "mia"),), issued_at=START)
    other = replace(BUDGET, id="01990000-0000-7000-8000-000000000005", scope=(("team", "brand"),))
    both = replace(BUDGET, id="01990000-0000-7000-8000-000000000006", scope=(("team", "growth"), ("user", "max")))
    grants = Grants([later, newer, other, both, BUDGET, mine])
    who = {"team": "growth", "user": "mia"}
    instant = timedelta(seconds=1)

    assert (BUDGET, mine, newer, later) == grants.find(who, START)
    assert () == grants.find(who, START - instant)
    assert (BUDGET, mine, newer, later) == grants.find(who, BUDGET.ends_at - instant)
    assert (later,) == grants.find(who, BUDGET.ends_at)
    assert () == grants.find({"project": "spring"}, START)
