"""What Prometheus reads. Counted in memory; with several workers, in files that every worker can sum up.

With one worker the numbers live in this process. With several, ``wiring.serve`` names a directory in
``PROMETHEUS_MULTIPROC_DIR`` before the workers start, and whichever worker is asked answers for all of them.
"""

import os

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped; nobody reads these series

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 5.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpMetrics:
    """Every metric that the HTTP door counts. One instance for each application; labels are closed sets.

    Args:
        registry: Where they are collected.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._requests = Counter(
            "governor_http_requests_total", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._request_seconds = Histogram(
            "governor_http_request_seconds", "Time to answer.", ("route",), buckets=SECONDS, registry=registry
        )
        self._decisions = Counter(
            "governor_decisions_total",
            "Decisions by verdict and decisive reason.",
            ("verdict", "code"),
            registry=registry,
        )
        self._replayed = Counter(
            "governor_decisions_replayed_total", "Decisions that repeated an earlier answer.", registry=registry
        )
        self._degraded = Counter(
            "governor_decisions_degraded_total", "Decisions made without the ledger.", registry=registry
        )
        self._stage_seconds = Histogram(
            "governor_decide_stage_seconds",
            "Seconds: decode (read, check), decide (plan, place, conclude), commit (a ledger transaction).",
            ("stage",),
            buckets=SECONDS,
            registry=registry,
        )
        self._events = Counter(
            "governor_usage_events_total", "Usage events by outcome.", ("status",), registry=registry
        )
        self._batch_sizes = Histogram(
            "governor_ledger_batch_size", "Commands in one ledger transaction.", buckets=SIZES, registry=registry
        )
        self._queue = Gauge(
            "governor_ledger_queue_depth",
            "Commands waiting for the ledger.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._policy_info = Gauge(
            "governor_policy_info",
            "1 for the policy version in force.",
            ("version",),
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._policy_age = Gauge(
            "governor_policy_age_seconds",
            "Seconds since the policies were last confirmed.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._policy_valid = Gauge(
            "governor_policy_folder_valid",
            "0 while the policy folder has errors and the last good version is served.",
            multiprocess_mode="livemin",
            registry=registry,
        )
        self._policy_failures = Counter(
            "governor_policy_load_failures_total", "Policy folders that were refused.", registry=registry
        )
        self._by_answer: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._by_verdict: dict[tuple[str, str], Counter] = {}
        self._decode_seconds = self._stage_seconds.labels("decode")
        self._commit_seconds = self._stage_seconds.labels("commit")
        self._decide_seconds = self._stage_seconds.labels("decide")
        self._policy_version = ""
        self._failures_seen = 0

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; ``route`` is the template, never the path."""
        children = self._by_answer.get((method, route, status))
        if children is None:
            known = method if method in _METHODS else "other"
            children = (self._requests.labels(known, route, str(status)), self._request_seconds.labels(route))
            if known == method:
                self._by_answer[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)

    def decision(self, verdict: str, codes: tuple[str, ...], *, replayed: bool, degraded: bool) -> None:
        """Count one decision under its decisive reason (the first), or ``""`` for a plain allow."""
        code = codes[0] if codes else ""
        child = self._by_verdict.get((verdict, code))
        if child is None:
            child = self._by_verdict[verdict, code] = self._decisions.labels(verdict, code)
        child.inc()
        if replayed:
            self._replayed.inc()
        if degraded:
            self._degraded.inc()

    def decide_stages(self, decode_s: float, decide_s: float) -> None:
        """Record how long a decision took to read, and to make."""
        self._decode_seconds.observe(decode_s)
        self._decide_seconds.observe(decide_s)

    def usage_event(self, status: str) -> None:
        """Count one usage event."""
        self._events.labels(status).inc()

    def ledger_batch(self, size: int, seconds: float) -> None:
        """Record one ledger transaction; called in the ledger's thread."""
        self._batch_sizes.observe(size)
        self._commit_seconds.observe(seconds)

    def ledger_queue(self, depth: int) -> None:
        """Record how many commands wait."""
        self._queue.set(depth)

    def policies(self, version: str, age_s: float, *, valid: bool) -> None:
        """Record which policies are in force, how fresh they are, and whether the folder is valid."""
        if version != self._policy_version:
            if self._policy_version:
                self._policy_info.labels(self._policy_version).set(0)
            self._policy_version = version
        self._policy_info.labels(version).set(1)
        self._policy_age.set(age_s)
        self._policy_valid.set(1 if valid else 0)

    def policy_failures(self, count: int) -> None:
        """Record how many policy folders this worker has refused since it started."""
        self._policy_failures.inc(count - self._failures_seen)
        self._failures_seen = count

    def exposition(self, families: list[Metric]) -> bytes:
        """Render everything in Prometheus's text format.

        Args:
            families: Facts read from the database for this answer, beside what was counted.
        """
        registry = self.registry
        if os.environ.get(MULTIPROC_DIR):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types
        facts = CollectorRegistry()
        facts.register(_Facts(families))
        return generate_latest(registry) + generate_latest(facts)


class _Facts(Collector):
    """Families that were made already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        """Return them."""
        return self._families
