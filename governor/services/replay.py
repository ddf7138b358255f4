"""Recorded requests through the policies, on the clock of the recording, in memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from governor.core.decisions.caller import Caller
from governor.core.decisions.recorded import NOBODY, Recorded
from governor.core.decisions.request import Ability, DecideRequest, Subject
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.policy.organization import Organization
from governor.core.usage import Usage
from governor.services.plan_outcomes import refused_by
from governor.services.replay_lane import Asked, Lane, Outcome
from governor.services.replay_summary import ReplaySummary

SHOW_EVERY = 4_096
"""Requests between two reports of progress."""

ABILITIES = frozenset({Ability.SUBSTITUTE, Ability.CLAMP})
"""A recording is replayed for a gateway that can do everything that policies may ask of it."""

_SPREAD = 2_654_435_761
"""Knuth's multiplicative hash: neighbours in the file are strangers in the organisation."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a recording is read.

    Attributes:
        model: The model where the recording names none, or ``""``.
        offset_s: Added to every recorded time: where a recording without a calendar begins.
    """

    model: str = ""
    offset_s: float = 0.0


class Reading:
    """Makes requests of recorded rows.

    Args:
        organization: Over whom requests are spread that name nobody: always in the same way.
        options: How the recording is read.
        name: In whose name requests are made that name no key.
    """

    def __init__(self, organization: Organization, options: ReplayOptions, name: str) -> None:
        self._options = options
        self._nobody = Caller(name)
        self._callers: dict[str, Caller] = {"": self._nobody}
        self._crowd = tuple(_crowd(organization))
        self.offset_s = options.offset_s

    def asked(self, row: Recorded, number: int) -> Asked:
        """Return what a row asks; ``number`` counts the rows.

        Raises:
            InvalidRequestError: If neither the row nor the options name a model.
        """
        if row.request is not None:
            return self._kept(row.request, row.client)
        model = row.model or self._options.model
        if not model:
            raise InvalidRequestError("the recording names no model; name one with `--model`")
        subject = row.subject
        who: object = subject
        if self._crowd and (subject is NOBODY or subject == NOBODY):
            # A number is compared in no time, a subject in a microsecond.
            position = who = (number * _SPREAD >> 8) % len(self._crowd)
            subject = self._crowd[position]
        request = DecideRequest(
            request_id="",
            subject=subject,
            model=model,
            use_case=row.use_case,
            input_tokens=row.input_tokens,
            max_output_tokens=row.max_output_tokens,
            can=ABILITIES,
            tags=row.tags,
        )
        question = (who, model, row.use_case, tuple(row.tags.items()) if row.tags else None)
        return Asked(request, question, self._nobody)

    def _kept(self, asked: DecideRequest, client: str) -> Asked:
        """Return a request that was kept as it was made."""
        caller = self._callers.get(client)
        if caller is None:
            caller = self._callers[client] = Caller(client)
        tags = tuple(asked.tags.items()) if asked.tags else None
        question = (asked.subject, asked.model, asked.provider, asked.operation, asked.use_case, asked.can, tags)
        return Asked(asked, question, caller)


_NONE: Mapping[str, int] = MappingProxyType({})


def usage_of(row: Recorded) -> Usage | None:
    """Return what a row used, or None if the recording does not say."""
    if row.usage is not None or row.output_tokens is None:
        return row.usage
    # By position: two empty mappings less to make.
    return Usage(row.input_tokens, 0, 0, 0, row.output_tokens, 0, _NONE, _NONE)


class Replay:
    """One run of a recording through one version of the policies.

    Args:
        snapshot: The policies.
        options: How the recording is read.
    """

    def __init__(self, snapshot: Snapshot, options: ReplayOptions) -> None:
        self.summary = ReplaySummary()
        self.lane = Lane(snapshot)
        self._reading = Reading(snapshot.organization, options, "replay")

    def run(self, rows: Iterable[Recorded]) -> Iterator[int]:
        """Replay the requests in their order and settle what is open at the end.

        Yields:
            The number of requests so far, now and then, so that the caller can show progress.

        Raises:
            InvalidRequestError: If neither the recording nor the options name a model.
        """
        reading, decide = self._reading, self.lane.decide
        count = 0
        for row in rows:
            count += 1
            asked = reading.asked(row, count)
            self._add(decide(asked, usage_of(row), row.at_s + reading.offset_s, row.duration_s))
            if count % SHOW_EVERY == 0:
                yield count
        self.lane.finish()
        yield count

    def _add(self, outcome: Outcome) -> None:
        asked, given = outcome.asked, outcome.given
        department = asked.attributes.get("department", "")
        if given is None:
            self.summary.denied(department, asked.model.id, refused_by(outcome))
            return
        model = given.model.id
        usage = outcome.usage
        self.summary.allowed(department, model, substituted=model != asked.model.id)
        self.summary.settled(department, model, outcome.cost_nano_usd, usage.input_tokens, usage.output_tokens)


def _crowd(organization: Organization) -> Iterator[Subject]:
    """Yield everybody who may have made a request that names nobody, in a fixed order."""
    for user in sorted(organization.people):
        yield Subject(user=user)
    for name in sorted(organization.service_accounts):
        yield Subject(service_account=name)
