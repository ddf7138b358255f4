"""Notice which budgets have come to a threshold: those that were drawn on since the last look, and all now and then."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from governor.core.alerts.alert import AlertKind
from governor.core.alerts.thresholds import Act, Mark, Standing, judge
from governor.core.alerts.words import threshold_numbers, threshold_reason, threshold_title, ways_out
from governor.core.decisions.budget_views import carried_now
from governor.core.decisions.draws import Draw
from governor.core.decisions.snapshot import Snapshot
from governor.core.forecasts.forecast import Forecast
from governor.core.ledger.budget import Balance
from governor.core.periods import last_instant
from governor.core.policy.alert_rule import AlertOf, AlertRule
from governor.core.policy.forecast_rule import Bound, forecast_rule_for
from governor.core.policy.scope_attributes import scope_attributes
from governor.services.alerts.terms import AlertTerms
from governor.services.alerts.write import Said, write_alert
from governor.services.forecast.gather import DEFAULT_RULE
from governor.services.jobs import Turn
from governor.services.listed_budgets import whole_budget
from governor.services.quota_names import QuotaNames, names_of
from governor.services.snapshots import Snapshots
from governor.store.alerts import read_marks, write_marks
from governor.store.balances import read_balances
from governor.store.budget_usage import read_charged
from governor.store.budgets import LiveBudget, Place, read_live_budgets, read_present_budgets
from governor.store.database import Database
from governor.store.decisions import id_floor
from governor.store.forecasts import read_latest_forecasts
from governor.store.jobs import read_mark, write_mark

SEEN_MARK = "alerts-seen"
LOOKED_MARK = "alerts-looked"

SETTLED_FOR = timedelta(minutes=1)
"""Entries younger than this are read again by the next look: another worker may still be writing an older one."""

RECENT = timedelta(hours=1)
"""Periods that had ended so long before the last look are not looked at: what comes for them is late, and theirs no
more. Those that ended since are, however long that is ago."""

LOOK_AT_ALL = timedelta(hours=1)
"""How often every budget is looked at: limits, carry and forecasts move without anybody drawing on it."""

ENTRIES_AT_A_TIME = 500
BUDGETS_AT_A_TIME = 100
REST_S = 0.005


@dataclass(frozen=True, slots=True)
class _Watched:
    """A budget whose quota has alerts, and how it stands."""

    row: LiveBudget
    draw: Draw
    standing: Standing


class ThresholdWatcher:
    """Writes alerts of thresholds.

    Args:
        snapshots: The quotas with their alerts, and the Organization.
        database: Balances, forecasts, and what was said before.
        terms: How alerts go out.
        pause: Waits some seconds between steps.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        database: Database,
        terms: AlertTerms,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._snapshots = snapshots
        self._database = database
        self._terms = terms
        self._pause = pause
        self._names = QuotaNames()

    async def watch(self, turn: Turn) -> str:
        """Look at what changed, or at everything if that was long ago or the policies are others.

        Returns:
            What was done.
        """
        snapshot = self._snapshots.current
        if not any(quota.alerts for quota in snapshot.policies.quotas):
            # Whoever writes the first alert one day is told of what happens from then on.
            await turn.write(partial(_move_mark, name=SEEN_MARK, position=_seen_at(turn.now)))
            return "no quota has alerts"
        # First what was drawn on: that may have ended meanwhile, and is told before what goes on.
        written = await self._look_at_drawn(turn, snapshot)
        if await self._database.read(partial(_is_due, snapshot=snapshot, now=turn.now)):
            written += await self._look_at_all(turn, snapshot)
        return f"{written} alerts written"

    async def _look_at_drawn(self, turn: Turn, snapshot: Snapshot) -> int:
        """Look at the budgets on which something was posted since the last look, however long ago that was."""
        seen = await self._database.read(partial(read_mark, name=SEEN_MARK))
        after = seen or id_floor(int((turn.now - RECENT).timestamp() * 1000))
        ended_after_s = _looked_at_s(seen, turn.now) - int(RECENT.total_seconds())
        digests: set[bytes] = set()
        while True:
            page = await self._database.read(partial(read_charged, after=after, limit=ENTRIES_AT_A_TIME))
            digests |= page.digests
            after = page.last or after
            if page.count < ENTRIES_AT_A_TIME:
                break
            await self._pause(REST_S)
        rows: list[LiveBudget] = []
        ordered = sorted(digests)
        for start in range(0, len(ordered), BUDGETS_AT_A_TIME):
            part = ordered[start : start + BUDGETS_AT_A_TIME]
            rows += await self._database.read(partial(read_live_budgets, digests=part, ended_after_s=ended_after_s))
        # What ended first is told first; then what goes on.
        rows.sort(key=lambda row: (row.end_s is None, row.end_s or 0, row.digest))
        written = 0
        for start in range(0, len(rows), BUDGETS_AT_A_TIME):
            written += await self._judge(turn, snapshot, rows[start : start + BUDGETS_AT_A_TIME])
        await turn.write(partial(_move_mark, name=SEEN_MARK, position=_seen_at(turn.now)))
        return written

    async def _look_at_all(self, turn: Turn, snapshot: Snapshot) -> int:
        """Look at every budget of the present periods whose quota has alerts."""
        alerting = [quota for quota in snapshot.policies.quotas if quota.alerts]
        policies = dict.fromkeys(f"Quota/{name}" for quota in alerting for name in names_of(quota))
        written = sum([await self._look_at_those_of(policy, turn, snapshot) for policy in policies])
        looked = int(turn.now.timestamp()).to_bytes(8, "big") + snapshot.version.encode()
        await turn.write(partial(write_mark, name=LOOKED_MARK, position=looked))
        return written

    async def _look_at_those_of(self, policy: str, turn: Turn, snapshot: Snapshot) -> int:
        at_s, written = int(turn.now.timestamp()), 0
        after: Place | None = (policy, "", b"")
        while after is not None:
            page = await self._database.read(
                partial(read_present_budgets, at_s=at_s, after=after, limit=BUDGETS_AT_A_TIME, alone=True)
            )
            written += await self._judge(turn, snapshot, page.rows)
            after = page.next
            if after is not None:
                await self._pause(REST_S)
        return written

    async def _judge(self, turn: Turn, snapshot: Snapshot, rows: Sequence[LiveBudget]) -> int:
        watched = await self._database.read(partial(self._watched, snapshot=snapshot, rows=rows, now=turn.now))
        if not watched:
            return 0
        marks = await self._database.read(partial(read_marks, digests=[each.row.digest for each in watched]))
        acts = [
            (each, rule, mark, act)
            for each in watched
            for rule, act, mark in judge(each.draw.applied.quota.alerts, each.standing, marks.get(each.row.digest, {}))
        ]
        if not acts:
            return 0

        def write(connection: Connection) -> int:
            write_marks(connection, ((each.row.digest, rule.key, mark) for each, rule, mark, _ in acts))
            said = [
                self._said(snapshot, each, rule, mark, turn.now) for each, rule, mark, act in acts if act is Act.FIRE
            ]
            organization, terms = snapshot.organization, self._terms
            return sum(write_alert(connection, one, organization, terms, turn.now) for one in said)

        return await turn.write(write)

    def _watched(
        self, connection: Connection, snapshot: Snapshot, rows: Sequence[LiveBudget], now: datetime
    ) -> list[_Watched]:
        drawn = [(row, draw) for row in rows if (draw := self._draw(snapshot, row, now)) is not None]
        reads = {digest for _, draw in drawn for digest in _reads(draw)}
        balances = read_balances(connection, sorted(reads), now.timestamp())
        forecasts = read_latest_forecasts(connection, [row.digest for row, _ in drawn])
        return [
            _Watched(row, draw, _standing(draw, balances, _bound(snapshot, row, forecasts.get(row.digest), now)))
            for row, draw in drawn
            if row.digest in balances
        ]

    def _draw(self, snapshot: Snapshot, row: LiveBudget, now: datetime) -> Draw | None:
        """Return the terms of a counter, if it is the whole budget of a quota that has alerts and is in force."""
        at = now if row.end_s is None else min(now, last_instant(row.end_s))
        quotas = (quota for quota in self._names.find(snapshot.policies, row.policy) if quota.alerts)
        return whole_budget(quotas, row, snapshot, at)

    def _said(self, snapshot: Snapshot, each: _Watched, rule: AlertRule, mark: Mark, now: datetime) -> Said:
        quota, key = each.draw.applied.quota, each.draw.budget
        known: Mapping[str, str] = scope_attributes(key.scope, snapshot.organization, now)
        return Said(
            kind=AlertKind.THRESHOLD if rule.of is AlertOf.USED else AlertKind.FORECAST,
            claim=(key.digest.hex(), rule.key, str(mark.rounds)),
            policy=quota.header.ref,
            whose=key.scope,
            title=threshold_title(key, rule, each.standing),
            reason=threshold_reason(quota, key, rule, each.standing),
            numbers=threshold_numbers(key, rule, each.standing),
            ways_out=ways_out(quota, key, now),
            notify=rule.notify,
            owner=quota.header.owner,
            known={**known, **_applied_to(quota.header.applies_to.terms), **dict(key.scope)},
        )


def _applied_to(terms: Sequence[tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    """Return whose budget a shared one is, where a quota is for one team or department alone."""
    return {key: values[0] for key, values in terms if key in {"team", "department"} and len(values) == 1}


def _reads(draw: Draw) -> tuple[bytes, ...]:
    rule = draw.terms.rule
    return (draw.budget.digest, *(rule.reads() if rule is not None else ()))


def _bound(snapshot: Snapshot, row: LiveBudget, forecast: Forecast | None, now: datetime) -> int | None:
    """Return the number of a forecast that counts, by the rule for the budget; None where nobody can rely on it."""
    if forecast is None or forecast.insufficient_data:
        return None
    if row.end_s is not None and row.end_s <= now.timestamp():
        # What a period that is over was on the way to concerns nobody any more.
        return None
    attributes = scope_attributes(snapshot.organization.scope_now(row.scope), snapshot.organization, now)
    rule = forecast_rule_for(snapshot.policies.forecast_rules, attributes, now, DEFAULT_RULE)
    match rule.alert_on:
        case Bound.LOWER:
            return forecast.total.lower
        case Bound.MEDIAN:
            return forecast.total.median
        case Bound.UPPER:
            return forecast.total.upper


def _standing(draw: Draw, balances: Mapping[bytes, Balance], bound: int | None) -> Standing:
    return Standing(draw.terms.limit + carried_now(draw, balances.get), balances[draw.budget.digest].used, bound)


def _is_due(connection: Connection, snapshot: Snapshot, now: datetime) -> bool:
    """Tell whether everything is to be looked at: that was long ago, or under other policies."""
    mark = read_mark(connection, LOOKED_MARK)
    looked_s, version = int.from_bytes(mark[:8], "big"), mark[8:].decode()
    return version != snapshot.version or now.timestamp() - looked_s >= LOOK_AT_ALL.total_seconds()


def _seen_at(now: datetime) -> bytes:
    return id_floor(int((now - SETTLED_FOR).timestamp() * 1000))


def _looked_at_s(seen: bytes, now: datetime) -> int:
    """Return when the last look was, by its mark (Unix seconds); now, if this is the first one."""
    if not seen:
        return int(now.timestamp())
    return int.from_bytes(seen[:6], "big") // 1000 + int(SETTLED_FOR.total_seconds())


def _move_mark(connection: Connection, name: str, position: bytes) -> None:
    if position > read_mark(connection, name):
        write_mark(connection, name, position)
