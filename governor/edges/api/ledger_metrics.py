"""What the last verification of the ledger found, for Prometheus: from the database, so that any worker can say."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from governor.store.ledger_checks import LedgerCheck


def ledger_families(check: LedgerCheck | None, now: datetime) -> Iterable[Metric]:
    """Yield the metrics of the last verification; none before the first."""
    differences = GaugeMetricFamily(
        "governor_ledger_differences", "Balances that differed from their records when the ledger was last verified."
    )
    age = GaugeMetricFamily("governor_ledger_verified_age_seconds", "Seconds since the ledger was last verified.")
    if check is not None:
        differences.add_metric((), check.count)
        age.add_metric((), max(0.0, (now - check.at).total_seconds()))
    return (differences, age)
