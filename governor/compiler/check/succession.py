"""Questions about two versions of a folder, one after the other: which budgets the later one starts anew."""

from collections.abc import Iterator
from datetime import datetime

from governor.compiler.problems import Problem
from governor.core.decisions.snapshot import PolicySet
from governor.core.periods import Every, next_boundaries, period_at
from governor.core.policy.header import Source
from governor.core.policy.kinds import Quota
from governor.core.policy_changes.balances import changed_identity, pairs, renamed_without_saying
from governor.core.policy_changes.parts import begun_parts
from governor.core.wording.phrases import begin_words, listed


def check_succession(before: PolicySet, after: PolicySet, now: datetime) -> tuple[Problem, ...]:
    """Warn of edits that lose what was spent, in order of file and line.

    Args:
        before: The version in force.
        after: The version that comes after it; problems stand in its files.
        now: When it would come into force: at the first instant of a period nothing is lost.
    """
    problems = (*_changed(before, after, now), *_renamed(before, after))
    return tuple(sorted(problems, key=lambda problem: problem.sort_key))


def _changed(before: PolicySet, after: PolicySet, now: datetime) -> Iterator[Problem]:
    continued, _ = pairs(before, after)
    for quota in after.quotas:
        was = continued.get(quota.header.name)
        if was is None or quota.count_existing or not _in_mid_period(was, now):
            continue
        fields, parts = changed_identity(was, quota), begun_parts(was, quota)
        if fields:
            message = f"{quota.header.ref}: {listed(fields)} changed in mid-period, so its budgets start from now"
            yield _problem(quota.header.source, "identity-changed", message, _hint(was, now))
        elif parts:
            message = f"{quota.header.ref}: {listed(parts)} changed in mid-period, and starts from now"
            yield _problem(quota.header.source, "part-begins", message, _hint(was, now))


def _in_mid_period(quota: Quota, now: datetime) -> bool:
    """Tell whether something may have been spent in the present period."""
    if quota.period is None or not quota.header.in_force(now):
        return False
    return quota.period.every is Every.ONCE or period_at(quota.period, now).start_at < now


def _hint(quota: Quota, now: datetime) -> str:
    boundaries = next_boundaries(quota.period, now, 1) if quota.period is not None else ()
    if not boundaries or quota.period is None:
        return "what was spent so far does not count; write `count_existing: true` if it should"
    begins = begin_words(boundaries[0], quota.period.time_zone)
    return (
        "what was spent so far does not count; write `count_existing: true`, or merge it when the next period begins, "
        f"on {begins}"
    )


def _renamed(before: PolicySet, after: PolicySet) -> Iterator[Problem]:
    for name, quota in renamed_without_saying(before, after).items():
        message = f"{quota.header.ref} looks like Quota/{name}, which is gone: its balances would be lost"
        hint = f"if it was renamed, add `formerly: [{name}]`"
        yield _problem(quota.header.source, "renamed-without-formerly", message, hint)


def _problem(source: Source, code: str, message: str, hint: str) -> Problem:
    return Problem(source.file, source.line, source.column, code, message, hint)
