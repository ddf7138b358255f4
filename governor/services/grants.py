"""Issue, prolong and revoke grants, and tell what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from governor.core.decisions.grant_budgets import money_budget
from governor.core.decisions.ids import id_bytes
from governor.core.errors import ConflictError, InvalidRequestError, NotFoundError
from governor.core.grants import Grant, Grants, GrantState
from governor.core.ledger.budget import EMPTY, Balance
from governor.core.ledger.port import Ledger
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.services.grant_terms import check_grant
from governor.services.reasons import checked_reason
from governor.services.snapshots import Snapshots
from governor.store.balances import read_balances
from governor.store.database import Database
from governor.store.grants import (
    GrantFilter,
    insert_grant,
    prolong_grant,
    read_grant,
    read_grants,
    revoke_grant,
)


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant with what it has paid and holds now, in nano-USD, and whether it acts."""

    grant: Grant
    paid: Balance
    state: GrantState

    @property
    def left_nano_usd(self) -> int:
        """What it may still spend; below zero after an overrun."""
        return self.grant.amount_nano_usd - self.paid.taken


@dataclass(frozen=True, slots=True)
class GrantPage:
    """Some grants, newest first, and the cursor of the next page or None."""

    grants: tuple[GrantView, ...]
    next: str | None


class GrantKeeper:
    """Keeps grants: the rows that every worker reads more than twice a second, and the counters that meter them.

    Args:
        snapshots: What policies allow to be lifted.
        ledger: What was paid.
        database: Where grants are kept.
    """

    def __init__(self, snapshots: Snapshots, ledger: Ledger, database: Database) -> None:
        self._snapshots = snapshots
        self._ledger = ledger
        self._database = database

    async def issue(self, grant: Grant, now: datetime) -> Grant:
        """Issue a grant, once: the same again is the same grant.

        Raises:
            InvalidRequestError: If it could not act: see ``check_grant``.
            ConflictError: If its id was used for a grant with other terms.
        """
        check_grant(self._snapshots.current, grant, now)
        return await self._database.write(lambda connection: issue_in(connection, grant))

    async def prolong(self, grant_id: str, ends_at: datetime, now: datetime) -> Grant:
        """Let a grant end later; what it may spend stays the same.

        Raises:
            NotFoundError: If there is no such grant.
            InvalidRequestError: If it would end earlier, or is over already.
        """

        def write(connection: Connection) -> Grant:
            grant = _known(connection, grant_id)
            if grant.state_at(now) not in {GrantState.SCHEDULED, GrantState.ACTIVE}:
                raise InvalidRequestError(f"the grant is {grant.state_at(now)}; ask for a new one", field="ends_at")
            if ends_at <= grant.ends_at:
                raise InvalidRequestError("a grant is only prolonged; to end it sooner, revoke it", field="ends_at")
            prolong_grant(connection, grant_id, ends_at=ends_at)
            return _known(connection, grant_id)

        return await self._database.write(write)

    async def revoke(self, grant_id: str, *, by: str, reason: str, now: datetime) -> Grant:
        """End a grant before its end: at once in the ledger, within a second in what workers say of it.

        Revoking what is revoked changes nothing.

        Raises:
            NotFoundError: If there is no such grant.
            InvalidRequestError: If the reason says nothing.
        """
        reason = checked_reason(reason)

        def write(connection: Connection) -> Grant:
            _known(connection, grant_id)
            revoke_grant(connection, grant_id, at=now, by=by, reason=reason)
            return _known(connection, grant_id)

        return await self._database.write(write)

    async def view(self, grant_id: str, now: datetime) -> GrantView:
        """Return a grant with what it has paid.

        Raises:
            NotFoundError: If there is no such grant.
            LedgerUnavailableError: If balances cannot be read.
        """
        grant = await self._database.read(lambda connection: _known(connection, grant_id))
        [view] = await views_of(self._ledger, [grant], now)
        return view

    async def page(
        self, now: datetime, *, exception_id: str = "", standing: bool = False, cursor: str = "", limit: int = 100
    ) -> GrantPage:
        """Return one page of grants, newest first.

        Args:
            now: The instant of states and balances.
            exception_id: Only those of this exception; ``""`` is any.
            standing: Only those that act now or will.
            cursor: Where the page begins.
            limit: Grants on a page.

        Raises:
            InvalidRequestError: If the cursor is not one of this list.
            LedgerUnavailableError: If balances cannot be read.
        """
        before = decode_cursor(cursor, 1)[0] if cursor else ""
        if cursor and id_bytes(before) is None:
            raise wrong_cursor()
        wanted = GrantFilter(exception_id, standing_at=now if standing else None, before=before)
        found = await self._database.read(lambda connection: read_grants(connection, wanted, limit + 1))
        following = encode_cursor(found[limit - 1].id) if len(found) > limit else None
        return GrantPage(tuple(await views_of(self._ledger, found[:limit], now)), following)


async def views_of(ledger: Ledger, grants: Sequence[Grant], now: datetime) -> list[GrantView]:
    """Return grants with what they have paid and hold.

    Raises:
        LedgerUnavailableError: If balances cannot be read.
    """
    balances = await ledger.balances([money_budget(grant).digest for grant in grants])
    return [_view(grant, balances, now) for grant in grants]


def read_views(connection: Connection, grants: Sequence[Grant], now_s: float) -> list[GrantView]:
    """Return grants with what they have paid, within somebody else's reading; ``now_s`` is Unix time."""
    balances = read_balances(connection, [money_budget(grant).digest for grant in grants], now_s)
    return [_view(grant, balances, datetime.fromtimestamp(now_s, UTC)) for grant in grants]


def _view(grant: Grant, balances: Mapping[bytes, Balance], now: datetime) -> GrantView:
    paid = balances.get(money_budget(grant).digest, EMPTY)
    return GrantView(grant, paid, grant.state_at(now, paid.taken))


def grants_as_they_acted(connection: Connection) -> Grants:
    """Return every grant there ever was, for a look at the past: one that was revoked acted until then."""
    return Grants(
        grant
        if grant.revoked_at is None
        else replace(grant, ends_at=min(grant.ends_at, grant.revoked_at), revoked_at=None)
        for grant in read_grants(connection, GrantFilter())
    )


def issue_in(connection: Connection, grant: Grant) -> Grant:
    """Issue a checked grant within somebody else's transaction; see ``GrantKeeper.issue``."""
    grant = replace(grant, starts_at=_ms(grant.starts_at), ends_at=_ms(grant.ends_at), issued_at=_ms(grant.issued_at))
    known = read_grant(connection, grant.id)
    if known is None:
        insert_grant(connection, grant)
        return grant
    # When it was made is no part of the terms: whoever tries again does so later.
    if replace(grant, issued_at=known.issued_at) != known:
        raise ConflictError(f"the id `{grant.id}` was used for a grant with other terms; use a new one", id=grant.id)
    return known


def _known(connection: Connection, grant_id: str) -> Grant:
    grant = read_grant(connection, grant_id)
    if grant is None:
        raise NotFoundError(f"no grant has the id `{grant_id[:80]}`", id=grant_id[:200])
    return grant


def _ms(at: datetime) -> datetime:
    """Return an instant as it is stored: in whole milliseconds."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
