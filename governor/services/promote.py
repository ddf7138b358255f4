"""From a grant to the change of policies that would make it permanent: for a pull request, never applied by itself.

The change gives the grant's scope, and nobody else, what was granted: a limit of its own in a quota, an allowlist of
its own, or a larger limit of its own. Where a policy can only be narrowed (an ``only`` list, a context limit), a copy
of it is made for the scope, and the policy itself makes an ``except`` for it.
"""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from governor.core.decisions.budget_keys import scope_of
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.grants import Grant, GrantKind
from governor.core.policy.applicable import limit_rule
from governor.core.policy.header import Header
from governor.core.policy.kinds import ContextLimit, ModelAllowlist, Quota
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.scopes import Scope
from governor.core.units import Unit, amount_words

Document = MutableMapping[str, Any]
Change = Callable[[Document], Sequence[Document]]
"""Changes a policy as it is written, and returns what is put behind it."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """What becomes of one policy.

    Attributes:
        ref: The policy, under its present name.
        file: Where it stands, in the policy folder.
        change: What is done to its text.
        words: The same, for people.
    """

    ref: str
    file: str
    change: Change
    words: str


def amendments_of(snapshot: Snapshot, grant: Grant, now: datetime) -> list[Amendment]:
    """Return what would make a grant permanent, one for each policy that it lifts.

    Raises:
        InvalidRequestError: If a policy is gone, or cannot be changed by a program.
    """
    policies = snapshot.policies
    # Policies say the present name of a use case alone.
    grant = replace(grant, scope=snapshot.organization.scope_now(grant.scope))
    found: list[Amendment] = []
    match grant.kind:
        case GrantKind.BUDGET:
            found = [_raise(snapshot, grant, quota, now) for quota in policies.quotas if grant.names(quota.header)]
        case GrantKind.MODEL:
            found = [_allow(grant, each) for each in policies.allowlists if grant.names(each.header)]
        case GrantKind.CONTEXT:
            found = [_enlarge(grant, limit) for limit in policies.context_limits if grant.names(limit.header)]
    if len(found) < len(grant.lifts):
        named = {one.ref for one in found}
        gone = ", ".join(ref for ref in grant.lifts if ref not in named)
        raise InvalidRequestError(f"{gone} cannot be changed so: it is gone, or stands for the whole organisation")
    return found


def _raise(snapshot: Snapshot, grant: Grant, quota: Quota, now: datetime) -> Amendment:
    """Raise the limit that the grant's scope has, by what was granted."""
    attributes = {**scope_attributes(grant.scope, snapshot.organization, now), **dict(grant.scope)}
    scope = scope_of(quota, attributes)
    if any(value.startswith("(") for _, value in scope):
        message = f"{quota.header.ref} has no budget of {_whom(grant.scope)} alone; change it by hand"
        raise InvalidRequestError(message)
    rule, limit = limit_rule(quota, scope, snapshot.organization, now)
    more = grant.amount_nano_usd
    if quota.unit is not Unit.USD:
        lifted = grant.amount_of(quota.header, quota.unit)
        more = lifted.amount if lifted is not None else 0
    text = amount_words(limit + more, quota.unit)

    def change(document: Document) -> Sequence[Document]:
        field, _, index = rule.rstrip("]").partition("[")
        if not quota.per or (field == "limits" and _is_exactly(document["limits"][int(index)], scope)):
            entry = document[field][int(index)] if index else document
            entry["limit"] = text
        else:
            entry = {**dict(scope), "limit": text}
            # The first that matches wins.
            document.setdefault("limits", []).insert(0, entry)
        return ()

    words = f"{quota.header.ref}: {amount_words(limit, quota.unit)} become {text} for {_whom(scope)}"
    return Amendment(quota.header.ref, quota.header.source.file, change, words)


def _is_exactly(entry: Document, scope: Scope) -> bool:
    return {key: value for key, value in entry.items() if key != "limit"} == dict(scope)


def _allow(grant: Grant, allowlist: ModelAllowlist) -> Amendment:
    """Give the scope an allowlist of its own or, where only some models are permitted, a wider one."""
    header, models = allowlist.header, list(grant.models)

    def allow(document: Document) -> Sequence[Document]:
        return (_new(document, grant, {"applies_to": dict(grant.scope), "allow": models}),)

    def widen(document: Document) -> Sequence[Document]:
        only = [*_listed(document["only"]), *models]
        return _split(document, header, grant, {"only": only})

    change = allow if allowlist.only is None else widen
    words = f"{header.ref}: {', '.join(models)} for {_whom(grant.scope)}"
    return Amendment(header.ref, header.source.file, change, words)


def _enlarge(grant: Grant, limit: ContextLimit) -> Amendment:
    """Give the scope a larger limit of its own."""
    header = limit.header
    pairs = {
        "max_input": (limit.max_input, grant.input_tokens_max),
        "max_output": (limit.max_output, grant.output_tokens_max),
        "max_total": (limit.max_total, grant.total_tokens_max),
    }
    larger = {
        field: amount_words(granted, Unit.TOKENS)
        for field, (now, granted) in pairs.items()
        if now is not None and granted is not None and granted > now
    }
    if not larger:
        raise InvalidRequestError(f"{header.ref} permits as much by now as was granted; there is nothing to change")
    said = ", ".join(f"{field} {text}" for field, text in larger.items())
    words = f"{header.ref}: {said} for {_whom(grant.scope)}"
    return Amendment(header.ref, header.source.file, lambda document: _split(document, header, grant, larger), words)


def _split(document: Document, header: Header, grant: Grant, fields: dict[str, Any]) -> Sequence[Document]:
    """Take the scope out of a policy, and return a copy of it for the scope alone."""
    if header.excluded is not None:
        message = f"{header.ref} has an `except` already; change it by hand"
        raise InvalidRequestError(message)
    applies_to = {**dict(document.get("applies_to", {})), **dict(grant.scope)}
    copied = {key: value for key, value in document.items() if key not in {*_OWN, "applies_to"}}
    added = _new(document, grant, {**copied, "applies_to": applies_to, **fields})
    document["except"] = dict(grant.scope)
    return (added,)


_OWN = ("apiVersion", "kind", "name", "formerly", "description", "reason", "review_by")
"""Fields that a copy has of its own."""


def _new(document: Document, grant: Grant, fields: dict[str, Any]) -> Document:
    approved = f", approved by {', '.join(grant.approved_by)}" if grant.approved_by else ""
    names = "-".join("".join(c if c.isalnum() else "-" for c in value.lower()).strip("-") for _, value in grant.scope)
    return {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "name": f"{document['name']}-{names}"[:100].strip("-"),
        "reason": f"Made permanent from the exception {grant.exception_id}{approved}",
        **fields,
    }


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _whom(scope: Scope) -> str:
    return ", ".join(f"{key} {value}" for key, value in scope) or "everyone"
