"""A company whose exceptions are asked for and decided in tests: who leads, who pays, and one rule for all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from governor.compiler.load import compile_folder
from governor.core.approvals.request import Actor, Door
from governor.core.decisions.snapshot import NO_CATALOGUES, Snapshot
from governor.core.grants import GrantKind
from governor.core.money import NANO_PER_USD
from governor.services.approvals.desk import Acted, Desk
from governor.services.approvals.wishes import Wish
from governor.services.snapshots import Snapshots

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""A Friday, 13:00 in Berlin: work goes on until 18:00, and then on Monday."""

COMPANY = """\
apiVersion: governor/v1
kind: Organization
name: acme
time_zone: Europe/Berlin
working_hours: {days: mon-fri, from: "09:00", until: "18:00"}
holidays: [2026-11-24]
departments:
  - name: engineering
    leads: [eve@acme.example, kim@acme.example]
    teams: [{name: platform, leads: [eve@acme.example]}, {name: search}]
    projects: [{name: spring}]
  - name: marketing
    leads: [lena@acme.example]
    teams: [{name: growth, leads: [lena@acme.example]}]
people:
  - {user: ada@acme.example, team: platform, slack: U0ADA}
  - {user: bob@acme.example, team: platform}
  - {user: eve@acme.example, team: platform, slack: U0EVE}
  - {user: kim@acme.example, department: engineering}
  - {user: mia@acme.example, team: growth}
  - {user: lena@acme.example, team: growth, slack: U0LENA}
  - {user: fin@acme.example, department: engineering}
  - {user: fay@acme.example, department: engineering}
  - {user: gil@acme.example, department: engineering}
  - {user: hal@acme.example, department: engineering, until: 2026-11-22}
  - {user: ina@acme.example, department: engineering}
service_accounts:
  - {name: triage-bot, owner: ada@acme.example, team: platform}
groups:
  - {name: finance, members: [fin@acme.example, fay@acme.example, gil@acme.example]}
  - {name: board, members: [gil@acme.example, hal@acme.example, ina@acme.example]}
  - {name: oncall, members: [ada@acme.example, bob@acme.example]}
---
apiVersion: governor/v1
kind: ModelCatalog
name: models
catalogue: none
models:
  - {id: acme/small, aliases: [small], context_window: 200k tokens, max_output: 8k tokens}
  - {id: acme/large, aliases: [large], context_window: 200k tokens, max_output: 8k tokens}
---
apiVersion: governor/v1
kind: PriceBook
name: prices
catalogue: none
prices:
  - {model: acme/small, from: 2026-01-01, input: 1 USD per 1M tokens, output: 2 USD per 1M tokens}
  - {model: acme/large, from: 2026-01-01, input: 10 USD per 1M tokens, output: 20 USD per 1M tokens}
---
apiVersion: governor/v1
kind: ModelAllowlist
name: economy
allow: [acme/small]
---
apiVersion: governor/v1
kind: ContextLimit
name: short
max_input: 10k tokens
---
apiVersion: governor/v1
kind: Quota
name: team-spend
per: [team]
limit: 10 USD
period: month
---
apiVersion: governor/v1
kind: Quota
name: user-requests
per: [user]
limit: 100 requests
period: month
---
apiVersion: governor/v1
kind: Quota
name: company-annual
limit: 1,000 USD
period: year
exceptions: never
"""

RULE = """\
---
apiVersion: governor/v1
kind: ApprovalRule
name: everybody
routes:
  - {up_to: 100 USD, approve: automatic, at_most: 250 USD per month per department}
  - {up_to: 1k USD, require: [{group: department-leads, at_least: 1, instead: finance}]}
  - {up_to: 10k USD, require: [{group: finance, at_least: 1}, {group: board, at_least: 1}], decide_in: web}
deny_at: 1
max_duration: 30 days
remind_after: 4 working hours
escalate: {after: 1 working day, to: board}
expire_after: 3 working days
urgent: {remind_after: 5 minutes, escalate: 15 minutes}
delegation: allowed
channel: "#ai-exceptions"
break_glass: {group: oncall, up_to: 50 USD, for: 2 hours, at_most: 2 per week per person, review_within: 48 hours}
"""


def user(name: str) -> str:
    """Return the whole user name of a person of the company."""
    return f"{name}@acme.example"


def actor(name: str, door: Door = Door.API, *, admin: bool = False) -> Actor:
    """Return a person who acts."""
    return Actor(user(name), door, f"{name}-key", admin=admin)


def usd(amount: int) -> int:
    """Return whole USD in nano-USD."""
    return amount * NANO_PER_USD


def wish(amount_usd: int | None = 500, **changes: Any) -> Wish:
    """Return a wish for more of the platform team's budget, for ten days, with changes."""
    asked: Mapping[str, Any] = {
        "kind": GrantKind.BUDGET,
        "lifts": ("Quota/team-spend",),
        "until_at": NOON + timedelta(days=10),
        "scope": (("team", "platform"),),
        "amount_nano_usd": usd(amount_usd) if amount_usd is not None else None,
        "justification": "the migration needs one more run over all documents",
        **changes,
    }
    return Wish(**asked)


def policies_in(folder: Path, *texts: str) -> Path:
    """Write the company's policies into a folder, with a rule of one's own if need be."""
    folder.mkdir(exist_ok=True)
    (folder / "company.yaml").write_text("".join((COMPANY, *(texts or (RULE,)))))
    return folder


def snapshots_of(folder: Path, now: datetime = NOON) -> Snapshots:
    """Compile a folder that must be valid."""
    compiled = compile_folder(folder, now)
    assert compiled.policies is not None, [str(problem) for problem in compiled.problems]
    return Snapshots(Snapshot.build(compiled.policies, NO_CATALOGUES), now)


@dataclass
class Office:
    """A desk with a clock that a test moves."""

    desk: Desk
    now: datetime = NOON
    acted: list[Acted] = field(default_factory=list)

    def later(self, **length: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**length)
        return self.now
