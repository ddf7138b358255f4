"""Moves without a date: they act on the past, so that periods that are over are read as they never were."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from governor.compiler.problems import Problem
from governor.core.calendar_days import local_date
from governor.core.policy.organization import Organization, Placement

_NAMED_MAX = 3
"""People who are named; in a reorganisation there are hundreds."""


def check_moves(before: Organization, after: Organization, now: datetime) -> tuple[Problem, ...]:
    """Warn of teams and people that are elsewhere in the later version without a day on which they move.

    Args:
        before: The one in force.
        after: The one that comes after it.
        now: When it would come into force; what it says of the time before is the past.
    """
    past = now - timedelta(seconds=1)
    today = local_date(now, after.time_zone).isoformat()
    source = after.source
    return tuple(
        Problem(source.file, source.line, source.column, "undated-move", message, hint)
        for message, hint in (*_of_teams(before, after, past, today), *_of_people(before, after, past, today))
    )


_READ = "so periods that are over are read as if it had always been so"


def _of_teams(before: Organization, after: Organization, past: datetime, today: str) -> Iterator[tuple[str, str]]:
    for name, team in after.teams.items():
        if name not in before.teams:
            continue
        was, becomes = before.teams[name].placement(past), team.placement(past)
        if was.department != becomes.department and becomes.from_at is None:
            message = f"the team {name} moves from {was.department} to {becomes.department} without a date, {_READ}"
            yield message, f"leave it in {was.department}, and list it in {becomes.department} with `from: {today}` too"


def _of_people(before: Organization, after: Organization, past: datetime, today: str) -> Iterator[tuple[str, str]]:
    moved = [
        name
        for name, person in after.people.items()
        if name in before.people and _moves(before.people[name].placement(past), person.placement(past))
    ]
    if not moved:
        return
    others = len(moved) - _NAMED_MAX
    named = ", ".join(moved[:_NAMED_MAX]) + (f" and {others} more" if others > 0 else "")
    message = f"{named}: moved to another team or department without a date, {_READ}"
    yield message, f"keep the entry of each as it was, and add one with `from: {today}`"


def _moves(was: Placement, becomes: Placement) -> bool:
    """Tell whether somebody is elsewhere, and not because their team is."""
    if becomes.from_at is not None:
        return False
    return was.team != becomes.team or (not was.team and was.department != becomes.department)
