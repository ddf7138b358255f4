"""List budgets: every quota for every scope, touched or not, with the balances that decisions compare."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from governor.core.decisions.budget_views import view_now
from governor.core.decisions.decision import BudgetView
from governor.core.decisions.draws import Draw, DrawContext, Part, draws_of
from governor.core.grants import Grant, GrantedRest, in_drawing_order
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.port import Ledger
from governor.core.policy.kinds import Quota
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.scopes import Scope
from governor.services.cursors import decode_cursor, encode_cursor
from governor.services.granted_rests import granted_rests
from governor.services.grants import GrantView, views_of
from governor.services.listed_budgets import (
    ListedBudget,
    continued_budget,
    drawn_budget,
    instant_before,
    known_budgets,
    last_place_of,
    scope_text_of,
)
from governor.services.snapshots import Snapshots
from governor.store.budgets import read_scopes
from governor.store.database import Database
from governor.store.existing import Counted, read_counted
from governor.store.grants import GrantFilter, read_grants
from governor.store.records import decode_scope

PAGE_MAX = 1000
PAGE_DEFAULT = 100


@dataclass(frozen=True, slots=True)
class BudgetQuery:
    """Which budgets are asked for; ``""`` is any.

    Attributes:
        quota: ``department-monthly-spend`` or ``Quota/department-monthly-spend``.
        department: Also the budgets of its teams and people.
        team: Also the budgets of its people.
        user: One user's own budgets.
        at: The periods that contain this instant, and the limits in force then; None: now.
        cursor: Where the page begins, or ``""``.
        limit: Budgets on a page, at most 1,000.
        parts: Whether all is told of a budget: also its parts (a day's pace, a team's share, what came from a fund),
            and what grants would pay.
    """

    quota: str = ""
    department: str = ""
    team: str = ""
    user: str = ""
    at: datetime | None = None
    cursor: str = ""
    limit: int = PAGE_DEFAULT
    parts: bool = False

    @property
    def quota_name(self) -> str:
        """The name of the quota that is asked for, or ``""``."""
        return self.quota.removeprefix("Quota/")


@dataclass(frozen=True, slots=True)
class BudgetPage:
    """Some budgets, and the cursor of the next page or None.

    Attributes:
        grants: On the first page, the grants that act and are for whoever is asked for; those that lift the quota,
            where one is.
        rests: For each budget, the grants that pay where it has no room; empty unless parts are listed.
    """

    views: tuple[BudgetView, ...]
    next: str | None
    grants: tuple[GrantView, ...] = ()
    rests: tuple[tuple[GrantedRest, ...], ...] = ()


class BudgetReader:
    """Answers ``GET /budgets``.

    Args:
        snapshots: The quotas and the Organization.
        ledger: The balances.
        database: The budgets that were drawn on.
    """

    def __init__(self, snapshots: Snapshots, ledger: Ledger, database: Database) -> None:
        self._snapshots = snapshots
        self._ledger = ledger
        self._database = database

    async def page(self, query: BudgetQuery, now: datetime) -> BudgetPage:
        """Return one page of budgets, by quota and scope.

        Raises:
            InvalidRequestError: If the cursor is not one of this list.
        """
        at = query.at or now
        user = self._snapshots.current.organization.person_ids.get(query.user.lower(), query.user)
        query = replace(query, user=user)
        after_quota, after_scope = decode_cursor(query.cursor, 2) if query.cursor else ("", "")
        listed: list[ListedBudget] = []
        for quota in self._quotas(query, at):
            if quota.header.name < after_quota:
                continue
            after = after_scope if quota.header.name == after_quota else ""
            listed.extend(await self._of_quota(quota, query, at, after, query.limit + 1 - len(listed)))
            if len(listed) > query.limit:
                break
        following = None
        if len(listed) > query.limit:
            listed = listed[: query.limit]
            following = encode_cursor(listed[-1].quota.header.name, listed[-1].place)
        snapshot = self._snapshots.current
        views = await self._views([budget.draw(snapshot, at) for budget in listed])
        if not query.parts:
            return BudgetPage(views, following)
        acting = await self._database.read(lambda connection: read_grants(connection, GrantFilter(acting_at=at), None))
        rests = await granted_rests(snapshot, self._ledger, views, acting, at)
        grants = () if query.cursor else await self._grants(acting, query, at)
        return BudgetPage(views, following, grants, tuple(map(tuple, rests)))

    async def views(self, budgets: Sequence[tuple[Quota, Scope]], at: datetime) -> tuple[BudgetView, ...]:
        """Return some budgets as decisions would compare them, in the periods that contain an instant."""
        snapshot = self._snapshots.current
        context = DrawContext(snapshot.organization, snapshot.quota, at)
        return await self._views([draws_of(quota, dict(scope), context)[0] for quota, scope in budgets])

    async def view(self, quota: Quota, key: BudgetKey, at: datetime) -> BudgetView:
        """Return one budget of a quota, or a part of one, in the period that contains an instant."""
        snapshot = self._snapshots.current
        draws = draws_of(quota, dict(key.scope), DrawContext(snapshot.organization, snapshot.quota, at))
        [view] = await self._views([draw for draw in draws if draw.budget.digest == key.digest])
        return view

    async def _views(self, draws: Sequence[Draw]) -> tuple[BudgetView, ...]:
        rules = [draw.terms.rule for draw in draws if draw.terms.rule is not None]
        wanted = [draw.budget.digest for draw in draws] + [digest for rule in rules for digest in rule.reads()]
        balances = await self._ledger.balances(list(dict.fromkeys(wanted)))
        existing = await self._existing(draws)
        views: list[BudgetView] = []
        for draw in draws:
            digest = draw.budget.digest
            counted = existing[digest].amount if digest in existing else 0
            views.append(replace(view_now(draw, balances.get), existing=counted))
        return tuple(views)

    async def _existing(self, draws: Sequence[Draw]) -> Mapping[bytes, Counted]:
        """Return what was counted of the use before budgets, of quotas that count it."""
        starts_s = [draw.budget.period_start_s for draw in draws if draw.applied.quota.count_existing]
        if not starts_s:
            return {}
        return await self._database.read(partial(read_counted, from_ms=min(starts_s) * 1000))

    async def _grants(self, acting: Sequence[Grant], query: BudgetQuery, at: datetime) -> tuple[GrantView, ...]:
        organization = self._snapshots.current.organization
        quotas = [quota.header for quota in self._quotas(query, at)] if query.quota else []
        wanted = [
            grant
            for grant in in_drawing_order(acting)
            if _matches({**scope_attributes(grant.scope, organization, at), **dict(grant.scope)}, query)
            and (not query.quota or any(grant.lifts_policy(header) for header in quotas))
        ]
        return tuple(await views_of(self._ledger, wanted[:PAGE_MAX], at))

    def _quotas(self, query: BudgetQuery, at: datetime) -> list[Quota]:
        quotas = [
            quota
            for quota in self._snapshots.current.policies.quotas
            if quota.header.in_force(at) and query.quota_name in {"", quota.header.name}
        ]
        return sorted(quotas, key=lambda quota: quota.header.name)

    async def _of_quota(
        self, quota: Quota, query: BudgetQuery, at: datetime, after: str, wanted: int
    ) -> list[ListedBudget]:
        """Return up to ``wanted`` budgets of a quota behind a place, in the order of their places."""
        snapshot = self._snapshots.current
        known = await asyncio.to_thread(known_budgets, quota, snapshot, at, after)
        known = [budget for budget in known if _is_wanted(budget, query)]
        found: list[ListedBudget] = []
        while True:
            drawn, bound = await self._drawn(quota, query, at, after, wanted)
            # What the Organization knows stands between what was drawn on; up to the bound both are complete.
            reached = [budget for budget in known if bound is None or budget.place <= bound]
            known = known[len(reached) :]
            merged = {budget.place: budget for budget in (*drawn, *reached)}
            found.extend(merged[place] for place in sorted(merged))
            if bound is None or len(found) >= wanted:
                return found[:wanted]
            after = bound

    async def _drawn(
        self, quota: Quota, query: BudgetQuery, at: datetime, after: str, wanted: int
    ) -> tuple[list[ListedBudget], str | None]:
        """Return budgets that were drawn on, and the place up to which that is all of them (None: the end).

        Those that were drawn on in the period before go on: they appear with what was carried.
        """
        # Renamed again and again, a quota only says its last name; its balances began under its root.
        names = [f"Quota/{name}" for name in dict.fromkeys((quota.header.name, *quota.header.formerly, quota.root))]
        before = instant_before(quota, at)
        instants_s = [int(each.timestamp()) for each in (at, before) if each is not None]
        snapshot = self._snapshots.current
        former = snapshot.organization.former_use_cases if quota.use_case_roots else {}
        first = scope_text_of(after)
        # The first text may be that of the place itself: one more, so that there is always something behind it.
        limit = wanted + 1
        rows = await self._database.read(
            lambda connection: read_scopes(connection, names, instants_s, first, limit, former_use_cases=former)
        )

        def listed(digest: bytes, scope: Scope) -> ListedBudget | None:
            found = drawn_budget(quota, digest, scope, snapshot, at)
            if found is not None or before is None:
                return found
            return continued_budget(quota, digest, scope, snapshot, (before, at))

        budgets = (listed(digest, decode_scope(text)) for digest, text in rows)
        drawn = [
            budget for budget in budgets if budget is not None and budget.place > after and _is_wanted(budget, query)
        ]
        texts = {text for _, text in rows}
        return drawn, last_place_of(rows[-1][1]) if len(texts) == limit else None


def _is_wanted(budget: ListedBudget, query: BudgetQuery) -> bool:
    return (query.parts or budget.part is Part.WHOLE) and _matches(budget.attributes, query)


def _matches(attributes: dict[str, str], query: BudgetQuery) -> bool:
    wanted = (("department", query.department), ("team", query.team), ("user", query.user))
    return all(attributes.get(key) == value for key, value in wanted if value)
