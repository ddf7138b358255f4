"""Which grants there are and what became of them: those that nobody uses, and those that never could be, stand out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from governor.core.decisions.grant_budgets import money_budget
from governor.core.grants import GrantState
from governor.services.grant_wire import grant_wire
from governor.services.grants import GrantKeeper, GrantView
from governor.store.budgets import read_considered
from governor.store.database import Database

PAGES_MAX = 20
"""Pages of grants that one page of a list looks at: a rare filter gives a short page, never a slow answer."""


class Use(StrEnum):
    """What has been made of a grant."""

    DRAWN = "drawn"
    UNUSED = "unused"
    """Requests came that it could have paid for, and none needed it."""
    NEVER_MATCHED = "never_matched"
    """No request ever came that it could have paid for."""


@dataclass(frozen=True, slots=True)
class GrantQuery:
    """Which grants are listed, newest first; ``""`` is any.

    Attributes:
        cursor: Where the page begins.
        limit: Grants on a page.
    """

    state: GrantState | None = None
    use: Use | None = None
    exception_id: str = ""
    cursor: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class ListedGrant:
    """A grant with what it has paid, and what has been made of it."""

    view: GrantView
    use: Use


@dataclass(frozen=True, slots=True)
class ListedPage:
    """Some grants, newest first, and the cursor of the next page or None."""

    grants: tuple[ListedGrant, ...]
    next: str | None


async def list_grants(keeper: GrantKeeper, database: Database, query: GrantQuery, now: datetime) -> ListedPage:
    """Return one page of grants.

    Raises:
        InvalidRequestError: If the cursor is not one of this list.
        LedgerUnavailableError: If balances cannot be read.
    """
    found: list[ListedGrant] = []
    cursor: str | None = query.cursor
    for _ in range(PAGES_MAX):
        wanted = query.limit - len(found)
        page = await keeper.page(now, exception_id=query.exception_id, cursor=cursor or "", limit=wanted)
        found += [one for one in await _listed(database, page.grants) if _matches(one, query)]
        cursor = page.next
        if cursor is None or len(found) == query.limit:
            break
    return ListedPage(tuple(found), cursor)


async def _listed(database: Database, views: tuple[GrantView, ...]) -> list[ListedGrant]:
    digests = [money_budget(view.grant).digest for view in views]
    considered = await database.read(lambda connection: read_considered(connection, digests))
    return [
        ListedGrant(view, _use(view, is_considered=digest in considered))
        for view, digest in zip(views, digests, strict=True)
    ]


def _use(view: GrantView, *, is_considered: bool) -> Use:
    if view.paid.taken:
        return Use.DRAWN
    return Use.UNUSED if is_considered else Use.NEVER_MATCHED


def _matches(listed: ListedGrant, query: GrantQuery) -> bool:
    return (query.state is None or listed.view.state is query.state) and (query.use is None or listed.use is query.use)


def listed_wire(page: ListedPage) -> dict[str, Any]:
    """Return a page as JSON; instants are left to the encoder."""
    return {"grants": [{**grant_wire(one.view), "use": str(one.use)} for one in page.grants], "next": page.next}
