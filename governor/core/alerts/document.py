"""An alert as text, and as a document for programs."""

from typing import Any

from governor.core.alerts.alert import Alert


def alert_text(alert: Alert) -> str:
    """Render an alert as plain text: what happened, the numbers' sentence, and the ways out."""
    lines = [alert.title, "", alert.reason]
    if alert.ways_out:
        lines += ["", *(f"- {way}" for way in alert.ways_out)]
    return "\n".join(lines)


def alert_document(alert: Alert) -> dict[str, Any]:
    """Return an alert as it is shown to programs, over HTTP and in webhooks."""
    return {
        "id": alert.id.hex(),
        "kind": str(alert.kind),
        "at": alert.at.isoformat().replace("+00:00", "Z"),
        "policy": alert.policy,
        "scope": dict(alert.whose),
        "title": alert.title,
        "reason": alert.reason,
        "numbers": dict(alert.numbers),
        "ways_out": list(alert.ways_out),
        "urgent": alert.urgent,
    }
