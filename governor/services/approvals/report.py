"""Report exceptions: what was asked, granted and used, what it was worth, how long decisions took, and whose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from governor.core.approvals.request import GRANTED_STATES, ExceptionRequest, State
from governor.core.decisions.grant_budgets import money_budget
from governor.core.errors import InvalidRequestError
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.port import Ledger
from governor.core.money import usd_text
from governor.services.approvals.desk import Desk, grant_of
from governor.store.approvals import RequestFilter, read_requests


@dataclass(frozen=True, slots=True)
class Line:
    """Sums of some requests; money in nano-USD.

    Attributes:
        name: The department, or ``""`` for all.
        states: How many are in each state now.
        asked_nano_usd: What was asked for.
        granted_nano_usd: What was granted.
        used_nano_usd: What grants have spent.
        expected_nano_usd: What the granted ones were expected to be worth.
        worth_nano_usd: What their requesters say they were worth, of those who said so.
        told: How many said what came of it.
        decided_s: Median seconds from the question to the answer, where people decided; None: nobody did.
    """

    name: str
    states: Mapping[State, int]
    asked_nano_usd: int
    granted_nano_usd: int
    used_nano_usd: int
    expected_nano_usd: int
    worth_nano_usd: int
    told: int
    decided_s: int | None


@dataclass(frozen=True, slots=True)
class ApproverLine:
    """What one approver did; delegated votes are those of whoever gave them."""

    name: str
    approved: int
    denied: int
    granted_nano_usd: int
    decided_s: int | None


@dataclass(frozen=True, slots=True)
class ExceptionReport:
    """Requests that were made in a time: all together, by department and by approver."""

    total: Line
    departments: tuple[Line, ...]
    approvers: tuple[ApproverLine, ...]


async def report(
    desk: Desk, ledger: Ledger, now: datetime, *, since: datetime | None = None, until: datetime | None = None
) -> ExceptionReport:
    """Sum up the requests that were made in a time, as they are now.

    Args:
        desk: Where requests are kept.
        ledger: What grants have spent.
        now: The door's instant.
        since: Made at or after; None: from the beginning.
        until: Made before; None: until now.

    Raises:
        InvalidRequestError: If the time ends before it begins.
    """
    if since is not None and until is not None and until <= since:
        raise InvalidRequestError("`until` is not after `since`; the time would be empty", field="until")
    wanted = RequestFilter(created_from=since, created_until=until)
    requests = await desk.database.read(lambda connection: read_requests(connection, wanted))
    used = await _used(ledger, requests, now)
    departments = sorted({request.home.department for request in requests})
    return ExceptionReport(
        total=_line("", requests, used, now),
        departments=tuple(
            _line(name, [one for one in requests if one.home.department == name], used, now) for name in departments
        ),
        approvers=tuple(_approvers(requests)),
    )


async def _used(ledger: Ledger, requests: Iterable[ExceptionRequest], now: datetime) -> dict[str, int]:
    digests = {one.id: money_budget(grant_of(one, now)).digest for one in requests if one.state in GRANTED_STATES}
    balances = await ledger.balances(list(digests.values())) if digests else {}
    return {request_id: balances.get(digest, EMPTY).used for request_id, digest in digests.items()}


def _line(name: str, requests: list[ExceptionRequest], used: Mapping[str, int], now: datetime) -> Line:
    states: dict[State, int] = {}
    for request in requests:
        state = request.state_at(now)
        states[state] = states.get(state, 0) + 1
    granted = [one for one in requests if one.state in GRANTED_STATES]
    waits = [_wait_s(one, one.approved_at) for one in granted if one.approved_by]
    waits += [_wait_s(one, one.closing.at) for one in requests if one.state is State.DENIED and one.closing is not None]
    return Line(
        name=name,
        states=states,
        asked_nano_usd=sum(one.asked.amount_nano_usd for one in requests),
        granted_nano_usd=sum(one.terms.amount_nano_usd for one in granted),
        used_nano_usd=sum(used.get(one.id, 0) for one in granted),
        expected_nano_usd=sum(one.expected_value_nano_usd or 0 for one in granted),
        worth_nano_usd=sum(one.outcome.worth_nano_usd or 0 for one in granted),
        told=sum(one.outcome.told_at is not None for one in granted),
        decided_s=_median(waits),
    )


def _approvers(requests: Iterable[ExceptionRequest]) -> Iterable[ApproverLine]:
    votes: dict[str, list[tuple[bool, int, int]]] = {}
    for request in requests:
        for vote in request.votes:
            decided = vote.by in request.approved_by and vote.approve
            granted = request.terms.amount_nano_usd if decided else 0
            votes.setdefault(vote.by, []).append((vote.approve, granted, _wait_s(request, vote.at)))
    for name, given in sorted(votes.items()):
        yield ApproverLine(
            name=name,
            approved=sum(approve for approve, _, _ in given),
            denied=sum(not approve for approve, _, _ in given),
            granted_nano_usd=sum(granted for _, granted, _ in given),
            decided_s=_median([wait_s for _, _, wait_s in given]),
        )


def _wait_s(request: ExceptionRequest, at: datetime | None) -> int:
    return int((at - request.created_at).total_seconds()) if at is not None else 0


def _median(values: list[int]) -> int | None:
    return int(median(values)) if values else None


def report_wire(made: ExceptionReport) -> dict[str, Any]:
    """Return a report as JSON."""
    return {
        "total": _line_wire(made.total),
        "departments": [{"department": line.name, **_line_wire(line)} for line in made.departments],
        "approvers": [
            {
                "approver": line.name,
                "approved": line.approved,
                "denied": line.denied,
                "granted_usd": usd_text(line.granted_nano_usd),
                "time_to_vote_s": line.decided_s,
            }
            for line in made.approvers
        ],
    }


def _line_wire(line: Line) -> dict[str, Any]:
    return {
        "requests": sum(line.states.values()),
        "states": {str(state): count for state, count in sorted(line.states.items())},
        "asked_usd": usd_text(line.asked_nano_usd),
        "granted_usd": usd_text(line.granted_nano_usd),
        "used_usd": usd_text(line.used_nano_usd),
        "expected_value_usd": usd_text(line.expected_nano_usd),
        "worth_usd": usd_text(line.worth_nano_usd),
        "told": line.told,
        "time_to_decision_s": line.decided_s,
    }
