"""The report on use cases as JSON: ``GET /use-cases`` and ``governor report use-cases`` answer alike."""

from datetime import UTC, datetime
from typing import Any

from governor.core.money import usd_text
from governor.services.report_use_cases import Result, UseCaseLine, UseCaseReport


def report_wire(report: UseCaseReport) -> dict[str, Any]:
    """Render one page."""
    return {
        "period": {"start": _instant(report.start_at), "end": _instant(report.end_at)},
        "use_cases": [_line(line) for line in report.lines],
        "next": report.next,
        "totals": _result(report.totals),
    }


def _line(line: UseCaseLine) -> dict[str, Any]:
    entry = line.use_case
    return {
        "use_case": line.name,
        "registered": entry is not None,
        "stage": str(entry.stage) if entry is not None else None,
        "audience": str(entry.audience) if entry is not None else None,
        "owner": entry.header.owner if entry is not None else None,
        "cost_centre": (entry.cost_centre or None) if entry is not None else None,
        "outcome": (entry.outcome or None) if entry is not None else None,
        **_result(line.result),
        "cost_per_outcome_usd": _usd(line.result.cost_each_nano_usd),
        "expected_cost_per_outcome_usd": _usd(entry.expected_cost_nano_usd if entry is not None else None),
        "over_expected_usd": _usd(line.over_expected_nano_usd),
        "worth_per_outcome_usd": _usd(line.result.worth_each_nano_usd),
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "requests": result.requests,
        "cost_usd": usd_text(result.cost_nano_usd),
        "outcomes": result.outcomes,
        "valued_outcomes": result.valued_outcomes,
        "worth_usd": usd_text(result.worth_nano_usd) if result.valued_outcomes else None,
        "net_usd": _usd(result.net_nano_usd),
    }


def _usd(nano_usd: int | None) -> str | None:
    return usd_text(nano_usd) if nano_usd is not None else None


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None
