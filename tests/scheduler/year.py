"""An independent calculation of a year: periods, balances, carried amounts and alerts, by hand and not by our code.

It follows the words of the documentation (docs/statements.md, docs/alerts.md, docs/policies/ceilings.md) and shares
nothing with the program but those words. Amounts are nano-USD.
"""

from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

LOOK_BACK = 13
"""Periods before one that are looked at for what it takes over."""


@dataclass(frozen=True)
class Rule:
    """A quota as its author thinks of it.

    Attributes:
        name: Its name.
        by: The attribute that has budgets of its own, or ``""``.
        limit: For each period.
        cut: ``day``, ``week``, ``month``, ``month-31`` or ``30 days``.
        zone: Where its midnights are.
        unused_max: How much of what is left over is carried, or None for no rollover at all.
        debt: Whether what is overspent is carried.
        alerts: Parts of the limit, in percent.
    """

    name: str
    by: str
    limit: int
    cut: str
    zone: str
    unused_max: int | None = None
    debt: bool = False
    alerts: tuple[int, ...] = ()

    def day(self, number: int) -> date:
        """Return the first day of a period, by its number."""
        match self.cut:
            case "day":
                return date.fromordinal(number)
            case "week":
                return date(2027, 1, 4) + timedelta(weeks=number)
            case "30 days":
                return date(2027, 1, 1) + timedelta(days=30 * number)
        year, month = divmod(number, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, 1 if self.cut == "month" else min(31, last))

    def start(self, number: int) -> datetime:
        """Return the instant at which a period begins: a local midnight."""
        day = self.day(number)
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def number(self, at: datetime) -> int:
        """Return the period of an instant, by looking for it."""
        local = at.astimezone(ZoneInfo(self.zone)).date()
        guesses = {
            "day": local.toordinal(),
            "week": (local - date(2027, 1, 4)).days // 7,
            "30 days": (local - date(2027, 1, 1)).days // 30,
        }
        guess = guesses.get(self.cut, local.year * 12 + local.month - 1)
        return next(number for number in (guess + 1, guess, guess - 1) if self.start(number) <= at)


@dataclass(frozen=True)
class Spent:
    """One call: when it happened, when it was reported, by whom, and what it cost."""

    at: datetime
    reported_at: datetime
    who: dict[str, str]
    cost: int


Budget = tuple[str, str, int]
"""Rule, scope value, period."""


@dataclass
class Year:
    """What a year comes to."""

    rules: dict[str, Rule]
    used: dict[Budget, int] = field(default_factory=lambda: defaultdict(int))
    late: dict[Budget, int] = field(default_factory=lambda: defaultdict(int))
    calls: dict[Budget, list[Spent]] = field(default_factory=lambda: defaultdict(list))
    told: list[tuple[str, str, datetime, int]] = field(default_factory=list)
    _silent: set[tuple[Budget, int]] = field(default_factory=set)
    _before: set[Budget] = field(default_factory=set)
    _looked_at: datetime | None = None

    def report(self, spent: Spent) -> set[Budget]:
        """Book a call on a budget of each rule, and return those."""
        charged = set()
        for rule in self.rules.values():
            budget = (rule.name, spent.who[rule.by] if rule.by else "", rule.number(spent.at))
            self.used[budget] += spent.cost
            self.calls[budget].append(spent)
            if spent.reported_at >= rule.start(budget[2] + 1):
                self.late[budget] += spent.cost
            charged.add(budget)
        return charged

    def credit(self, budget: Budget, amount: int, now: datetime) -> None:
        """Give back some of what a budget has used."""
        self.used[budget] -= amount
        self.calls[budget].append(Spent(now, now, {}, -amount))

    def carried_into(self, rule: Rule, scope: str, number: int) -> int:
        """Return what a period takes over, counted forward from the scope's first one."""
        if rule.unused_max is None:
            return 0
        given = 0
        begun = False
        for before in range(number - LOOK_BACK, number):
            begun = begun or (rule.name, scope, before) in self.used
            left = rule.limit - self.used.get((rule.name, scope, before), 0)
            if begun and left >= 0:
                given = min(max(0, left + min(0, given)), rule.unused_max)
            elif begun:
                given = min(0, left + max(0, given)) if rule.debt else 0
        return given

    def look(self, now: datetime, charged: set[Budget]) -> None:
        """Tell whom there is to tell: of budgets that go on, and of those just charged that ended since the last look.

        An hour of grace lies before it; what ended earlier is history, and only its statement is corrected.
        """
        recent = charged | self._before
        since = (self._looked_at or now) - timedelta(hours=1)
        self._looked_at = now
        self._before = charged
        for budget in sorted(self.used):
            name, scope, number = budget
            rule = self.rules[name]
            end = rule.start(number + 1)
            goes_on = rule.start(number) <= now < end
            if not goes_on and not (budget in recent and end > since):
                continue
            room = max(0, rule.limit + self.carried_into(rule, scope, number))
            for percent in rule.alerts:
                reached = self.used[budget] > 0 and self.used[budget] * 100 >= room * percent
                if reached and (budget, percent) not in self._silent:
                    self._silent.add((budget, percent))
                    self.told.append((name, scope, rule.start(number), percent))
                elif not reached:
                    self._silent.discard((budget, percent))
