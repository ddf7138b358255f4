"""What was refused to people lately, and what they could ask for: behind a deny's remedy, and beside every request."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from governor.core.approvals.refusals import Refused
from governor.core.approvals.remedy import question_for
from governor.core.decisions.snapshot import Snapshot
from governor.core.scopes import Scope
from governor.store.database import Database
from governor.store.refusals import RefusalFilter, read_refusals

LOOKS_BACK = timedelta(days=7)
LIST_MAX = 20


class RefusalReader:
    """Reads what was refused in the last seven days.

    Args:
        database: Where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, requesters: Iterable[str], now: datetime) -> list[Refused]:
        """Return what was refused to some users and machines, the newest first; what is alike is one."""
        wanted = RefusalFilter(now - LOOKS_BACK, tuple(requesters))
        return await self._database.read(lambda connection: read_refusals(connection, wanted))

    async def count(self, scope: Scope, department: str, lifts: Collection[str], now: datetime) -> int:
        """Return how many requests some policies refused to a scope.

        Args:
            scope: One user, team, project or use case.
            department: Whose requests they were; a use case is everybody's.
            lifts: The policies: ``Quota/x``.
            now: The door's instant.
        """
        [(key, _)] = scope
        wanted = RefusalFilter(now - LOOKS_BACK, scope=scope, department="" if key == "use_case" else department)
        found = await self._database.read(lambda connection: read_refusals(connection, wanted))
        return sum(one.times for one in found if any(reason.policy in lifts for reason in one.reasons))


@dataclass(frozen=True, slots=True)
class Askable:
    """A refusal, and the question to ask about it.

    Attributes:
        model: The model that was asked for.
        message: The decisive reason.
        ask: What the form is filled in with, as a query; ``""``: no exception lifts it.
        again: How often the same was refused.
    """

    at: datetime
    model: str
    message: str
    ask: str
    again: int = 1


async def refused_lately(refusals: RefusalReader, snapshot: Snapshot, user: str, now: datetime) -> tuple[Askable, ...]:
    """Return what was refused to a person in the last week, newest first; what asks for the same is shown once."""
    found: dict[tuple[str, str], Askable] = {}
    for one in await refusals.of([user], now):
        ask = question_for(one.reasons, one.model, snapshot.may_be_lifted)
        known = found.get((one.model, ask))
        found[one.model, ask] = (
            Askable(one.at, one.model, one.message, ask, one.times)
            if known is None
            else Askable(known.at, known.model, known.message, ask, known.again + one.times)
        )
    return tuple(found.values())[:LIST_MAX]
