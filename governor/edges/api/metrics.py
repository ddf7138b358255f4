"""What Prometheus reads. Counted in memory; with several workers, in files that every worker can sum up.

With one worker the numbers live in this process. With several, ``wiring.serve`` names a directory in
``PROMETHEUS_MULTIPROC_DIR`` before the workers start, and whichever worker is asked answers for all of them.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeVar

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

from governor.core.decisions.decision import ReasonCode
from governor.services.decide import Answered

disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped; nobody reads these series

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 5.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
NOTES_MAX = 256
"""Notes that are kept at most before they are counted: counting them holds nobody up for more than a millisecond."""

TRIALS_MAX = 100
"""Policies on trial that are counted by name, the same in every worker; the others are counted together."""

OTHERS = "others"

K = TypeVar("K")
V = TypeVar("V")

STAGES = ("decode", "evaluate", "ledger")
"""The stages of a decision whose seconds are noted, in order; ``commit`` is measured by the ledger."""

Stages = tuple[float, float, float]
_Outcome = tuple[str, str, tuple[tuple[str, str], ...], bool, bool, bool]

GaugeMode = Literal["livesum", "livemax", "livemin"]

_EVALUATION_ERROR = str(ReasonCode.EVALUATION_ERROR)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Families:
    """The metrics by name. Labels are closed sets."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=registry)

        def gauge(name: str, text: str, mode: GaugeMode, *labels: str) -> Gauge:
            return Gauge(name, text, labels, multiprocess_mode=mode, registry=registry)

        def seconds(name: str, text: str, label: str) -> Histogram:
            return Histogram(name, text, (label,), buckets=SECONDS, registry=registry)

        self.requests = counter("governor_http_requests_total", "Requests answered.", "method", "route", "status")
        self.request_seconds = seconds("governor_http_request_seconds", "Time to answer.", "route")
        self.decisions = counter(
            "governor_decisions_total", "Decisions by verdict and decisive reason.", "verdict", "code"
        )
        self.would_deny = counter(
            "governor_decisions_would_deny_total",
            "Denials that audit and warn policies would have made; the first hundred by name, the rest as `others`.",
            "policy",
            "code",
        )
        self.replayed = counter("governor_decisions_replayed_total", "Decisions that repeated an earlier answer.")
        self.degraded = counter("governor_decisions_degraded_total", "Decisions made without the ledger.")
        self.evaluation_errors = counter(
            "governor_evaluation_errors_total", "Decisions in which a rule could not be evaluated and failed closed."
        )
        self.stage_seconds = seconds(
            "governor_decide_stage_seconds",
            "Seconds: decode (read, check), evaluate (plan), ledger (wait, place, conclude), commit (a transaction).",
            "stage",
        )
        self.events = counter("governor_usage_events_total", "Usage events by outcome.", "status")
        self.unpriced = counter(
            "governor_usage_unpriced_total", "Usage events recorded without a known price: at what was held, or at 0."
        )
        self.outcomes = counter("governor_outcomes_total", "Reports of outcomes by how they were taken.", "status")
        self.batch_sizes = Histogram(
            "governor_ledger_batch_size", "Commands in one ledger transaction.", buckets=SIZES, registry=registry
        )
        self.queue = gauge("governor_ledger_queue_depth", "Commands waiting for the ledger.", "livesum")
        self.blocks = gauge("governor_blocks_in_force", "Blocks that stop something now.", "livemax", "kind")
        self.policy_info = gauge("governor_policy_info", "1 for the policy version in force.", "livemax", "version")
        self.policy_age = gauge(
            "governor_policy_age_seconds", "Seconds since the policies were last confirmed.", "livemax"
        )
        self.policy_valid = gauge(
            "governor_policy_folder_valid",
            "0 while the folder or the commit of the policies is refused and the last good version is served.",
            "livemin",
        )
        self.policy_failures = counter(
            "governor_policy_load_failures_total", "Policy folders and commits that were refused."
        )


class HttpMetrics:
    """Every metric that the HTTP door counts. One instance for each application.

    What happens for every request is only noted, and counted once a second or when it is asked for: the library's
    locks cost more than the rest of a route.

    Args:
        registry: Where they are collected.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._families = _Families(registry)
        self._answers: list[tuple[tuple[str, str, int], float]] = []
        self._decided: list[tuple[_Outcome, Stages | None]] = []
        self._commit_seconds = self._families.stage_seconds.labels("commit")
        self._policy_version = ""
        self._trials: frozenset[str] = frozenset()
        self._failures_seen = 0

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one answered request; ``route`` is the template, never the path."""
        self._answers.append(((method, route, status), seconds))
        if len(self._answers) >= NOTES_MAX:
            self.count()

    def decision(self, answered: Answered, stages: Stages | None = None) -> None:
        """Note one decision, with the seconds that each of ``STAGES`` took; one of a batch has none of its own."""
        code = answered.codes[0] if answered.codes else ""
        failed = _EVALUATION_ERROR in answered.codes and not answered.replayed
        outcome = (answered.verdict, code, answered.would_deny, answered.replayed, answered.degraded, failed)
        self._decided.append((outcome, stages))

    def count(self) -> None:
        """Count what was noted."""
        answers, self._answers = self._answers, []
        decided, self._decided = self._decided, []
        families = self._families
        for (method, route, status), times in _grouped(answers).items():
            families.requests.labels(method if method in _METHODS else "other", route, str(status)).inc(len(times))
            _observe(families.request_seconds.labels(route), times)
        for (verdict, code, would_deny, replayed, degraded, failed), same in _grouped(decided).items():
            families.decisions.labels(verdict, code).inc(len(same))
            for policy, would_code in would_deny:
                trial = policy if policy in self._trials else OTHERS
                families.would_deny.labels(trial, would_code).inc(len(same))
            if replayed:
                families.replayed.inc(len(same))
            if degraded:
                families.degraded.inc(len(same))
            if failed:
                families.evaluation_errors.inc(len(same))
        spent = [stages for _, stages in decided if stages is not None]
        for index, name in enumerate(STAGES):
            _observe(families.stage_seconds.labels(name), [stages[index] for stages in spent])

    def usage_event(self, status: str, *, unpriced: bool = False) -> None:
        """Count one usage event; ``unpriced`` if it was recorded now and nobody knows what it costs."""
        self._families.events.labels(status).inc()
        if unpriced:
            self._families.unpriced.inc()

    def outcome(self, status: str) -> None:
        """Count one report of outcomes."""
        self._families.outcomes.labels(status).inc()

    def ledger_batch(self, size: int, seconds: float) -> None:
        """Record one ledger transaction; called in the ledger's thread."""
        self._families.batch_sizes.observe(size)
        self._commit_seconds.observe(seconds)

    def ledger_queue(self, depth: int) -> None:
        """Record how many commands wait."""
        self._families.queue.set(depth)

    def blocks(self, in_force: Mapping[str, int]) -> None:
        """Record how many blocks stop something now, by kind."""
        for kind, count in in_force.items():
            self._families.blocks.labels(kind).set(count)

    def policies(self, version: str, age_s: float, *, valid: bool, on_trial: Sequence[str]) -> None:
        """Record which policies are in force, which of them are on trial (by name), and how fresh they are."""
        if version != self._policy_version:
            self._trials = frozenset(on_trial[:TRIALS_MAX])
            if self._policy_version:
                self._families.policy_info.labels(self._policy_version).set(0)
            self._policy_version = version
        self._families.policy_info.labels(version).set(1)
        self._families.policy_age.set(age_s)
        self._families.policy_valid.set(1 if valid else 0)

    def policy_failures(self, count: int) -> None:
        """Record how many policy folders this worker has refused since it started."""
        self._families.policy_failures.inc(count - self._failures_seen)
        self._failures_seen = count

    def exposition(self, families: list[Metric]) -> bytes:
        """Render everything in Prometheus's text format.

        Args:
            families: Facts read from the database for this answer, beside what was counted.
        """
        self.count()
        registry = self.registry
        if os.environ.get(MULTIPROC_DIR):
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types
        facts = CollectorRegistry()
        facts.register(_Facts(families))
        return generate_latest(registry) + generate_latest(facts)


def _grouped(notes: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    """Sort notes by what they have in common: labels are looked up once for each group."""
    groups: dict[K, list[V]] = {}
    for key, value in notes:
        groups.setdefault(key, []).append(value)
    return groups


def _observe(histogram: Histogram, values: Iterable[float]) -> None:
    observe = histogram.observe
    for value in values:
        observe(value)


class _Facts(Collector):
    """Families that were made already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        """Return them."""
        return self._families
