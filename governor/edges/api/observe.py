"""From a running server to its metrics: what is read off once a second, and what at each scrape."""

import asyncio

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy.exc import SQLAlchemyError

from governor.edges.api.alert_metrics import outbox_families
from governor.edges.api.job_metrics import job_families
from governor.edges.api.ledger_metrics import ledger_families
from governor.edges.api.metrics import HttpMetrics
from governor.edges.api.policy_metrics import policy_refusal
from governor.store.alerts import read_outbox
from governor.store.jobs import read_jobs
from governor.store.ledger_checks import read_last_check
from governor.store.slack_messages import count_waiting
from governor.wiring import Governor

EVERY_S = 1.0

_log = structlog.get_logger("governor.metrics")


def observe(governor: Governor, metrics: HttpMetrics) -> None:
    """Read the state of this worker off into its gauges."""
    publisher, now = governor.publisher, governor.clock.now()
    state, age_s = publisher.state, publisher.snapshots.age_s(now)
    snapshot = publisher.snapshots.current
    metrics.policies(snapshot.version, age_s, valid=state.valid, on_trial=snapshot.on_trial)
    metrics.policy_failures(state.failures)
    metrics.blocks(snapshot.blocks.count(now))
    metrics.ledger_queue(governor.ledger.queue_depth)
    metrics.count()


async def keep_observed(governor: Governor, metrics: HttpMetrics) -> None:
    """Read the state off once a second, so that every worker's is known to whichever is asked."""
    while True:
        observe(governor, metrics)
        await asyncio.sleep(EVERY_S)


async def families(governor: Governor) -> list[Metric]:
    """Return what is read for a scrape: from the policies, and from the database unless it does not answer."""
    return [policy_refusal(governor.publisher.state), *await stored_families(governor)]


async def stored_families(governor: Governor) -> list[Metric]:
    """Return what is read from the database for a scrape; nothing while the database does not answer."""
    now = governor.clock.now()
    try:
        watched = await governor.watcher.look(now)
        jobs = await governor.database.read(read_jobs)
        outbox = await governor.database.read(read_outbox)
        checked = await governor.database.read(read_last_check)
        waiting = await governor.database.read(count_waiting)
    except SQLAlchemyError as error:
        _log.warning("metrics_without_database", problem=type(error).__name__)
        return []
    ratios = GaugeMetricFamily(
        "governor_budget_used_ratio",
        "Used and held part of the limit, for the hundred fullest budgets.",
        labels=("policy", "scope"),
    )
    for ratio in watched.ratios:
        ratios.add_metric((ratio.policy, ratio.scope), ratio.ratio)
    shares = GaugeMetricFamily(
        "governor_unreported_share",
        "Share of a client's latest allowed decisions whose hold ended without usage.",
        labels=("client",),
    )
    for reporting in watched.reporting:
        shares.add_metric((reporting.client,), reporting.unreported_share)
    unshown = GaugeMetricFamily(
        "governor_slack_messages_waiting",
        "Messages that should stand in Slack, or say something else there, and do not yet.",
        value=waiting,
    )
    return [
        ratios,
        shares,
        unshown,
        *job_families(jobs, now),
        *ledger_families(checked, now),
        *outbox_families(outbox, now),
    ]
