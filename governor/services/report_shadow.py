"""What policies on trial would have refused: how often, whom, and the money that went with it.

Reads the decisions of a span one page at a time; sums are exact, however many there are, and lists are cut.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection

from governor.core.ledger.entry import Entry
from governor.core.ledger.reservation import Reservation, ReservationState
from governor.core.money import usd_text
from governor.core.policy.use_case_lineage import use_case_ref
from governor.services.replay_summary import NOBODYS
from governor.services.shadow_stakes import Stakes
from governor.store.decisions import decisions_after, id_floor
from governor.store.outcomes import read_task_outcomes
from governor.store.quota_roots import read_quota_roots

PAGE = 500
"""Decisions that are in memory at a time."""

Read = Callable[[Callable[[Connection], Any]], Any]


class _Warning(msgspec.Struct):
    policy: str | None = None
    code: str = ""
    would_deny: bool = False


class _Answer(msgspec.Struct):
    verdict: str = ""
    warnings: list[_Warning] = []


_decode = msgspec.json.Decoder(_Answer).decode


@dataclass(slots=True)
class Refusals:
    """Requests that were allowed and would have been refused.

    Attributes:
        spent_nano_usd: What they cost: it would have been saved.
        unreported: Of them, those of which nobody reported usage; they count with what was held.
        users: Who made them.
    """

    requests: int = 0
    spent_nano_usd: int = 0
    unreported: int = 0
    users: set[str] = field(default_factory=set)

    def add(self, user: str, nano_usd: int, *, reported: bool) -> None:
        """Add one request."""
        self.requests += 1
        self.spent_nano_usd += nano_usd
        self.unreported += not reported
        self.users.add(user)

    def document(self) -> dict[str, Any]:
        """Return the sums as they are printed."""
        return {
            "requests": self.requests,
            "people": len(self.users),
            "saved_usd": usd_text(self.spent_nano_usd),
            "unreported": self.unreported,
        }


@dataclass(slots=True)
class PolicyTrial:
    """What one policy would have refused.

    Attributes:
        refused_anyway: Requests that another policy refused as well: enforcing this one changes nothing for them.
        stakes: What would have been lost with them.
    """

    stakes: Stakes = field(default_factory=Stakes)
    total: Refusals = field(default_factory=Refusals)
    refused_anyway: int = 0
    by_department: dict[str, Refusals] = field(default_factory=dict)
    by_model: dict[str, Refusals] = field(default_factory=dict)
    by_user: dict[str, Refusals] = field(default_factory=dict)


@dataclass(slots=True)
class ShadowReport:
    """The trials of a span.

    Attributes:
        decisions: All decisions of the span.
        spent_nano_usd: What all of them cost.
        forgotten: Of them, those whose texts were forgotten: nobody knows what would have refused them.
        total: Requests that at least one policy on trial would have refused, each counted once.
        stakes: What would have been lost with them.
        without_task: Allowed requests that named no task, by use case.
        roots: What names of use cases began as: those of one that was renamed are one.
    """

    decisions: int = 0
    spent_nano_usd: int = 0
    forgotten: int = 0
    total: Refusals = field(default_factory=Refusals)
    stakes: Stakes = field(default_factory=Stakes)
    without_task: Counter[str] = field(default_factory=Counter)
    policies: dict[str, PolicyTrial] = field(default_factory=dict)
    roots: Mapping[str, str] = field(default_factory=dict)

    def use_case(self, name: str) -> str:
        """Return how the use case of a name is known here, of a former one as well; ``""`` of none."""
        ref = use_case_ref(name)
        return self.roots.get(ref, ref) if name else ""

    def document(self, shown: int) -> dict[str, Any]:
        """Return the report as it is printed.

        Args:
            shown: How many departments, models and people each list names; sums are over all of them.
        """
        ordered = sorted(self.policies, key=lambda name: (-self.policies[name].total.requests, name))
        return {
            "decisions": self.decisions,
            "spent_usd": usd_text(self.spent_nano_usd),
            "forgotten": self.forgotten,
            "would_refuse": {**self.total.document(), **self.stakes.document()},
            "policies": [_trial(name, self.policies[name], shown) for name in ordered[:shown]],
            "policies_left_out": max(0, len(ordered) - shown),
        }


def report_shadow(
    read: Read, since: datetime | None, until: datetime | None, *, policy: str = ""
) -> Iterator[ShadowReport]:
    """Add up a span; the last report yielded is the whole one, those before show progress.

    Args:
        read: Runs a function on a connection of the database.
        since: First instant, or None: from the first decision on.
        until: First instant that is too late, or None.
        policy: Only this one, as ``Kind/name``; ``""``: all.
    """
    report = ShadowReport(roots=read(partial(read_quota_roots, names=())))
    last = id_floor(int(since.timestamp() * 1000) if since is not None else 0)
    until_ms = int(until.timestamp() * 1000) if until is not None else None
    while True:
        page = read(partial(decisions_after, last=last, until_ms=until_ms, limit=PAGE))
        for reservation, entries in page:
            _add(report, reservation, entries, policy)
        if len(page) < PAGE:
            break
        yield report
        last = page[-1][0].id
    read(partial(_weigh, report=report, since=since, until=until))
    yield report


def _weigh(connection: Connection, report: ShadowReport, since: datetime | None, until: datetime | None) -> None:
    """Add what came of the requests that would have been refused."""
    stakes = [report.stakes, *(trial.stakes for trial in report.policies.values())]
    if not any(each.is_possible for each in stakes):
        return
    from_s, until_s = (int(at.timestamp()) if at is not None else None for at in (since, until))
    # What comes of a task may come later than its requests.
    for name, task, sums in read_task_outcomes(connection, from_s, None):
        use_case = report.use_case(name)
        for each in stakes:
            each.add_task(use_case, task, sums)
    for name, task, sums in read_task_outcomes(connection, from_s, until_s):
        if not task:
            use_case = report.use_case(name)
            for each in stakes:
                each.add_share(use_case, sums, report.without_task[use_case])


def _add(report: ShadowReport, reservation: Reservation, entries: Sequence[Entry], policy: str) -> None:
    report.decisions += 1
    cost = _cost(reservation, entries)
    report.spent_nano_usd += cost
    attributes = reservation.facts.attributes
    use_case, task = report.use_case(attributes.get("use_case", "")), attributes.get("task", "")
    if use_case and not task and reservation.state is not ReservationState.DENIED:
        report.without_task[use_case] += 1
    if not reservation.answer:
        # Its text was forgotten, and with it what it pointed out.
        report.forgotten += 1
        return
    answer = _decode(reservation.answer)
    named = dict.fromkeys(
        warning.policy or warning.code
        for warning in answer.warnings
        if warning.would_deny and policy in {"", warning.policy}
    )
    if not named:
        return
    trials = [report.policies.setdefault(name, PolicyTrial()) for name in named]
    if reservation.state is ReservationState.DENIED:
        for trial in trials:
            trial.refused_anyway += 1
        return
    facts = reservation.facts
    user = attributes.get("user", NOBODYS)
    department = attributes.get("department", NOBODYS)
    sums = [report.total]
    for trial in trials:
        sums.append(trial.total)
        sums.append(trial.by_department.setdefault(department, Refusals()))
        sums.append(trial.by_model.setdefault(facts.model, Refusals()))
        sums.append(trial.by_user.setdefault(user, Refusals()))
    for stakes in (report.stakes, *(trial.stakes for trial in trials)):
        stakes.refuse(use_case, task)
    for each in sums:
        each.add(user, cost, reported=bool(entries))


def _cost(reservation: Reservation, entries: Sequence[Entry]) -> int:
    """Return what a decision cost: as posted with every correction, else what was held for it."""
    if entries:
        return sum(entry.cost_nano_usd for entry in entries)
    if reservation.state in {ReservationState.DENIED, ReservationState.RELEASED}:
        return 0
    return reservation.facts.cost_nano_usd or 0


def _trial(name: str, trial: PolicyTrial, shown: int) -> dict[str, Any]:
    return {
        "policy": name,
        **trial.total.document(),
        **trial.stakes.document(),
        "refused_anyway": trial.refused_anyway,
        "by_department": _cut(trial.by_department, shown),
        "by_model": _cut(trial.by_model, shown),
        "by_person": _cut(trial.by_user, shown),
    }


def _cut(sums: dict[str, Refusals], shown: int) -> dict[str, Any]:
    """Return the largest, and the number of the others."""
    ordered = sorted(sums, key=lambda name: (-sums[name].spent_nano_usd, -sums[name].requests, name))
    return {
        "shown": {name: sums[name].document() for name in ordered[:shown]},
        "left_out": max(0, len(ordered) - shown),
    }
