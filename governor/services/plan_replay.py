"""Recorded requests through two versions of the policies side by side, in one pass, with flat memory."""

from collections.abc import Iterable, Iterator

from governor.core.decisions.recorded import Recorded
from governor.core.decisions.snapshot import Snapshot
from governor.core.ledger.past import Past, Posted
from governor.services.plan_impact import Impact
from governor.services.plan_outcomes import warned
from governor.services.replay import SHOW_EVERY, Reading, ReplayOptions, usage_of
from governor.services.replay_lane import Lane


class PlanReplay:
    """One run of a recording through both versions.

    Args:
        before: The version in force: where a recording names nobody, requests are spread over its people.
        after: The version that is proposed.
        options: How the recording is read.
        past: What both begin with, and what is posted beside the requests; None: they begin with nothing used.
    """

    def __init__(self, before: Snapshot, after: Snapshot, options: ReplayOptions, past: Past | None = None) -> None:
        self.impact = Impact(after.organization.time_zone)
        self._before = Lane(before)
        self._after = Lane(after)
        self._reading = Reading(before.organization, options, "plan")
        self._posted: Iterator[Posted] = iter(())
        self._next: Posted | None = None
        if past is not None:
            for lane in (self._before, self._after):
                lane.begin(past.used, past.held)
            self._posted = past.posted
            self._next = next(self._posted, None)

    def run(self, rows: Iterable[Recorded]) -> Iterator[int]:
        """Replay the requests in their order.

        Yields:
            The number of requests so far, now and then, so that the caller can show progress.

        Raises:
            InvalidRequestError: If neither the recording nor the options name a model.
        """
        reading, impact = self._reading, self.impact
        decide_before, decide_after = self._before.decide, self._after.decide
        count = 0
        for row in rows:
            count += 1
            asked = reading.asked(row, count)
            usage = usage_of(row)
            at_s = row.at_s + reading.offset_s
            if self._next is not None:
                self._post_until(at_s)
            before = decide_before(asked, usage, at_s, row.duration_s)
            after = decide_after(asked, usage, at_s, row.duration_s)
            impact.add(before, after, warned(before), warned(after), at_s)
            if count % SHOW_EVERY == 0:
                yield count
        yield count

    def _post_until(self, at_s: float) -> None:
        """Post what was posted up to an instant."""
        while self._next is not None and self._next.at_ms <= at_s * 1000:
            for lane in (self._before, self._after):
                lane.post(self._next.amounts)
            self._next = next(self._posted, None)
