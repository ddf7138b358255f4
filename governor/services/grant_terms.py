"""Whether a grant is one that could act: what it lifts exists, may be lifted, and is metered."""

from collections.abc import Iterator
from datetime import datetime

from governor.core.decisions.ids import id_bytes
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.grants import GRANTEE_KEYS, LIFTED_KINDS, Grant, GrantKind
from governor.core.money import AMOUNT_MAX
from governor.core.policy.header import Header
from governor.core.units import Unit


def check_grant(snapshot: Snapshot, grant: Grant, now: datetime) -> None:
    """Refuse a grant that could never act, or that nothing would meter.

    Raises:
        InvalidRequestError: Naming the field that is wrong.
    """
    for field, problem in _problems(snapshot, grant, now):
        raise InvalidRequestError(problem, field=field)


def _problems(snapshot: Snapshot, grant: Grant, now: datetime) -> Iterator[tuple[str, str]]:
    if id_bytes(grant.id) is None:
        yield "id", "a grant's id is a UUID"
    if not grant.scope or any(key not in GRANTEE_KEYS or not value for key, value in grant.scope):
        yield "scope", f"a grant is for one of {', '.join(GRANTEE_KEYS)}; name whom"
    for key, value in grant.scope:
        if value.startswith("("):
            yield "scope", f"everybody whose {key} is not known shares `{value}`; a grant is for somebody who is known"
    if not now < grant.ends_at or not grant.starts_at < grant.ends_at:
        yield "ends_at", "the grant would have ended already; give an end that is still to come"
    if not 0 < grant.amount_nano_usd <= AMOUNT_MAX:
        yield "amount_nano_usd", "a grant needs an amount above 0 that it may spend"
    yield from problems_of_lifts(snapshot, grant)
    yield from _problems_of_kind(snapshot, grant)


def problems_of_lifts(snapshot: Snapshot, grant: Grant) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with what a grant lifts: the field, and what to do about it."""
    if not grant.lifts:
        yield "lifts", "a grant names the exact policies that it lifts"
    headers = _headers(snapshot)
    kinds = LIFTED_KINDS[grant.kind]
    for ref in grant.lifts:
        header = headers.get(ref)
        if header is None:
            yield "lifts", f"there is no policy `{ref}`"
        elif header.kind not in kinds:
            yield "lifts", f"a grant of the kind {grant.kind} lifts {' or '.join(sorted(kinds))}, not {ref}"
        elif not header.exceptions_allowed:
            yield "lifts", f"{ref} says `exceptions: never`: no grant lifts it"


def _headers(snapshot: Snapshot) -> dict[str, Header]:
    """Return the policies by their names and former names."""
    headers = {header.ref: header for header in snapshot.policies.headers}
    for header in snapshot.policies.headers:
        for name in header.formerly:
            headers.setdefault(f"{header.kind}/{name}", header)
    return headers


def _problems_of_kind(snapshot: Snapshot, grant: Grant) -> Iterator[tuple[str, str]]:
    most = (grant.input_tokens_max, grant.output_tokens_max, grant.total_tokens_max)
    match grant.kind:
        case GrantKind.MODEL:
            if not grant.models:
                yield "models", "name the models that are granted"
        case GrantKind.CONTEXT:
            if not any(most) or any(tokens is not None and not 0 < tokens <= AMOUNT_MAX for tokens in most):
                yield "input_tokens_max", "say how many tokens of input, of output or of both are granted"
        case GrantKind.BUDGET:
            for lifted in grant.amounts:
                if lifted.policy not in grant.lifts or lifted.unit is Unit.USD or not 0 < lifted.amount <= AMOUNT_MAX:
                    yield "amounts", f"an amount of {lifted.policy} is above 0, in its own unit, and of a lifted quota"
            for quota in snapshot.policies.quotas:
                header = quota.header
                if quota.unit is not Unit.USD and grant.names(header) and grant.amount_of(header, quota.unit) is None:
                    yield "amounts", f"{header.ref} counts {quota.unit}; say how many {quota.unit} are granted"
