"""A story of decisions and settlements: steps as people write them, on any ledger and on a clock that steps set."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from governor.compiler.load import compile_folder
from governor.core.decisions.blocks import Authority, Block, BlockKind, Blocks
from governor.core.decisions.caller import Caller
from governor.core.decisions.event import CallStatus, UsageEvent
from governor.core.decisions.ids import id_bytes
from governor.core.decisions.output_estimates import OutputEstimates, RecentOutputs
from governor.core.decisions.request import Ability, AssertedBy, DecideRequest, Operation, Subject
from governor.core.decisions.snapshot import NO_CATALOGUES, Snapshot
from governor.core.errors import GovernorError
from governor.core.grants import Grant, GrantKind, Grants, UnitAmount
from governor.core.ledger.commands import Release
from governor.core.ledger.memory import MemoryLedger
from governor.core.ledger.port import Ledger
from governor.core.money import nano_from_text
from governor.core.policy.lineage import trace
from governor.core.policy.use_case_lineage import former_names, trace_use_cases, with_use_cases
from governor.core.policy_changes.renewals import Reign, reigns_begun, renewed
from governor.core.units import Unit
from governor.core.usage import Usage
from governor.services.answers import encode_event_result
from governor.services.decide import Answered, Decider
from governor.services.reservations import ReservationKeeper
from governor.services.settle import Settler
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.ledger import SqlLedger

HERE = Path(__file__).parent
DEADLINE_MS = 60_000
"""Far above any need: a slow machine must not degrade an answer."""

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""When every story begins: a Friday of November, 10:00 in Berlin."""


def world(changes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return ``world.yaml`` with other fields for some kinds; None takes a field out."""
    text = (HERE / "world.yaml").read_text()
    if not changes:
        return text
    documents = [{**document, **changes.get(document["kind"], {})} for document in yaml.safe_load_all(text)]
    kept = [{key: value for key, value in document.items() if value is not None} for document in documents]
    return yaml.safe_dump_all(kept, sort_keys=False)


def grant_id(number: int) -> str:
    """Return the id of a story's grant."""
    return f"01990000-0000-7000-8000-{number:012}"


class Story:
    """A case on its way: policies in a folder, a ledger, and a clock that the steps set.

    Args:
        folder: An empty one for the policies.
        policies: YAML beside the world's.
        changes: Fields of the world's policies that differ, by kind.
        ledger_of: Makes the ledger from the story's clock.
    """

    def __init__(
        self,
        folder: Path,
        policies: str,
        *,
        changes: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        ledger_of: Callable[[Callable[[], float]], Ledger] = MemoryLedger,
    ) -> None:
        self.folder = folder
        self.now = START
        self.ledger = ledger_of(self.now_s)
        self.roots: dict[str, str] = {}
        self.reigns: dict[str, list[Reign]] = {}
        (folder / "world.yaml").write_text(world(changes))
        self.snapshots = Snapshots(self.compiled(policies), self.now)
        self.decider = Decider(self.snapshots, self.ledger, deadline_ms=DEADLINE_MS)
        self.settler = Settler(self.snapshots, self.ledger, deadline_ms=DEADLINE_MS)
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
        lineage = trace(compiled.policies.quotas, self.roots, compiled.policies.version)
        organization = compiled.policies.organization
        use_cases = trace_use_cases(organization.use_cases.values(), self.roots, compiled.policies.version)
        self.roots.update({**lineage.roots, **use_cases})
        for root, reign in reigns_begun(lineage.quotas, self.reigns, self.now).items():
            self.reigns.setdefault(root, []).append(reign)
        organization = replace(organization, former_use_cases=former_names(organization.use_cases, self.roots))
        kept = with_use_cases(lineage.quotas, self.roots, organization.former_use_cases)
        quotas = renewed(kept, self.reigns)
        return Snapshot.build(replace(compiled.policies, organization=organization, quotas=quotas), NO_CATALOGUES)

    async def step(self, step: dict[str, Any]) -> Any:
        """Do one step and return its answer as people see it."""
        step = dict(step)
        if "at" in step:
            self.now = datetime.fromisoformat(str(step["at"]))
        if "after_s" in step:
            self.now += timedelta(seconds=step["after_s"])
        if self.changes(step):
            return None
        if "decide" in step:
            return await self.decide(step["decide"], step.get("as", ""))
        if "decide_all" in step:
            return await self.decide_all(step["decide_all"])
        if "decide_without_ledger" in step:
            return await self.decide(step["decide_without_ledger"], step.get("as", ""), self.without_ledger())
        if "decide_all_without_ledger" in step:
            return await self.decide_all(step["decide_all_without_ledger"], self.without_ledger())
        if "usage" in step:
            return await self.usage(step["usage"])
        if {"extend", "release"} & step.keys():
            return await self.end(step)
        return (await self.decide({**step["budgets"], "dry_run": True}, ""))["budgets"]

    async def end(self, step: dict[str, Any]) -> dict[str, Any]:
        """Give a hold back or prolong it."""
        if "extend" in step:
            return await self.extend(step["extend"])
        decision_id = id_bytes(self.decisions[step["release"]])
        assert decision_id is not None
        outcome = await self.ledger.submit(Release(decision_id, "gw"))
        return {"outcome": outcome.outcome}  # type: ignore[union-attr]  # a release answers so

    def changes(self, step: dict[str, Any]) -> bool:
        """Change what decides, if a step says so, and tell whether it did."""
        if "world" in step:
            (self.folder / "world.yaml").write_text(world(step["world"]))
        if "policies" in step:
            self.snapshots.swap(self.compiled(step["policies"]), self.now)
        elif "blocks" in step:
            self.snapshots.block(Blocks(self.placed(block) for block in step["blocks"]))
        elif "grants" in step:
            self.snapshots.grant(Grants(self.granted(grant) for grant in step["grants"]))
        elif "outputs" in step:
            self.snapshots.learn(self.learned(step["outputs"]))
        else:
            return False
        return True

    def placed(self, block: dict[str, str]) -> Block:
        """Make a block from a step: what it stops, why, and until when."""
        [kind] = {str(kind) for kind in BlockKind} & block.keys()
        return Block(
            id=b"\x01" * 16,
            kind=BlockKind(kind),
            name=block[kind],
            reason=block["reason"],
            placed_by="zoe@acme.example",
            placed_key="zoe",
            authority=Authority.ADMIN,
            placed_at=self.now,
            until_at=datetime.fromisoformat(block["until"]),
        )

    def granted(self, stated: dict[str, Any]) -> Grant:
        """Make a grant from a step; ``usd`` is what it may spend, ``most`` the tokens of a larger request."""
        most = {f"{name}_tokens_max": tokens for name, tokens in stated.get("most", {}).items()}
        return Grant(
            id=grant_id(stated["id"]),
            exception_id=f"x-{stated['id']}",
            kind=GrantKind(stated.get("kind", "budget")),
            scope=tuple(stated["for"].items()),
            lifts=tuple(stated["lifts"]),
            amount_nano_usd=nano_from_text(stated["usd"]),
            starts_at=datetime.fromisoformat(stated.get("from", "2026-11-01T00:00:00Z")),
            ends_at=datetime.fromisoformat(stated["until"]),
            issued_at=datetime.fromisoformat(stated.get("issued", "2026-11-01T00:00:00Z")),
            approved_by=tuple(stated.get("approved_by", ())),
            models=tuple(stated.get("models", ())),
            amounts=tuple(UnitAmount(policy, Unit(unit), amount) for policy, unit, amount in stated.get("amounts", ())),
            **most,
        )

    def learned(self, outputs: list[dict[str, Any]]) -> OutputEstimates:
        """Make estimates from a step: for each group, how many calls had how many tokens, oldest first."""
        recent = RecentOutputs()
        for group in outputs:
            for count, tokens in group["calls"]:
                for _ in range(count):
                    recent.add(group["model"], group.get("use_case", ""), tokens)
        return recent.estimates()

    async def decide(self, asked: dict[str, Any], name: str = "", decider: Decider | None = None) -> dict[str, Any]:
        """Ask, with fields as on the wire; user is short for subject.user."""
        request, caller = self.question(asked)
        answered = await (decider or self.decider).decide(request, caller, json.dumps(asked).encode(), self.now)
        answer: dict[str, Any] = json.loads(answered.body)
        if name:
            self.decisions[name] = answer["decision_id"]
        return answer

    def without_ledger(self) -> Decider:
        """Return what decides while no budget can be checked."""
        closed = SqlLedger(Database(f"sqlite:///{self.folder / 'never-opened.db'}"), self.now_s)
        return Decider(self.snapshots, closed, deadline_ms=1000)

    async def decide_all(self, asked: list[dict[str, Any]], decider: Decider | None = None) -> list[dict[str, Any]]:
        """Ask for all or nothing."""
        questions = [(self.question(one)[0], json.dumps(one).encode()) for one in asked]
        decider = decider or self.decider
        answers = await decider.decide_many(questions, Caller("gw"), self.now, all_or_nothing=True)
        return [json.loads(answer.body) for answer in answers if isinstance(answer, Answered)]

    async def extend(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Prolong a hold, with fields as on the wire; ``decision`` names an earlier step. A refusal is its code."""
        reservation_id, hold_for_s = self.decisions[asked["decision"]], asked.get("hold_for_s")
        cost_nano_usd = nano_from_text(asked["cost_usd"]) if "cost_usd" in asked else None
        keeper = ReservationKeeper(self.snapshots, self.ledger)
        try:
            result = await keeper.extend(reservation_id, Caller("gw"), hold_for_s, cost_nano_usd, self.now)
        except GovernorError as error:
            return {"refused": error.code}
        assert result.reservation is not None
        expires_at = datetime.fromtimestamp(result.reservation.expires_at_s, UTC)
        return {"outcome": result.outcome, "expires_at": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def question(self, asked: dict[str, Any]) -> tuple[DecideRequest, Caller]:
        """Turn a step into a request and the key that it comes with."""
        self.count += 1
        fields = {"request_id": f"r{self.count}", "model": "small", **asked}
        subject = {"user": fields.pop("user", ""), **fields.pop("subject", {})}
        if "asserted_by" in subject:
            subject["asserted_by"] = AssertedBy(subject["asserted_by"])
        caller = Caller("gw", **fields.pop("key", {}))
        if "operation" in fields:
            fields["operation"] = Operation(fields["operation"])
        fields["can"] = frozenset(Ability(ability) for ability in fields.get("can", []))
        return DecideRequest(subject=Subject(**subject), **fields), caller

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
        if "operation" in fields:
            fields["operation"] = Operation(fields["operation"])
        fields["subject"] = Subject(**fields.get("subject", {}))
        event = UsageEvent(**fields)
        results = await self.settler.settle([(event, json.dumps(reported).encode())], Caller("gw"), self.now)
        result: dict[str, Any] = json.loads(encode_event_result(results[0]))
        return result
