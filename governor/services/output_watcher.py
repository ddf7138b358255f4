"""Estimates of outputs from recorded usage into the snapshot of a worker, every ten minutes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from threading import Event

from governor.core.decisions.output_estimates import OutputEstimates, RecentOutputs
from governor.services.refresher import Refresher
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.outputs import RecordedOutput, read_outputs

LEARN_S = 600
"""How long a worker waits before it learns again."""

SETTLED_S = 5
"""Entries younger than this are left to the next time: another worker may still be writing an older one."""

PAGE = 200
"""Entries read at once: some 2 ms in which the interpreter does little else."""

REST_S = 0.002
"""Between pages, so that decisions are not slowed."""

ENTRIES_MAX = 50_000
"""The newest entries that one reading looks at: so that it ends within seconds, however many there are."""

PARTS_MAX = 10_000
"""Calls remembered that were reported in parts and have not ended."""


def watch_outputs(
    snapshots: Snapshots,
    database: Database,
    now: Callable[[], datetime],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Refresher[OutputEstimates | None]:
    """Keep the estimates of one worker.

    Args:
        snapshots: What decides.
        database: Where usage is kept.
        now: The clock.
        pause: Waits for a number of seconds between refreshes.
    """
    learner = OutputLearner(snapshots, database, now)
    return Refresher(
        "output estimates", learner.read, learner.take, pause, every_s=LEARN_S, on_stop=learner.stopped.set
    )


class OutputLearner:
    """Reads what was recorded since it last did, and nothing where nobody learns.

    Attributes:
        stopped: Once set, a reading ends after its page.
    """

    def __init__(self, snapshots: Snapshots, database: Database, now: Callable[[], datetime]) -> None:
        self.stopped = Event()
        self._snapshots = snapshots
        self._database = database
        self._now = now
        self._recent = RecentOutputs()
        self._parts: dict[bytes, int] = {}
        self._until = b""

    def read(self) -> OutputEstimates | None:
        """Return what has been learned until now; None where nobody learns."""
        if not self._snapshots.current.learns:
            return None
        # Ids begin with the milliseconds at which they were made.
        until = (int(self._now().timestamp() - SETTLED_S) * 1000).to_bytes(6, "big")
        for output in reversed(self._since(until)):
            self._add(output)
        self._until = max(self._until, until)
        return self._recent.estimates(self._snapshots.current.organization.former_use_cases)

    def _since(self, until: bytes) -> list[RecordedOutput]:
        """Return what was recorded since the last time, newest first."""
        outputs: list[RecordedOutput] = []
        before = until
        for _ in range(ENTRIES_MAX // PAGE):
            page = self._database.read_now(partial(read_outputs, after=self._until, before=before, limit=PAGE))
            outputs += page.outputs
            if page.next is None or self.stopped.wait(REST_S):
                break
            before = page.next
        return outputs

    def _add(self, output: RecordedOutput) -> None:
        parts = self._parts.pop(output.decision_id, 0) if output.decision_id is not None else 0
        if output.ends:
            self._recent.add(output.model, output.use_case, parts + output.output_tokens)
        elif output.decision_id is not None:
            # A call that is reported in parts is as long as all of them.
            self._parts[output.decision_id] = parts + output.output_tokens
            if len(self._parts) > PARTS_MAX:
                del self._parts[next(iter(self._parts))]

    def take(self, estimates: OutputEstimates | None) -> None:
        """Let estimates count, if they are others than those that count already."""
        if estimates is not None and estimates.version != self._snapshots.current.estimates.version:
            self._snapshots.learn(estimates)
