"""How full the outbox of alerts is, for Prometheus."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from governor.core.alerts.alert import DeliveryState
from governor.store.alerts import OutboxState


def outbox_families(outbox: Sequence[OutboxState], now: datetime) -> Iterable[Metric]:
    """Return the metrics of the outbox at an instant."""
    counts = GaugeMetricFamily(
        "governor_alert_deliveries",
        "Alerts on their way to a recipient, by channel and state.",
        labels=("channel", "state"),
    )
    overdue = GaugeMetricFamily(
        "governor_alert_overdue_seconds",
        "Since when the oldest alert of a channel should be delivered.",
        labels=("channel",),
    )
    for each in outbox:
        counts.add_metric((each.channel, each.state), each.count)
        if each.state == DeliveryState.WAITING:
            overdue.add_metric((each.channel,), max(0.0, now.timestamp() - each.oldest_due_s))
    return (counts, overdue)
