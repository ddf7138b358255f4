"""Sum up a day, and a week: what was spent by whom, what was said, and which budgets are nearly gone."""

from collections import Counter
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Connection

from governor.core.alerts.alert import AlertKind
from governor.core.alerts.quiet import local_instant
from governor.core.calendar_days import first_instant, local_date
from governor.core.ledger.changes import ROLLUP_SUMS
from governor.core.money import decimal_text
from governor.core.policy.organization import Organization
from governor.core.units import Unit, amount_words
from governor.services.alerts.terms import AlertTerms
from governor.services.alerts.write import Said, write_alert
from governor.services.jobs import Turn
from governor.services.snapshots import Snapshots
from governor.services.watch_budgets import BudgetRatio, BudgetWatcher
from governor.store.alerts import read_alerts_between
from governor.store.database import Database
from governor.store.jobs import read_mark, write_mark
from governor.store.usage_sums import UsageFilter, read_usage_sums

DONE_MARK = "digests-written"
"""The last day whose digests were written."""

DAYS_BEHIND_MAX = 31
WEEKS_BEHIND_MAX = 53
"""So many daily and weekly digests are written afterwards at the most; who reads those of a year ago?"""

DEPARTMENTS_MAX = 8
FULL_PERCENT = 80
FULLEST_MAX = 8

CENT = 10_000_000
"""Nano-USD."""

_COST = ROLLUP_SUMS.index("cost_nano_usd")


class DigestWriter:
    """Writes digests: one for each day and one for each week, also if nobody ran when they were due.

    Args:
        snapshots: For the organisation's clock.
        database: Where sums and alerts are.
        watcher: Knows the fullest budgets.
        terms: Who gets digests, and when.
    """

    def __init__(self, snapshots: Snapshots, database: Database, watcher: BudgetWatcher, terms: AlertTerms) -> None:
        self._snapshots = snapshots
        self._database = database
        self._watcher = watcher
        self._terms = terms

    async def write(self, turn: Turn) -> str:
        """Write what is due and was not written yet.

        Returns:
            What was done.
        """
        organization, terms = self._snapshots.current.organization, self._terms
        zone = organization.time_zone
        today = local_date(turn.now, zone)
        is_due = turn.now >= local_instant(first_instant(today, zone), terms.digest_at, zone)
        last = today if is_due else today - timedelta(days=1)
        done = _date(await self._database.read(partial(read_mark, name=DONE_MARK)))
        if not terms.digest_notify:
            if done is None or done < last:
                # Whoever wants digests one day does not want those of the time before.
                await turn.write(partial(write_mark, name=DONE_MARK, position=last.isoformat().encode()))
            return "nobody gets digests"
        # Without a mark nobody ever wrote one: those of the time before were never due.
        begins = last if done is None else done + timedelta(days=1)
        if done is None and not is_due:
            return "not yet"
        written = 0
        # How full budgets are is told of now alone.
        fullest = await self._watcher.fullest(turn.now) if begins <= last else ()
        for day in _days(begins, last):
            full = fullest if day == today else ()
            said = [await self._said(stretch, full) for stretch in _stretches(day, last, organization)]

            def write(connection: Connection, day: date = day, said: list[Said] = said) -> int:
                write_mark(connection, DONE_MARK, day.isoformat().encode())
                return sum(write_alert(connection, one, organization, terms, turn.now) for one in said)

            written += await turn.write(write)
        return f"{written} digests written" if begins <= last else "not yet"

    async def _said(self, stretch: tuple[str, date, date], fullest: tuple[BudgetRatio, ...]) -> Said:
        zone = self._snapshots.current.organization.time_zone
        return await self._database.read(
            partial(_digest, zone=zone, stretch=stretch, fullest=fullest, notify=self._terms.digest_notify)
        )


def _days(first: date, last: date) -> list[date]:
    """Return the days whose digests are due, the oldest first; of a long time without anybody, its end."""
    first = max(first, last - timedelta(days=WEEKS_BEHIND_MAX * 7))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _stretches(day: date, last: date, organization: Organization) -> list[tuple[str, date, date]]:
    """Return what is summed up on a day: the day before, and on the first of a week the week before."""
    stretches = []
    if (last - day).days < DAYS_BEHIND_MAX:
        stretches.append(("daily", day - timedelta(days=1), day))
    if day.isoweekday() == organization.week_starts:
        stretches.append(("weekly", day - timedelta(days=7), day))
    return stretches


def _date(mark: bytes) -> date | None:
    return date.fromisoformat(mark.decode()) if mark else None


def _digest(
    connection: Connection,
    zone: str,
    stretch: tuple[str, date, date],
    fullest: tuple[BudgetRatio, ...],
    notify: tuple[str, ...],
) -> Said:
    word, first, end = stretch
    start_s, end_s = (int(first_instant(day, zone).timestamp()) for day in (first, end))
    spent = _by_department(connection, start_s, end_s)
    before = _by_department(connection, start_s - (end_s - start_s), start_s)
    alerts = Counter(str(alert.kind) for alert in read_alerts_between(connection, start_s * 1000, end_s * 1000))
    alerts.pop(AlertKind.DIGEST, None)
    total, total_before = sum(spent.values()), sum(before.values())
    when = f"on {first.isoformat()}" if word == "daily" else f"in the week from {first.isoformat()}"
    full = [ratio for ratio in fullest if ratio.ratio * 100 >= FULL_PERCENT][:FULLEST_MAX]
    return Said(
        kind=AlertKind.DIGEST,
        claim=(word, first.isoformat()),
        policy="",
        whose=(),
        title=f"{word} digest: {_usd(total)} {when}",
        reason="\n".join(_lines(spent, before, total_before, alerts, full)),
        numbers=(
            ("unit", "USD"),
            ("spent", decimal_text(total)),
            ("spent_before", decimal_text(total_before)),
            ("alerts", str(sum(alerts.values()))),
        ),
        ways_out=(),
        notify=notify,
        owner="",
        known={},
    )


def _lines(
    spent: dict[str, int],
    before: dict[str, int],
    total_before: int,
    alerts: Counter[str],
    full: list[BudgetRatio],
) -> list[str]:
    ranked = sorted(spent.items(), key=lambda item: -item[1])[:DEPARTMENTS_MAX]
    lines = [f"{name or '(none)'}: {_usd(cost)}, before {_usd(before.get(name, 0))}" for name, cost in ranked]
    lines.append(f"before, all: {_usd(total_before)}")
    lines += [f"{ratio.policy.removeprefix('Quota/')} of {ratio.scope}: {ratio.ratio:.0%} taken" for ratio in full]
    told = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(alerts.items()))
    lines.append(f"alerts: {told or 'none'}")
    return lines


def _by_department(connection: Connection, from_s: int, until_s: int) -> dict[str, int]:
    rows = read_usage_sums(connection, UsageFilter(from_s, until_s, {}), ("department",), hourly=False)
    return {key[0]: sums[_COST] for _, key, sums in rows}


def _usd(nano_usd: int) -> str:
    """Render money to the nearest cent."""
    return amount_words((nano_usd + CENT // 2) // CENT * CENT, Unit.USD)
