"""Everything that happens as the clock moves: the one table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from governor.edges.scheduler.triggers import daily, every, weekly
from governor.services.approvals.note_refusals import Tell, note_refusals
from governor.services.approvals.sign_in import forget_ended
from governor.services.approvals.tick import tick
from governor.services.forecast.close_forecasts import close_forecasts
from governor.services.forget_records import forget_old_records
from governor.services.jobs import Job, Trigger, Turn
from governor.services.slack.first_denials import first_denials
from governor.services.slack.forget import forget_old_messages
from governor.services.sweep_holds import sweep_holds
from governor.services.verify_ledger import verify_ledger
from governor.settings import Settings
from governor.wiring import Governor


@dataclass(frozen=True, slots=True)
class JobRow:
    """One row.

    Attributes:
        name: Unique, for ever: a job's past is kept under it.
        trigger: When it is due.
        verb: What it does: idempotent, catching up from what is stored, with no other clock than ``turn.now``.
        purpose: For people.
        needs: Settings without which it does not run.
    """

    name: str
    trigger: Trigger
    verb: Callable[[Governor, Turn], Awaitable[object]]
    purpose: str
    needs: tuple[str, ...] = ()


JOBS: tuple[JobRow, ...] = (
    JobRow("close-periods", every(seconds=5), lambda governor, turn: governor.closer.close(turn), "write statements"),
    JobRow(
        "watch-thresholds",
        every(seconds=10),
        lambda governor, turn: governor.thresholds.watch(turn),
        "write alerts of used and of forecast",
    ),
    JobRow(
        "deliver-alerts",
        every(seconds=5),
        lambda governor, turn: governor.deliverer.deliver(turn),
        "send what was written, until it has arrived",
    ),
    JobRow(
        "watch-spend",
        every(minutes=1),
        lambda governor, turn: governor.unusual.watch(turn),
        "write alerts of spend that is outside what its series expects",
    ),
    JobRow(
        "watch-drift",
        daily(4, 20),
        lambda governor, turn: governor.drift.watch(turn),
        "write alerts of tokens per call",
    ),
    JobRow(
        "send-digests",
        every(minutes=1),
        lambda governor, turn: governor.digests.write(turn),
        "write the daily and the weekly digest",
    ),
    JobRow("sweep-holds", daily(3, 10), lambda _, turn: sweep_holds(turn), "mark decisions whose hold has expired"),
    JobRow(
        "verify-ledger",
        daily(3, 40),
        lambda governor, turn: verify_ledger(turn, governor.database),
        "recompute every balance from the records; a difference is an error in the log and a metric",
    ),
    JobRow(
        "count-existing",
        every(seconds=10),
        lambda governor, turn: governor.existing.watch(turn, governor.publisher.snapshots),
        "count on new budgets what was reported late of the time before them, where a quota says `count_existing`",
    ),
    JobRow(
        "forget-records",
        daily(2, 40),
        lambda governor, turn: forget_old_records(turn, governor.settings.keep_decisions),
        "forget requests and answers that are older than they have to be; what was used and paid is kept",
        needs=("keep_decisions",),
    ),
    JobRow(
        "note-refusals",
        every(seconds=5),
        lambda governor, turn: note_refusals(turn, governor.database, _owners(governor, turn)),
        "note by whose they were which requests were refused, for those who ask what they could do about it; the first "
        "one of a service account in a period is told to its owner in Slack",
    ),
    JobRow(
        "tick-exceptions",
        every(seconds=20),
        lambda governor, turn: tick(governor.desk, governor.ledger, turn.now),
        "remind, escalate, expire and end exceptions, and ask what came of them",
    ),
    JobRow(
        "forget-sign-ins",
        daily(3, 20),
        lambda governor, turn: forget_ended(governor.database, turn.now),
        "delete links and sessions of the pages that ended more than a day ago",
    ),
    JobRow(
        "forget-slack-messages",
        daily(3, 30),
        lambda governor, turn: forget_old_messages(governor.database, turn.now),
        "forget what was said in Slack more than a year ago; it stays there, and in the audit",
        needs=("slack_bot_token",),
    ),
    JobRow(
        "sync-policies",
        every(minutes=1),
        lambda governor, turn: governor.refused_policies.sync(turn),
        "look whether the branch of the policies has moved; its commit goes live if it is good, and is told if not",
    ),
    JobRow(
        "forecast",
        every(hours=1),
        lambda governor, turn: governor.forecaster.run(turn.now, turn.write, due_only=True),
        "forecast every budget once a day, and those that may come near their limit every hour",
    ),
    JobRow(
        "close-forecasts",
        daily(2, 50),
        lambda governor, turn: close_forecasts(turn, governor.ledger, governor.database),
        "compare forecasts with what happened, a day after their period has ended",
    ),
    JobRow(
        "backtest-forecasts",
        weekly("sun", 4, 30),
        lambda governor, turn: governor.judge.backtest(turn.now, turn.write),
        "forecast past periods again, to say how good forecasts are",
    ),
)
"""In the order in which due jobs begin."""


def jobs_of(governor: Governor) -> list[Job]:
    """Return the jobs that a server can run with its settings."""
    return [
        Job(row.name, row.trigger, partial(row.verb, governor)) for row in JOBS if _has(governor.settings, row.needs)
    ]


def _owners(governor: Governor, turn: Turn) -> Tell:
    """Return what tells the owners of refused machines.

    Whether or not this process has Slack: one that has may stand beside it, and both move the same mark.
    """
    return lambda denials: first_denials(governor.publisher.snapshots.current.organization, denials, turn.now)


def _has(settings: Settings, needs: tuple[str, ...]) -> bool:
    return all(getattr(settings, name) not in {None, "", "off"} for name in needs)


def jobs_table() -> str:
    """Render the table as Markdown, for the documentation."""
    lines = ["| job | when | what |", "|---|---|---|"]
    for row in JOBS:
        needs = "".join(f", with `GOVERNOR_{name.upper()}`" for name in row.needs)
        lines.append(f"| `{row.name}` | {row.trigger.words}{needs} | {row.purpose} |")
    return "\n".join(lines) + "\n"
