"""Rules that change nothing: another of their kind already says at least as much to everybody they reach."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems
from governor.core.globs import is_glob, matches_any
from governor.core.policy.header import Enforcement, Header, Selector
from governor.core.policy.index import HasHeader
from governor.core.policy.kinds import ContextLimit, ModelAllowlist, Quota, WhenReached

PAIRS_MAX = 300
"""Larger crowds of alike rules are generated, and comparing each with each would take longer than compiling them."""

R = TypeVar("R", bound=HasHeader)


def check_containment(built: Built, problems: Problems) -> None:
    """Warn about allowlists, context limits and quotas that change nothing."""
    policies = built.policies
    only_allow = [
        item for item in policies.allowlists if item.allow is not None and item.only is None and not item.deny
    ]
    _compare(built, only_allow, _allows_as_much, problems)
    _compare(built, policies.context_limits, _as_tight, problems)
    crowds: defaultdict[object, list[Quota]] = defaultdict(list)
    for quota in policies.quotas:
        period = quota.period.identity() if quota.period is not None else ""
        crowds[quota.unit, quota.counts, quota.per, period].append(quota)
    for crowd in crowds.values():
        _compare(built, crowd, _at_most_as_large, problems)


def _compare(built: Built, rules: Sequence[R], covers: Callable[[R, R], bool], problems: Problems) -> None:
    if len(rules) > PAIRS_MAX:
        return
    for number, rule in enumerate(rules):
        for other_number, other in enumerate(rules):
            if number == other_number or not _contains(other.header, rule.header) or not covers(other, rule):
                continue
            if other_number > number and _contains(rule.header, other.header) and covers(rule, other):
                # Two rules that say the same are reported once, at the later one.
                continue
            message = f"{other.header.ref} already says at least as much to everybody whom this reaches"
            hint = "take one of them out"
            problems.add(built.documents[rule.header.source].problem("contained-scope", message, hint=hint))
            break


def _contains(wide: Header, narrow: Header) -> bool:
    """Tell whether a rule is in force for everybody and at all times that another one is."""
    if wide.enforcement is not Enforcement.ENFORCE or wide.excluded is not None or wide.if_missing_applies:
        return False
    if wide.effective_from is not None or wide.effective_until is not None:
        return False
    if wide.exceptions_allowed and not narrow.exceptions_allowed:
        return False
    return _selector_contains(wide.applies_to, narrow.applies_to)


def _selector_contains(wide: Selector, narrow: Selector) -> bool:
    terms = dict(narrow.terms)
    for attribute, patterns in wide.terms:
        inner = terms.get(attribute)
        if inner is None or not all(_covered(pattern, patterns) for pattern in inner):
            return False
    return True


def _covered(pattern: str, patterns: Sequence[str]) -> bool:
    return pattern in patterns or (not is_glob(pattern) and matches_any(patterns, pattern)) or "*" in patterns


def _allows_as_much(wide: ModelAllowlist, narrow: ModelAllowlist) -> bool:
    if narrow.fallback and narrow.fallback != wide.fallback:
        return False
    return all(_covered(pattern, wide.allow or ()) for pattern in narrow.allow or ())


def _as_tight(tight: ContextLimit, loose: ContextLimit) -> bool:
    if tight.when_over is not loose.when_over or tight.downgrade_to != loose.downgrade_to:
        return False
    pairs = (
        (tight.max_input, loose.max_input),
        (tight.max_output, loose.max_output),
        (tight.max_total, loose.max_total),
    )
    return all(theirs is None or (ours is not None and ours <= theirs) for ours, theirs in pairs)


def _at_most_as_large(small: Quota, large: Quota) -> bool:
    """Tell whether a quota is always reached before another one."""
    if small.limits or small.schedule or large.limits or large.schedule:
        return False
    if small.when_reached is not WhenReached.DENY or large.when_reached is not WhenReached.DENY:
        # Another answer than a refusal is not made needless by one.
        return small.when_reached is large.when_reached is WhenReached.WARN and small.limit <= large.limit
    if large.soft_limit_percent or large.soft_limit or small.rollover is not None:
        return False
    if large.max_share is not None or large.burst_percent is not None or large.rollover is not None:
        return False
    return small.limit <= large.limit
