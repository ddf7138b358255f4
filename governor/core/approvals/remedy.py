"""What somebody who was refused could ask for: a question for the form, with the refusal's policies filled in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from governor.core.decisions.decision import ReasonCode
from governor.core.grants import GRANTEE_KEYS, LIFTED_KINDS, GrantKind

LIFTABLE: Mapping[str, GrantKind] = {
    ReasonCode.QUOTA_EXCEEDED: GrantKind.BUDGET,
    ReasonCode.MODEL_NOT_ALLOWED: GrantKind.MODEL,
    ReasonCode.MODEL_NOT_IN_ONLY: GrantKind.MODEL,
    ReasonCode.NO_ALLOWLIST_MATCHES: GrantKind.MODEL,
    ReasonCode.INPUT_TOO_LARGE: GrantKind.CONTEXT,
    ReasonCode.OUTPUT_TOO_LARGE: GrantKind.CONTEXT,
    ReasonCode.CONTEXT_TOO_LARGE: GrantKind.CONTEXT,
}
"""Codes that an exception can do something about; a block or an explicit deny is none of them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason of a deny: its code, the policy that it names, and whose budget it is about."""

    code: str
    policy: str
    scope: Mapping[str, str]


def question_for(refusals: Sequence[Refusal], model: str, may_be_lifted: Callable[[str], bool]) -> str:
    """Return what the form for a request is filled in with, as a query; ``""`` if no exception would help.

    An exception is about one kind of policy: where several refuse, it is about the decisive one's kind.

    Args:
        refusals: All reasons of a deny, the decisive one first.
        model: The model that was asked for.
        may_be_lifted: Whether a policy exists and does not say ``exceptions: never``.
    """
    if not refusals or any(one.code not in LIFTABLE or not may_be_lifted(one.policy) for one in refusals):
        return ""
    kind = LIFTABLE[refusals[0].code]
    named = [one for one in refusals if one.policy.split("/")[0] in LIFTED_KINDS[kind]]
    if not named:
        return ""
    lifts = dict.fromkeys(one.policy for one in named)
    asked = [("kind", str(kind)), *(("lifts", ref) for ref in lifts)]
    if kind is GrantKind.MODEL:
        asked.append(("models", model))
    whom = _whom(named[0].scope)
    return urlencode([*asked, ("whom", whom)] if whom else asked)


def _whom(scope: Mapping[str, str]) -> str:
    """Return whose budget is exhausted, where that is not only the person's own."""
    if "user" in scope:
        return ""
    return next((f"{key}={scope[key]}" for key in GRANTEE_KEYS if key in scope and not scope[key].startswith("(")), "")
