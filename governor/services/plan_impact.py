"""What a change of the policies would have meant for recorded requests, added up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from governor.core.calendar_days import local_date
from governor.core.money import usd_text
from governor.core.scopes import Scope
from governor.services.plan_outcomes import Effect, Warned, effects, run_out
from governor.services.replay_lane import Outcome
from governor.services.replay_summary import NOBODYS

BUDGETS_MAX = 5_000
"""Budgets of which it is remembered when they ran out; those of single tasks could be as many as requests."""

PEOPLE_SHOWN = 20
"""People named in a document, the most affected first; how many there are is always said."""

Budget = tuple[str, Scope]


@dataclass(slots=True)
class Side:
    """Sums of one version."""

    requests: int = 0
    allowed: int = 0
    substituted: int = 0
    warned: int = 0
    cost_nano_usd: int = 0

    def add(self, outcome: Outcome, warned: Warned) -> None:
        """Add one request."""
        self.requests += 1
        given = outcome.given
        if given is None:
            return
        self.allowed += 1
        self.cost_nano_usd += outcome.cost_nano_usd
        if given is not outcome.asked and given.model.id != outcome.asked.model.id:
            self.substituted += 1
        if warned:
            self.warned += 1

    def join(self, other: "Side") -> None:
        """Add the sums of others."""
        self.requests += other.requests
        self.allowed += other.allowed
        self.substituted += other.substituted
        self.warned += other.warned
        self.cost_nano_usd += other.cost_nano_usd

    def document(self) -> dict[str, Any]:
        """Return the sums as they are printed."""
        return {
            "requests": self.requests,
            "allowed": self.allowed,
            "denied": self.requests - self.allowed,
            "substituted": self.substituted,
            "warned": self.warned,
            "cost_usd": usd_text(self.cost_nano_usd),
        }


@dataclass(slots=True)
class Effects:
    """How many requests were affected in which way, and the money that goes with it."""

    requests: dict[Effect, int] = field(default_factory=dict)
    nano_usd: dict[Effect, int] = field(default_factory=dict)

    def add(self, effect: Effect, nano_usd: int) -> None:
        """Add one effect on one request."""
        self.requests[effect] = self.requests.get(effect, 0) + 1
        self.nano_usd[effect] = self.nano_usd.get(effect, 0) + nano_usd

    def join(self, other: "Effects") -> None:
        """Add the sums of others."""
        for effect, requests in other.requests.items():
            self.requests[effect] = self.requests.get(effect, 0) + requests
            self.nano_usd[effect] = self.nano_usd.get(effect, 0) + other.nano_usd[effect]

    @property
    def total(self) -> int:
        """All effects; a request may have several."""
        return sum(self.requests.values())

    def document(self) -> dict[str, Any]:
        """Return the effects that there were, the gravest first."""
        return {
            effect.value: {"requests": self.requests[effect], "usd": usd_text(self.nano_usd[effect])}
            for effect in Effect
            if effect in self.requests
        }


@dataclass(slots=True)
class Group:
    """What happens to the requests of one department, or for one model, under both versions."""

    before: Side = field(default_factory=Side)
    after: Side = field(default_factory=Side)
    effects: Effects = field(default_factory=Effects)

    def join(self, other: "Group") -> None:
        """Add the sums of others."""
        self.before.join(other.before)
        self.after.join(other.after)
        self.effects.join(other.effects)

    def document(self) -> dict[str, Any]:
        """Return the group as it is printed."""
        return {"before": self.before.document(), "after": self.after.document(), "effects": self.effects.document()}


@dataclass(slots=True)
class RunOut:
    """When a budget first had no room, in Unix seconds, under either version; None: it always had."""

    before_s: float | None = None
    after_s: float | None = None


@dataclass(slots=True)
class Impact:
    """The sums of a replay under two versions.

    Attributes:
        time_zone: The organisation's, for days.
        affected: Requests that came out differently.
        cells: By department and model asked for.
        by_policy: By the policy that an effect is due to.
        by_person: By user; only people for whom something differs.
        budgets: Budgets that ran out under either version.
        budgets_left_out: Whether there were more than are remembered.
    """

    time_zone: str = "UTC"
    requests: int = 0
    affected: int = 0
    first_s: float | None = None
    last_s: float = 0.0
    cells: dict[tuple[str, str], Group] = field(default_factory=dict)
    by_policy: dict[str, Effects] = field(default_factory=dict)
    by_person: dict[str, Effects] = field(default_factory=dict)
    budgets: dict[Budget, RunOut] = field(default_factory=dict)
    budgets_left_out: bool = False

    def add(self, before: Outcome, after: Outcome, warned_before: Warned, warned_after: Warned, at_s: float) -> None:
        """Add one request with what became of it under each version."""
        self.requests += 1
        if self.first_s is None:
            self.first_s = at_s
        self.last_s = at_s
        cell_before = self._cell(before)
        cell_after = self._cell(after)
        cell_before.before.add(before, warned_before)
        cell_after.after.add(after, warned_after)
        self._remember_run_out(before, after, at_s)
        found = effects(before, after, warned_before, warned_after)
        if found:
            self._affect(found, before, after, cell_after.effects)

    def total(self) -> Group:
        """Return the sums over everything."""
        total = Group()
        for group in self.cells.values():
            total.join(group)
        return total

    def by_department(self) -> dict[str, Group]:
        """Return the sums of each department."""
        return self._by(0)

    def by_model(self) -> dict[str, Group]:
        """Return the sums of each model asked for."""
        return self._by(1)

    def _by(self, position: int) -> dict[str, Group]:
        groups: dict[str, Group] = {}
        for key in sorted(self.cells):
            groups.setdefault(key[position], Group()).join(self.cells[key])
        return groups

    def _cell(self, outcome: Outcome) -> Group:
        asked = outcome.asked
        key = (asked.attributes.get("department", NOBODYS), asked.model.id)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Group()
        return cell

    def _affect(
        self,
        found: Sequence[tuple[Effect, str]],
        before: Outcome,
        after: Outcome,
        cell: Effects,
    ) -> None:
        self.affected += 1
        user = after.asked.attributes.get("user", NOBODYS)
        person = self.by_person.get(user)
        if person is None:
            person = self.by_person[user] = Effects()
        seen: set[Effect] = set()
        for effect, policy in found:
            money = after.cost_nano_usd - before.cost_nano_usd
            if effect in {Effect.WARNED, Effect.UNWARNED}:
                money = after.cost_nano_usd
            blamed = self.by_policy.get(policy)
            if blamed is None:
                blamed = self.by_policy[policy] = Effects()
            blamed.add(effect, money)
            if effect not in seen:
                seen.add(effect)
                for tally in (cell, person):
                    tally.add(effect, money)

    def _remember_run_out(self, before: Outcome, after: Outcome, at_s: float) -> None:
        for budget in run_out(before):
            entry = self._budget(budget)
            if entry is not None and entry.before_s is None:
                entry.before_s = at_s
        for budget in run_out(after):
            entry = self._budget(budget)
            if entry is not None and entry.after_s is None:
                entry.after_s = at_s

    def _budget(self, budget: Budget) -> RunOut | None:
        entry = self.budgets.get(budget)
        if entry is None:
            if len(self.budgets) >= BUDGETS_MAX:
                self.budgets_left_out = True
                return None
            entry = self.budgets[budget] = RunOut()
        return entry

    def document(self, seconds: float) -> dict[str, Any]:
        """Return everything as ``--output json`` prints it.

        Args:
            seconds: How long the replay took.
        """
        return {
            "requests": self.requests,
            "affected": self.affected,
            "since": _instant(self.first_s),
            "until": _instant(self.last_s if self.requests else None),
            "seconds": round(seconds, 3),
            **self.total().document(),
            "by_department": {name: group.document() for name, group in sorted(self.by_department().items())},
            "by_model": {name: group.document() for name, group in sorted(self.by_model().items())},
            "by_policy": {name: self.by_policy[name].document() for name in _most(self.by_policy)},
            "people_affected": len(self.by_person),
            "people": [
                {"user": user, "effects": self.by_person[user].document()}
                for user in _most(self.by_person)[:PEOPLE_SHOWN]
            ],
            "budgets": [self._run_out_document(budget) for budget in sorted(self.budgets, key=self._order)],
            "budgets_left_out": self.budgets_left_out,
        }

    def _order(self, budget: Budget) -> tuple[bool, float, Budget]:
        """Order budgets: those for which something differs first, then by when they ran out."""
        entry = self.budgets[budget]
        times = [at_s for at_s in (entry.before_s, entry.after_s) if at_s is not None]
        return self._day(entry.before_s) == self._day(entry.after_s), min(times), budget

    def _run_out_document(self, budget: Budget) -> dict[str, Any]:
        entry = self.budgets[budget]
        policy, scope = budget
        return {
            "policy": policy,
            "scope": dict(scope),
            "before": self._day(entry.before_s),
            "after": self._day(entry.after_s),
        }

    def _day(self, at_s: float | None) -> str | None:
        if at_s is None:
            return None
        return local_date(datetime.fromtimestamp(at_s, UTC), self.time_zone).isoformat()


def _most(tallies: dict[str, Effects]) -> list[str]:
    """Return names by how much is different for them."""

    def key(name: str) -> tuple[int, int, str]:
        tally = tallies[name]
        return -tally.total, -sum(map(abs, tally.nano_usd.values())), name

    return sorted(tallies, key=key)


def _instant(at_s: float | None) -> str | None:
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z") if at_s is not None else None
