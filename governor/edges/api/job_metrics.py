"""How the scheduler's jobs go, for Prometheus: read from the database, so that any worker can say."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from governor.core.jobs import JobRecord


def job_families(jobs: Sequence[JobRecord], now: datetime) -> Iterable[Metric]:
    """Yield the metrics of all jobs at an instant."""
    runs = CounterMetricFamily("governor_job_runs_total", "Turns of a job that have ended.", labels=("job",))
    failures = CounterMetricFamily("governor_job_failures_total", "Turns of a job that have failed.", labels=("job",))
    age = GaugeMetricFamily("governor_job_success_age_seconds", "Seconds since a job last ended well.", labels=("job",))
    late = GaugeMetricFamily(
        "governor_job_overdue_seconds", "Seconds since a job has been due without having begun.", labels=("job",)
    )
    took = GaugeMetricFamily("governor_job_seconds", "How long a job's last turn took.", labels=("job",))
    for job in jobs:
        label = (job.name,)
        runs.add_metric(label, job.runs)
        failures.add_metric(label, job.failures)
        overdue_s = 0.0 if job.holder else (now - job.next_at).total_seconds()
        late.add_metric(label, max(0.0, overdue_s))
        if job.succeeded_at is not None:
            age.add_metric(label, max(0.0, (now - job.succeeded_at).total_seconds()))
        if job.runs:
            took.add_metric(label, job.took_ms / 1000)
    return (runs, failures, age, late, took)
