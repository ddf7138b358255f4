"""A plan as one document: what ``governor plan --output json`` prints, and what its text and Markdown are made from."""

from collections.abc import Mapping, Sequence
from typing import Any

from governor.compiler.problems import Problem
from governor.core.policy_changes.change import Difference, PolicyChange
from governor.core.policy_changes.words import difference_words, title_words


def plan_wire(
    changes: Sequence[PolicyChange],
    findings: Sequence[Problem],
    *,
    before: Mapping[str, str],
    after: Mapping[str, str],
    replay: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the document.

    Args:
        changes: What the later version says differently.
        findings: What lint says about the step from one to the other.
        before: Name and digest of the earlier version.
        after: Of the later one.
        replay: What recorded requests would have met, or None if none were replayed.
    """
    return {
        "from": dict(before),
        "to": dict(after),
        "differs": bool(changes or findings or (replay is not None and replay["affected"])),
        "changes": [_change(change) for change in changes],
        "findings": [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "code": problem.code,
                "message": problem.message,
                "hint": problem.hint,
            }
            for problem in findings
        ],
        "replay": dict(replay) if replay is not None else None,
        "nothing_to_compare": None,
    }


def plan_alone_wire(before: str, after: Mapping[str, str], why: str) -> dict[str, Any]:
    """Return the document of a version that has nothing to be compared with.

    Args:
        before: The revision in force, as it was named.
        after: Name and digest of the valid version that is proposed.
        why: What is the matter with the one in force, as a part of a sentence.
    """
    nothing = {"name": before, "commit": "", "version": ""}
    alone = plan_wire((), (), before=nothing, after=after, replay=None)
    return {**alone, "differs": True, "nothing_to_compare": why}


def _change(change: PolicyChange) -> dict[str, Any]:
    whole = change.is_whole
    return {
        "policy": change.policy,
        "formerly": change.formerly or None,
        "kind": change.kind.value,
        "title": title_words(change),
        "source": change.source,
        "decides": change.decides,
        "balances": change.balances,
        "differences": [_difference(difference, whole=whole) for difference in change.differences],
    }


def _difference(difference: Difference, *, whole: bool) -> dict[str, Any]:
    touched = difference.touched
    return {
        "field": difference.key,
        "kind": difference.kind.value,
        "subject": difference.subject,
        "before": difference.before or None,
        "after": difference.after or None,
        "decides": difference.decides,
        "people": touched.people if touched is not None else None,
        "service_accounts": touched.service_accounts if touched is not None else None,
        "at_most": touched.at_most if touched is not None else False,
        "text": difference_words(difference, whole=whole),
    }
