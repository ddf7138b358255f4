"""Decisions and settlements as tables: each file of ``cases/`` is a story that reads like the documentation.

A case gives policies (beside ``world.yaml``) and steps. A step asks (``decide``), reports (``usage``), gives back
(``release``) or looks at the balances (``budgets``), and states what it wants of the answer. Only what is stated is
compared; lists are compared element by element.
"""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from governor.compiler.load import compile_folder
from governor.core.decisions.caller import Caller
from governor.core.decisions.event import CallStatus, UsageEvent
from governor.core.decisions.ids import id_bytes
from governor.core.decisions.request import Ability, AssertedBy, DecideRequest, Operation, Subject
from governor.core.decisions.snapshot import NO_CATALOGUES, Snapshot
from governor.core.ledger.commands import Release
from governor.core.ledger.memory import MemoryLedger
from governor.core.usage import Usage
from governor.services.answers import encode_event_result
from governor.services.decide import Decider
from governor.services.settle import Settler
from governor.services.snapshots import Snapshots

HERE = Path(__file__).parent
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['description']}")
    for path in sorted((HERE / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]


class Story:
    """A case on its way: policies in a folder, an in-memory ledger, and a clock that the steps set."""

    def __init__(self, folder: Path, policies: str) -> None:
        self.folder = folder
        self.now = datetime.fromisoformat("2026-11-20T09:00:00+00:00")
        self.ledger = MemoryLedger(self.now_s)
        (folder / "world.yaml").write_text((HERE / "world.yaml").read_text())
        self.snapshots = Snapshots(self.compiled(policies), self.now)
        self.decider = Decider(self.snapshots, self.ledger, deadline_ms=1000)
        self.settler = Settler(self.snapshots, self.ledger)
        self.decisions: dict[str, str] = {}
        self.count = 0

    def now_s(self) -> float:
        """Return the story's instant in Unix seconds."""
        return self.now.timestamp()

    def compiled(self, policies: str) -> Snapshot:
        """Compile the world with a case's policies; a case with a wrong policy is a wrong case."""
        (self.folder / "case.yaml").write_text(policies)
        compiled = compile_folder(self.folder, self.now)
        assert compiled.policies is not None, [str(problem) for problem in compiled.problems]
        return Snapshot.build(compiled.policies, NO_CATALOGUES)

    async def step(self, step: dict[str, Any]) -> Any:
        """Do one step and return its answer as people see it."""
        step = dict(step)
        if "at" in step:
            self.now = datetime.fromisoformat(str(step["at"]))
        if "after_s" in step:
            self.now += timedelta(seconds=step["after_s"])
        if "policies" in step:
            self.snapshots.swap(self.compiled(step["policies"]), self.now)
            return None
        if "decide" in step:
            return await self.decide(step["decide"], step.get("as", ""))
        if "usage" in step:
            return await self.usage(step["usage"])
        if "release" in step:
            decision_id = id_bytes(self.decisions[step["release"]])
            assert decision_id is not None
            outcome = await self.ledger.submit(Release(decision_id, "gw"))
            return {"outcome": outcome.outcome}  # type: ignore[union-attr]  # a release answers so
        return (await self.decide({**step["budgets"], "dry_run": True}, ""))["budgets"]

    async def decide(self, asked: dict[str, Any], name: str) -> dict[str, Any]:
        """Ask, with fields as on the wire; user is short for subject.user."""
        self.count += 1
        fields = {"request_id": f"r{self.count}", "model": "small", **asked}
        subject = {"user": fields.pop("user", ""), **fields.pop("subject", {})}
        if "asserted_by" in subject:
            subject["asserted_by"] = AssertedBy(subject["asserted_by"])
        caller = Caller("gw", **fields.pop("key", {}))
        if "operation" in fields:
            fields["operation"] = Operation(fields["operation"])
        fields["can"] = frozenset(Ability(ability) for ability in fields.get("can", []))
        request = DecideRequest(subject=Subject(**subject), **fields)
        answered = await self.decider.decide(request, caller, json.dumps(asked).encode(), self.now)
        answer: dict[str, Any] = json.loads(answered.body)
        if name:
            self.decisions[name] = answer["decision_id"]
        return answer

    async def usage(self, reported: dict[str, Any]) -> dict[str, Any]:
        """Report, with fields as on the wire; ``decision`` names an earlier step."""
        self.count += 1
        fields = {"event_id": f"e{self.count}", "source": "gw", "model": "", **reported}
        if "decision" in fields:
            fields["decision_id"] = self.decisions[fields.pop("decision")]
        if "usage" in fields:
            fields["usage"] = Usage(**fields["usage"])
        if "status" in fields:
            fields["status"] = CallStatus(fields["status"])
        if "occurred_at" in fields:
            fields["occurred_at"] = datetime.fromisoformat(fields["occurred_at"])
        fields["subject"] = Subject(**fields.get("subject", {}))
        event = UsageEvent(**fields)
        results = await self.settler.settle([(event, json.dumps(reported).encode())], Caller("gw"), self.now)
        result: dict[str, Any] = json.loads(encode_event_result(results[0]))
        return result


def differences(want: Any, got: Any, where: str = "") -> list[str]:
    """Say where an answer is not as wanted; only what is stated is compared."""
    if isinstance(want, dict) and isinstance(got, dict):
        return [
            line
            for key, value in want.items()
            for line in (differences(value, got[key], f"{where}.{key}") if key in got else [f"{where}.{key} is absent"])
        ]
    if isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return [f"{where} has {len(got)} elements, wanted {len(want)}: {got}"]
        return [
            line
            for index, (one, other) in enumerate(zip(want, got, strict=True))
            for line in differences(one, other, f"{where}[{index}]")
        ]
    return [] if want == got else [f"{where} is {got!r}, wanted {want!r}"]


@pytest.mark.parametrize("case", CASES)
def test_case_is_decided_as_told(case: dict[str, Any], tmp_path: Path) -> None:
    """A case's every step answers what the case wants."""

    async def tell() -> list[str]:
        story = Story(tmp_path, case.get("policies", ""))
        found: list[str] = []
        compared = 0
        for index, step in enumerate(case["steps"]):
            answer = await story.step(step)
            if "want" in step:
                compared += 1
                found += [f"step {index + 1}: {line}" for line in differences(step["want"], answer)]
        assert compared, "a case that wants nothing proves nothing"
        return found

    found = asyncio.run(tell())

    assert [] == found
