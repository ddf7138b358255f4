"""Dates that have passed: reviews that are due, rules that will never be in force again."""

from datetime import datetime
from zoneinfo import ZoneInfo

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems


def check_calendar(built: Built, now: datetime, problems: Problems) -> None:
    """Warn about past reviews and about rules whose last day has passed."""
    today = now.astimezone(ZoneInfo(built.policies.organization.time_zone)).date()
    for header in built.policies.headers:
        if header.review_by is not None and header.review_by < today:
            message = f"the review of {header.ref} was due on {header.review_by}"
            hint = "look at it again, and give it a new date"
            problems.add(built.documents[header.source].problem("past-review", message, ("review_by",), hint=hint))
        if header.effective_until is not None and header.effective_until <= now:
            message = f"{header.ref} is no longer in force"
            hint = "take it out; the history keeps it"
            problems.add(
                built.documents[header.source].problem("never-in-force", message, ("effective_until",), hint=hint)
            )
