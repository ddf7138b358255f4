"""Notice that the same work takes more, or fewer, tokens than it did."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from governor.core.alerts.alert import AlertKind
from governor.core.alerts.drift import Work, drifted_percent
from governor.core.calendar_days import local_date
from governor.core.ledger.changes import ROLLUP_SUMS
from governor.core.money import usd_text
from governor.core.policy.organization import Organization
from governor.services.alerts.terms import AlertTerms
from governor.services.alerts.write import Said, write_alert
from governor.services.jobs import Turn
from governor.services.snapshots import Snapshots
from governor.store.database import Database
from governor.store.usage_sums import UsageFilter, read_usage_sums

LATELY = timedelta(days=7)
BEFORE = timedelta(days=28)

Name = tuple[str, str]
"""Use case and model."""

_Drift = tuple[str, str, Work, Work, int]
"""Use case, model, the work before and lately, and by how many percent its tokens changed."""


class DriftWatcher:
    """Writes alerts of drift: once a week for each use case and model.

    Args:
        snapshots: For the organisation's clock and the owners of use cases.
        database: Where the hourly sums are.
        terms: How alerts go out.
    """

    def __init__(self, snapshots: Snapshots, database: Database, terms: AlertTerms) -> None:
        self._snapshots = snapshots
        self._database = database
        self._terms = terms

    async def watch(self, turn: Turn) -> str:
        """Compare the last seven days with the four weeks before them.

        Returns:
            What was done.
        """
        organization = self._snapshots.current.organization
        lately_s, before_s = (int((turn.now - length).timestamp()) for length in (LATELY, LATELY + BEFORE))
        before = await self._database.read(partial(_work, organization, from_s=before_s, until_s=lately_s))
        lately = await self._database.read(partial(_work, organization, from_s=lately_s, until_s=None))
        said = [
            self._said(organization, (*name, before[name], work, percent), turn.now)
            for name, work in sorted(lately.items())
            if name[0] and name in before and (percent := drifted_percent(before[name], work)) is not None
        ]
        if not said:
            return "no drift"
        terms = self._terms
        written = await turn.write(
            lambda connection: sum(write_alert(connection, one, organization, terms, turn.now) for one in said)
        )
        return f"{written} alerts written"

    def _said(self, organization: Organization, drift: _Drift, now: datetime) -> Said:
        use_case, model, before, work, percent = drift
        year, week, _ = local_date(now, organization.time_zone).isocalendar()
        entry = organization.use_cases.get(use_case)
        owner = entry.header.owner if entry is not None else ""
        more = "more" if percent > 0 else "fewer"
        return Said(
            kind=AlertKind.DRIFT,
            claim=(use_case, model, str(year), str(week)),
            policy=entry.header.ref if entry is not None else "",
            whose=(("use_case", use_case), ("model", model)),
            title=f"{use_case} takes {abs(percent)}% {more} tokens with {model}",
            reason=f"a call took {work.tokens_each:,} tokens in the last seven days and {before.tokens_each:,} in the "
            f"four weeks before; it cost {usd_text(work.cost_each_nano_usd)} USD instead of "
            f"{usd_text(before.cost_each_nano_usd)}",
            numbers=(
                ("tokens_per_request", str(work.tokens_each)),
                ("tokens_per_request_before", str(before.tokens_each)),
                ("requests", str(work.requests)),
                ("requests_before", str(before.requests)),
                ("percent", str(percent)),
            ),
            ways_out=(
                "look for longer prompts, retries and loops of tools",
                "see what came of it: governor report",
            ),
            notify=(*self._terms.notify, *(["owner"] if owner else [])),
            owner=owner,
            known={},
        )


def _work(organization: Organization, connection: Connection, from_s: int, until_s: int | None) -> Mapping[Name, Work]:
    wanted = UsageFilter(from_s, until_s, {}, organization.former_use_cases)
    rows = read_usage_sums(connection, wanted, ("use_case", "model"), hourly=False)
    found: dict[Name, Work] = {}
    for _, key, sums in rows:
        use_case, model = key
        named = dict(zip(ROLLUP_SUMS, sums, strict=True))
        tokens = named["input_tokens"] + named["output_tokens"]
        found[use_case, model] = Work(named["requests"], tokens, named["cost_nano_usd"])
    return found
