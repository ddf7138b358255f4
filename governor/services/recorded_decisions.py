"""The decisions of a span as a replay reads them: what was asked, by whom, and what came of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection

from governor.core.decisions.recorded import Recorded
from governor.core.decisions.request import Ability, AssertedBy, DecideRequest, Operation, Subject
from governor.core.ledger.entry import EntryKind
from governor.core.ledger.reservation import ReservationState
from governor.core.policy.organization import SERVICE_ACCOUNT_KIND
from governor.core.scopes import UNKNOWN_USER
from governor.core.usage import Usage
from governor.store.decisions import id_floor
from governor.store.recorded import Asked, Reported, asked_after

PAGE = 500
"""Decisions that are in memory at a time."""

_REPORTED = frozenset({EntryKind.SETTLEMENT, EntryKind.ADDITIONAL, EntryKind.LATE, EntryKind.CORRECTION})
_COUNTS = tuple(field.name for field in fields(Usage) if field.name.endswith("_tokens"))

_TAG = "tags."

Read = Callable[[Callable[[Connection], Any]], Any]


class _Subject(msgspec.Struct):
    user: str | None = None
    service_account: str | None = None
    team: str | None = None
    department: str | None = None
    project: str | None = None
    environment: str | None = None
    task: str | None = None
    asserted_by: AssertedBy = AssertedBy.GATEWAY


class _Asked(msgspec.Struct):
    """What is replayed of a stored request; what it says beside these decided nothing."""

    model: str
    subject: _Subject | None = None
    provider: str | None = None
    region: str | None = None
    service_tier: str | None = None
    operation: Operation = Operation.CHAT
    use_case: str | None = None
    input_tokens: int | None = None
    input_bytes: int | None = None
    max_output_tokens: int | None = None
    n: int = 1
    units: dict[str, int] = {}
    requests: int | None = None
    can: list[Ability] = []
    tags: dict[str, str] = {}


_decode = msgspec.json.Decoder(_Asked).decode


def recorded_decisions(read: Read, since: datetime | None, until: datetime | None) -> Iterator[Recorded]:
    """Yield the decisions of a span in the order in which they were made; memory stays flat.

    Args:
        read: Runs a function on a connection of the database.
        since: First instant, or None: from the first decision on.
        until: First instant that is too late, or None.
    """
    last = id_floor(int(since.timestamp() * 1000) if since is not None else 0)
    until_ms = int(until.timestamp() * 1000) if until is not None else None
    while True:
        page = read(partial(asked_after, last=last, until_ms=until_ms, limit=PAGE))
        for kept in page:
            yield _recorded(kept)
        if len(page) < PAGE:
            return
        last = page[-1].id


def _recorded(kept: Asked) -> Recorded:
    reported = [each for each in kept.reported if each.kind in _REPORTED]
    usage = _usage(kept, reported)
    ended_ms = reported[0].received_at_ms if reported else kept.at_ms
    # The whole request and its usage have the last word over the counts beside them.
    return Recorded(
        at_s=kept.at_ms / 1000,
        input_tokens=0,
        output_tokens=None,
        duration_s=max(0, ended_ms - kept.at_ms) / 1000,
        request=_request(kept),
        usage=usage,
        client=kept.client,
    )


def _usage(kept: Asked, reported: Sequence[Reported]) -> Usage | None:
    """Add up what was reported; None where nobody reported, so that what is held is the best guess."""
    if not reported:
        return Usage() if kept.state == ReservationState.RELEASED else None
    if len(reported) == 1:
        return reported[0].usage
    counts = {name: sum(getattr(each.usage, name) for each in reported) for name in _COUNTS}
    units: dict[str, int] = {}
    modalities: dict[str, int] = {}
    for each in reported:
        for sums, posted in ((units, each.usage.units), (modalities, each.usage.modalities)):
            for name, count in posted.items():
                sums[name] = sums.get(name, 0) + count
    return Usage(**counts, units=units, modalities=modalities)


def _request(kept: Asked) -> DecideRequest:
    if not kept.request:
        return _forgotten(kept)
    asked = _decode(kept.request)
    return DecideRequest(
        request_id="",
        subject=_subject(kept, asked.subject or _Subject()),
        model=asked.model,
        provider=asked.provider or "",
        region=asked.region or "",
        service_tier=asked.service_tier or "",
        operation=asked.operation,
        use_case=asked.use_case or "",
        input_tokens=asked.input_tokens,
        input_bytes=asked.input_bytes,
        max_output_tokens=asked.max_output_tokens,
        n=asked.n,
        units=asked.units,
        requests=asked.requests,
        can=frozenset(asked.can),
        tags=asked.tags,
    )


def _forgotten(kept: Asked) -> DecideRequest:
    """Make a request of what is kept of one whose text was forgotten (``GOVERNOR_KEEP_DECISIONS``)."""
    facts = kept.facts
    known = facts.attributes
    is_batch = facts.operation == Operation.BATCH
    claimed = _Subject(
        team=known.get("team"),
        department=known.get("department"),
        project=known.get("project"),
        environment=known.get("environment"),
        task=known.get("task"),
    )
    return DecideRequest(
        request_id="",
        subject=_subject(kept, claimed),
        model=facts.model,
        provider=facts.provider,
        operation=Operation(facts.operation),
        use_case=known.get("use_case", ""),
        input_tokens=facts.input_tokens,
        max_output_tokens=None if is_batch else facts.output_tokens,
        requests=facts.requests if is_batch else None,
        can=frozenset(Ability),
        tags={key.removeprefix(_TAG): value for key, value in known.items() if key.startswith(_TAG)},
    )


def _subject(kept: Asked, claimed: _Subject) -> Subject:
    """Return who asked: as claimed or, where the key itself was somebody's, as it was resolved."""
    user, service_account = claimed.user or "", claimed.service_account or ""
    if not user and not service_account:
        known = kept.facts.attributes
        name = known.get("user", "")
        if known.get("kind") == SERVICE_ACCOUNT_KIND:
            service_account = name
        elif name != UNKNOWN_USER:
            user = name
    return Subject(
        user,
        service_account,
        claimed.team or "",
        claimed.department or "",
        claimed.project or "",
        claimed.environment or "",
        claimed.task or "",
        claimed.asserted_by,
    )
