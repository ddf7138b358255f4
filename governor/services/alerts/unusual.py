"""Notice spend that is outside what its series expects, within minutes, and say who drives it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from governor.core.alerts.alert import AlertKind
from governor.core.alerts.recipients import people_told
from governor.core.alerts.unusual import LOUD_NANO_USD
from governor.core.calendar_days import local_date
from governor.core.decisions.snapshot import Snapshot
from governor.core.money import decimal_text
from governor.core.policy.approval_rule import DEPARTMENT_LEADS
from governor.core.policy.organization import Organization
from governor.services.alerts.bursts import are_bursts_learned, learn_bursts
from governor.services.alerts.terms import AlertTerms
from governor.services.alerts.tightest_limit import TightestLimit, tightest_limit
from governor.services.alerts.usual import Finding, Usual, usd
from governor.services.alerts.write import Said, write_alert
from governor.services.jobs import Turn
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.spend import LEVELS, STRETCH_S, Spender, read_spend

WINDOW = timedelta(seconds=STRETCH_S)
DRIVERS = 3

Driver = tuple[Spender, int]
"""Who, and what he spent in the last five minutes, in nano-USD."""


@dataclass(frozen=True, slots=True)
class _Unusual:
    """A series that is outside what is usual, and who drives it."""

    level: str
    name: str
    finding: Finding
    drivers: tuple[Driver, ...]


class UnusualSpendWatcher:
    """Writes alerts of unusual spend: once for each series and local day.

    Args:
        snapshots: For the organisation's clock and people.
        database: Where entries and hourly sums are.
        terms: How alerts go out.
    """

    def __init__(self, snapshots: Snapshots, database: Database, terms: AlertTerms) -> None:
        self._snapshots = snapshots
        self._database = database
        self._terms = terms
        self._usual: Usual | None = None

    async def watch(self, turn: Turn) -> str:
        """Look at the last five minutes, this hour and this day.

        Returns:
            What was done.
        """
        snapshot = self._snapshots.current
        organization = snapshot.organization
        await learn_bursts(turn, self._database)
        usual = Usual(turn.now, organization.time_zone)
        if self._usual is None or self._usual.hour != usual.hour:
            self._usual = usual
        found = await self._database.read(partial(_unusual, usual=self._usual, snapshot=snapshot, now=turn.now))
        if not found:
            return "nothing unusual"

        def write(connection: Connection) -> int:
            said = [_said(organization, one, self._terms, turn.now) for one in found]
            return sum(write_alert(connection, one, organization, self._terms, turn.now) for one in said)

        return f"{await turn.write(write)} alerts written"


def _unusual(connection: Connection, usual: Usual, snapshot: Snapshot, now: datetime) -> list[_Unusual]:
    recent = read_spend(connection, now - WINDOW)
    learned = are_bursts_learned(connection, now)
    found: list[_Unusual] = []
    for level in LEVELS:
        own: dict[str, list[Driver]] = {}
        for spender, cost in sorted(recent.items(), key=lambda item: -item[1]):
            own.setdefault(spender.name(level), []).append((spender, cost))
        sums = {name: sum(cost for _, cost in drivers) for name, drivers in own.items()}
        loud = {name: cost for name, cost in sums.items() if name and cost > LOUD_NANO_USD}

        def limit_of(name: str, level: str = level, own: dict[str, list[Driver]] = own) -> TightestLimit | None:
            return tightest_limit(snapshot, _attributes(own[name], level), now)

        findings = usual.findings(connection, level, loud, limit_of, learned=learned)
        found += [_Unusual(level, name, one, tuple(own[name][:DRIVERS])) for name, one in findings.items()]
        # What a person's alert says is not said again of their team.
        recent = {spender: cost for spender, cost in recent.items() if spender.name(level) not in findings}
    return found


def _attributes(drivers: list[Driver], level: str) -> dict[str, str]:
    """Return what is known of all requests of a series: what all who drive it have in common."""
    names = (*LEVELS[LEVELS.index(level) :], *(("use_case", "model") if level == "user" else ()))
    known = ((name, {spender.name(name) for spender, _ in drivers}) for name in names)
    return {name: value for name, values in known if len(values) == 1 for value in values if value}


def _said(organization: Organization, one: _Unusual, terms: AlertTerms, now: datetime) -> Said:
    finding, day = one.finding, local_date(now, organization.time_zone)
    department = one.name if one.level == "department" else one.drivers[0][0].department
    known = {"department": department, one.level: one.name}
    leads = people_told(organization, DEPARTMENT_LEADS, known, "", now)
    return Said(
        kind=AlertKind.UNUSUAL,
        claim=(one.level, one.name, day.isoformat()),
        policy="",
        whose=((one.level, one.name),),
        title=f"unusual spend: {one.name} has spent {usd(finding.amount)} {finding.when}",
        reason=f"{finding.reason}; driven by {_drivers(one.drivers)}",
        numbers=(
            ("unit", "USD"),
            ("spent", decimal_text(finding.amount)),
            *finding.numbers,
            *(pair for number, driver in enumerate(one.drivers) for pair in _driver_numbers(number, driver)),
        ),
        ways_out=(
            f'stop it at once: governor block create --user {one.drivers[0][0].user} --for "1 hour" --reason "..."',
            "see the calls: GET /decisions, GET /usage/summary?by=user,model,use_case",
        ),
        notify=(*terms.notify, *([DEPARTMENT_LEADS] if leads else [])),
        owner="",
        known=known,
        urgent=True,
    )


def _drivers(drivers: tuple[Driver, ...]) -> str:
    return "; ".join(
        f"{spender.user or 'somebody'} of {spender.team or 'no team'} with {spender.model}"
        + (f" for {spender.use_case}" if spender.use_case else "")
        + f" ({usd(cost)} in five minutes)"
        for spender, cost in drivers
    )


def _driver_numbers(number: int, driver: Driver) -> tuple[tuple[str, str], ...]:
    spender, cost = driver
    name = f"driver_{number + 1}"
    return (
        (f"{name}_user", spender.user),
        (f"{name}_team", spender.team),
        (f"{name}_model", spender.model),
        (f"{name}_use_case", spender.use_case),
        (f"{name}_spent", decimal_text(cost)),
    )
