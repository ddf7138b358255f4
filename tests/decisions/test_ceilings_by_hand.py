"""Whatever a quota says and whatever happens: each answer is what the ledger page comes to, kept by hand in a list.

From the text of a policy to the verdict. The account beside it knows nothing of budgets, holds and periods: it has a
list of who took how much on which day, and the words of the page.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from governor.core.money import NANO_PER_USD
from tests.decisions.story import START, Story

LIMIT = 10 * NANO_PER_USD
TEAMS = {"mia": "growth", "max@acme.example": "brand", "eve@acme.example": "platform"}
TOKEN_NANO_USD = 10_000


@dataclass(frozen=True)
class Rules:
    """What a quota of 10 USD a month says beside its limit: percentages, USD, or None where it says nothing.

    Attributes:
        reached: ``deny``, ``overage`` (4 USD) or ``downgrade`` (from 80 %).
        burst: Hundredths.
    """

    reached: str
    unused: int | None
    overspend: bool
    share: int | None
    burst: int | None

    def policy(self) -> str:
        """Return the quota as people write it."""
        reached = {
            "deny": "deny",
            "overage": "{overage: {up_to: 4 USD, surcharge: 20%}}",
            "downgrade": "{downgrade: {to: [small], from: 80%}}",
        }
        fields = [
            "apiVersion: governor/v1, kind: Quota, name: company, limit: 10 USD, period: month",
            f"when_reached: {reached[self.reached]}, reserve: {{on_expiry: charge}}",
        ]
        if self.unused is not None:
            overspend = ", overspend: carry" if self.overspend else ""
            fields.append(f"rollover: {{unused: {{up_to: {self.unused}%}}{overspend}}}")
        if self.share is not None:
            fields.append(f"max_share: {{per: team, percent: {self.share}}}")
        if self.burst is not None:
            fields.append(f"pace: {{per: day, burst: {self.burst / 100}}}")
        listed = '{apiVersion: governor/v1, kind: ModelAllowlist, name: all, allow: ["*"]}'
        return f"{listed}\n---\n{{{', '.join(fields)}}}\n"


@dataclass
class Account:
    """Who took how much on which day, in nano-USD."""

    rules: Rules
    taken: list[tuple[date, str, int]] = field(default_factory=list)

    def sum(self, month: tuple[int, int], *, team: str = "", on: date | None = None) -> int:
        """Return what was taken in a month, of a team, on a day."""
        return sum(
            amount
            for day, whose, amount in self.taken
            if (day.year, day.month) == month and team in {"", whose} and on in {None, day}
        )

    def carried_into(self, month: tuple[int, int]) -> int:
        """Return what a month takes over, counted forward from the first with any use."""
        if self.rules.unused is None or not self.taken:
            return 0
        first = min(day for day, _, _ in self.taken)
        each, given = (first.year, first.month), 0
        while each < month:
            left = LIMIT - self.sum(each)
            if left >= 0:
                given = min(max(0, left + min(0, given)), LIMIT * self.rules.unused // 100)
            else:
                given = min(0, left + max(0, given)) if self.rules.overspend else 0
            each = (each[0] + each[1] // 12, each[1] % 12 + 1)
        return given

    def ceilings(self, day: date, team: str) -> list[tuple[int, int]]:
        """Return how far each budget may go and what is taken of it: the whole, the team's share, the day's part."""
        month = (day.year, day.month)
        whole = LIMIT + self.carried_into(month)
        tops = {"deny": whole, "overage": whole + 4 * NANO_PER_USD, "downgrade": min(whole, LIMIT * 80 // 100)}
        found = [(tops[self.rules.reached], self.sum(month))]
        if self.rules.share is not None:
            found.append((floor(Fraction(self.rules.share, 100) * max(0, whole)), self.sum(month, team=team)))
        if self.rules.burst is not None:
            today = self.sum(month, on=day)
            following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
            left = max(0, whole - (self.sum(month) - today))
            found.append((floor(Fraction(self.rules.burst, 100) * left / (following - day).days), today))
        return found


RULES = st.builds(
    Rules,
    reached=st.sampled_from(["deny", "overage", "downgrade"]),
    unused=st.sampled_from([None, 20, 50]),
    overspend=st.booleans(),
    share=st.sampled_from([None, 40, 33]),
    burst=st.sampled_from([None, 100, 300]),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 5, 12, 31]),
        st.sampled_from(sorted(TEAMS)),
        st.sampled_from([1, 33_333, 100_000, 199_000]),
        st.sampled_from(["ask", "ask", "ask", "report"]),
    ),
    min_size=4,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(rules=RULES, steps=STEPS)
def test_every_answer_is_what_the_page_comes_to(rules: Rules, steps: Sequence[tuple[int, str, int, str]]) -> None:
    """Verdict and every ceiling, over months, for three teams, with usage that nobody asked for in between."""
    with TemporaryDirectory() as folder:
        asyncio.run(compare(Story(Path(folder), rules.policy()), Account(rules), steps))


async def compare(story: Story, account: Account, steps: Sequence[tuple[int, str, int, str]]) -> None:
    """Do each step, and compare the answer with the account."""
    now = START
    for days, user, tokens, act in steps:
        now += timedelta(days=days, hours=1 if days == 0 else 0)
        if act == "report":
            # As much as seven requests, so that budgets are overspent.
            used = {"subject": {"user": user}, "model": "large", "usage": {"input_tokens": 7 * tokens}}
            await story.step({"at": now, "usage": used})
            account.taken.append((now.date(), TEAMS[user], 7 * tokens * TOKEN_NANO_USD))
            continue
        amount = tokens * TOKEN_NANO_USD
        ceilings = account.ceilings(now.date(), TEAMS[user])
        fits = all(taken + amount <= ceiling for ceiling, taken in ceilings)
        asked = {"user": user, "model": "large", "input_tokens": tokens, "max_output_tokens": 0}
        answer: dict[str, Any] = await story.step({"at": now, "decide": asked})
        if fits:
            account.taken.append((now.date(), TEAMS[user], amount))

        assert ("allow" if fits else "deny") == answer["verdict"]
        assert [ceiling for ceiling, _ in ceilings] == [
            Decimal(one["ceiling"]) * NANO_PER_USD for one in answer["budgets"]
        ]
