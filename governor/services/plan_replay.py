"""Recorded requests through two versions of the policies side by side, in one pass, with flat memory."""

from collections.abc import Iterable, Iterator

from governor.core.decisions.caller import Caller
from governor.core.decisions.recorded import Recorded
from governor.core.decisions.snapshot import Snapshot
from governor.services.plan_impact import Impact
from governor.services.plan_outcomes import warned
from governor.services.replay import SHOW_EVERY, Reading, ReplayOptions, usage_of
from governor.services.replay_lane import Lane

CALLER = Caller("plan")


class PlanReplay:
    """One run of a recording through both versions; both begin with nothing used.

    Args:
        before: The version in force: where a recording names nobody, requests are spread over its people.
        after: The version that is proposed.
        options: How the recording is read.
    """

    def __init__(self, before: Snapshot, after: Snapshot, options: ReplayOptions) -> None:
        self.impact = Impact(after.organization.time_zone)
        self._before = Lane(before, CALLER)
        self._after = Lane(after, CALLER)
        self._reading = Reading(before.organization, options)

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
            request, question = reading.request(row, count)
            usage = usage_of(row)
            at_s = row.at_s + reading.offset_s
            before = decide_before(request, usage, at_s, row.duration_s, question)
            after = decide_after(request, usage, at_s, row.duration_s, question)
            impact.add(before, after, warned(before), warned(after), at_s)
            if count % SHOW_EVERY == 0:
                yield count
        yield count
