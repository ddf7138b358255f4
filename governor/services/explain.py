"""Explain decisions, also years later: what was asked, what was answered, what became of it, by which text."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from governor.core.decisions.blocks import POLICY_PREFIX, Block
from governor.core.decisions.ids import id_text
from governor.core.errors import NotFoundError
from governor.core.grants import GRANT_PREFIX
from governor.core.ledger.entry import Entry
from governor.core.ledger.reservation import Reservation, ReservationState
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.services.grants import GrantView, read_views
from governor.services.policy_excerpts import Excerpt, find_excerpts
from governor.services.reservations import decision_bytes, unknown
from governor.store.blocks import read_block
from governor.store.database import Database
from governor.store.decisions import DecisionFilter, read_decision, read_entries, search_decisions
from governor.store.grants import read_grant
from governor.store.policy_versions import read_policy_files, text_digest

SCAN_MAX = 20_000
"""Decisions that one page of a search looks at: a rare filter gives short pages, never a slow answer."""

_RULINGS = (POLICY_PREFIX, GRANT_PREFIX)
"""What answers name that stands in no policy folder."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known of a decision.

    Attributes:
        reservation: The record: request, answer, holds, facts.
        policy_digest: Of the text that the version stands for, or ``""``.
        state: At this instant.
        entries: The usage posted for it, oldest first.
        policies: The documents that it names, in the version that decided.
        text_kept: Whether the text of that version is kept.
        blocks: The blocks that it names, with what became of them.
        grants: The grants that it names, with what became of them.
    """

    reservation: Reservation
    policy_digest: str
    state: ReservationState
    entries: Sequence[Entry]
    policies: Sequence[Excerpt]
    text_kept: bool
    blocks: Sequence[Block] = ()
    grants: Sequence[GrantView] = ()


@dataclass(frozen=True, slots=True)
class DecisionQuery:
    """Which decisions are searched; ``""`` and None are any.

    Attributes:
        from_at: Decided at or after.
        until_at: Decided before.
        code: A reason's code, like ``quota_exceeded``.
        parent_decision_id: Those that followed from this decision.
        cursor: Where the page begins.
        limit: Decisions on a page.
    """

    client: str = ""
    verdict: str = ""
    department: str = ""
    team: str = ""
    user: str = ""
    project: str = ""
    use_case: str = ""
    model: str = ""
    state: str = ""
    code: str = ""
    parent_decision_id: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None
    cursor: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Some decisions with their present state, and the cursor of the next page or None."""

    decisions: tuple[tuple[Reservation, ReservationState], ...]
    next: str | None


class Explainer:
    """Answers ``GET /decisions`` and ``GET /decisions/{id}``.

    Args:
        database: Where decisions, usage and policy texts are.
        time_s: Unix time, for the present state.
    """

    def __init__(self, database: Database, time_s: Callable[[], float]) -> None:
        self._database = database
        self._time_s = time_s

    async def explain(self, decision_id: str) -> Explanation:
        """Return everything that is known of a decision.

        Raises:
            NotFoundError: If there is none with this id.
        """
        key = decision_bytes(decision_id)

        def read(connection: Connection) -> Explanation | None:
            reservation = read_decision(connection, key)
            if reservation is None:
                return None
            digest = text_digest(connection, reservation.facts.policy_version)
            files = read_policy_files(connection, digest) if digest is not None else None
            named = _policies_named(reservation)
            now_s = self._time_s()
            blocks = [read_block(connection, decision_bytes(text)) for text in _ids(named, POLICY_PREFIX)]
            grants = [read_grant(connection, text) for text in _ids(named, GRANT_PREFIX)]
            return Explanation(
                reservation,
                digest or "",
                reservation.state_at(now_s),
                read_entries(connection, key),
                find_excerpts(files or {}, [name for name in named if not name.startswith(_RULINGS)]),
                files is not None,
                [block for block in blocks if block is not None],
                read_views(connection, [grant for grant in grants if grant is not None], now_s),
            )

        explanation = await self._database.read(read)
        if explanation is None:
            raise unknown(decision_id)
        return explanation

    async def search(self, query: DecisionQuery) -> DecisionPage:
        """Return one page of decisions, newest first.

        Raises:
            InvalidRequestError: If the cursor is not one of this list.
        """
        before = _before(query.cursor) if query.cursor else None
        wanted = DecisionFilter(
            query.client, query.verdict, query.department, before, _ms(query.from_at), _ms(query.until_at)
        )
        return await self._database.read(lambda connection: self._page(connection, query, wanted))

    def _page(self, connection: Connection, query: DecisionQuery, wanted: DecisionFilter) -> DecisionPage:
        now_s = self._time_s()
        found: list[tuple[Reservation, ReservationState]] = []
        scanned = 0
        last: bytes | None = None
        with closing(search_decisions(connection, wanted, SCAN_MAX)) as candidates:
            for reservation in candidates:
                scanned += 1
                last = reservation.id
                state = reservation.state_at(now_s)
                if _matches(reservation, state, query):
                    found.append((reservation, state))
                    if len(found) == query.limit:
                        break
        complete = len(found) < query.limit and scanned < SCAN_MAX
        following = None if complete or last is None else encode_cursor(id_text(last))
        return DecisionPage(tuple(found), following)


def _ids(named: Sequence[str], prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name in named if name.startswith(prefix)]


def _before(cursor: str) -> bytes:
    try:
        return decision_bytes(decode_cursor(cursor, 1)[0])
    except NotFoundError:
        raise wrong_cursor() from None


def _matches(reservation: Reservation, state: ReservationState, query: DecisionQuery) -> bool:
    facts = reservation.facts
    attributes = facts.attributes
    for key in ("team", "user", "project", "use_case"):
        value = getattr(query, key)
        if value and attributes.get(key) != value:
            return False
    if (query.model and facts.model != query.model) or (query.state and state != query.state):
        return False
    if query.parent_decision_id and query.parent_decision_id != _parent(reservation.request):
        return False
    return not query.code or query.code in _codes(reservation.answer)


def _parent(request: bytes) -> str:
    wire: dict[str, Any] = msgspec.json.decode(request) if request else {}
    return wire.get("parent_decision_id") or ""


def _codes(answer: bytes) -> set[str]:
    if not answer:
        return set()
    wire: dict[str, Any] = msgspec.json.decode(answer)
    return {reason["code"] for reason in (*wire["reasons"], *wire["warnings"])}


def _policies_named(reservation: Reservation) -> list[str]:
    """Return every policy that an answer names, the decisive ones first; without it, those that are held on."""
    if not reservation.answer:
        return list(dict.fromkeys(held.policy for held in reservation.holds))
    wire: dict[str, Any] = msgspec.json.decode(reservation.answer)
    parts = (*wire["reasons"], *wire["warnings"], *wire["budgets"])
    return list(dict.fromkeys(part["policy"] for part in parts if part["policy"]))


def _ms(at: datetime | None) -> int | None:
    return int(at.astimezone(UTC).timestamp() * 1000) if at is not None else None
