"""A substitute is worked out when it is needed, and no sooner."""

from datetime import UTC, datetime
from pathlib import Path

from governor.core.decisions.caller import Caller
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.plan import Plan
from governor.core.decisions.request import DecideRequest, Subject
from governor.core.decisions.snapshot import NO_CATALOGUES, Snapshot
from governor.core.models import ResolvedModel
from tests.decisions.story import Story

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
POLICIES = """\
{apiVersion: governor/v1, kind: ModelAllowlist, name: all, allow: ["*"]}
---
apiVersion: governor/v1
kind: Quota
name: company
limit: 2 USD
period: month
when_reached: {downgrade: {to: [acme/small]}}
"""


class WatchedSnapshot(Snapshot):
    """Notes which models are asked about."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot.policies, NO_CATALOGUES)
        self.asked: list[str] = []

    def model(self, asked: str, provider: str) -> ResolvedModel:
        """Canonicalise a model name."""
        self.asked.append(asked)
        return super().model(asked, provider)


def _plan(snapshot: Snapshot) -> Plan:
    request = DecideRequest("r", Subject(user="mia"), "large", input_tokens=100, max_output_tokens=0)
    return evaluate(snapshot, request, Caller("gw"), NOW)


def test_a_substitute_that_nobody_looks_at_is_not_prepared(tmp_path: Path) -> None:
    """The plan knows how many models there are, and no more of those that only a full budget calls for."""
    snapshot = WatchedSnapshot(Story(tmp_path, POLICIES).snapshots.current)
    plan = _plan(snapshot)
    [first, *_] = [next(iter(plan.options()))]

    assert (2, True, ["large"]) == (len(plan.candidates), first.placeable, snapshot.asked)


def test_a_substitute_is_prepared_once(tmp_path: Path) -> None:
    """The next request of the same kind finds it ready."""
    snapshot = WatchedSnapshot(Story(tmp_path, POLICIES).snapshots.current)
    models = [[candidate.prepared.model.id for candidate in _plan(snapshot).candidates] for _ in range(2)]

    assert ([["acme/large", "acme/small"]] * 2, ["large", "acme/small"]) == (models, snapshot.asked)
