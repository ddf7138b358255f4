"""Which grants a decision rests on, and what they have left, for the answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from governor.core.decisions.decision import GrantUse, Reason, ReasonCode
from governor.core.decisions.plan import Candidate
from governor.core.grants import Grant, GrantKind
from governor.core.ledger.admit import fits
from governor.core.ledger.budget import EMPTY
from governor.core.ledger.commands import Admission, Hold
from governor.core.scopes import scope_text
from governor.core.units import Unit, amount_words


@dataclass(frozen=True, slots=True)
class Lifted:
    """A policy that a grant lifted for a request, with what it would have said, or None for a clamp."""

    grant: Grant
    policy: str
    reason: Reason | None


def lifted_of(given: Candidate, admission: Admission, exceeded: Sequence[tuple[int, Reason]]) -> tuple[Lifted, ...]:
    """Return what grants lifted for the candidate that is given.

    Args:
        given: The candidate, in the form that stands.
        admission: What the ledger chose.
        exceeded: Its holds that grants pay for, by index, each with what the quota would have said.
    """
    grants = {grant.ref: grant for grant in given.grants}
    found: list[Lifted] = []
    held = admission.lifts(admission.chosen) if admission.chosen is not None else None
    for need, hold in zip(given.needs, held or (), strict=True):
        grant = grants[hold.budget.policy]
        found += [Lifted(grant, reason.policy, reason) for reason in need.reasons]
        if not need.reasons:
            limits = (limit.header for limit in given.prepared.context_limits)
            found += [Lifted(grant, header.ref, None) for header in limits if grant.lifts_policy(header)]
    paid = dict(admission.paid)
    found += [Lifted(grants[paid[index][0].budget.policy], reason.policy, reason) for index, reason in exceeded]
    return tuple(found)


def paid_by_grants(given: Candidate, admission: Admission) -> list[int]:
    """Return the holds of a candidate, by index, for which grants pay."""
    refs = {grant.ref for grant in given.grants}
    return [index for index, holds in admission.paid if holds and holds[0].budget.policy in refs]


def grant_uses(lifted: Sequence[Lifted], admission: Admission) -> tuple[GrantUse, ...]:
    """Return each grant that a decision rests on, once, with its money after what was placed."""
    lifts: dict[Grant, dict[str, None]] = {}
    for each in lifted:
        lifts.setdefault(each.grant, {})[each.policy] = None
    money = {hold.budget.policy: hold.budget.digest for hold in admission.placed if hold.budget.unit is Unit.USD}
    return tuple(
        GrantUse(grant, tuple(policies), admission.balances.get(money[grant.ref], EMPTY))
        for grant, policies in lifts.items()
    )


def granted_reasons(lifted: Sequence[Lifted], uses: Sequence[GrantUse]) -> Iterator[Reason]:
    """Say for each policy that was lifted which grant did so, and what it has left."""
    left = {use.grant: use.left_nano_usd for use in uses}
    for each in lifted:
        grant = each.grant
        amount = amount_words(grant.amount_nano_usd, Unit.USD)
        approved = f", approved by {', '.join(grant.approved_by)}" if grant.approved_by else ""
        what = "pays for what does not fit" if grant.kind is GrantKind.BUDGET else f"lifts {each.policy}"
        message = (
            f"a grant for {scope_text(grant.scope)} {what}{approved}; "
            f"{amount_words(max(0, left[grant]), Unit.USD)} of {amount} are left"
        )
        said = each.reason or Reason(ReasonCode.GRANTED, "", each.policy)
        yield replace(said, code=ReasonCode.GRANTED, message=message)


def exhausted_reasons(asked: Candidate, unfit: Sequence[int], admission: Admission) -> Iterator[Reason]:
    """Say which grants would have helped a request that is denied, if they had room.

    Args:
        asked: The model asked for, in the form that stands.
        unfit: Its holds that do not fit.
        admission: With the balances that were compared.
    """
    tried = [hold for index in unfit for holds in _whole(asked.holds, index).grants for hold in holds]
    if asked.granted is not None:
        tried += [hold for need in asked.granted.needs for hold in need.holds]
    for hold in {hold.budget.digest: hold for hold in tried}.values():
        balance = admission.balances.get(hold.budget.digest)
        ceiling = admission.ceiling(hold)
        if balance is None or fits(hold.amount, balance, ceiling):
            continue
        yield Reason(
            ReasonCode.GRANT_EXHAUSTED,
            _exhausted_message(hold, left=hold.terms.limit - balance.taken, revoked=ceiling == 0),
            hold.budget.policy,
            scope=hold.budget.scope,
            unit=hold.budget.unit,
            limit=hold.terms.limit,
            used=balance.used,
            held=balance.held,
            requested=hold.amount,
        )


def _whole(holds: Sequence[Hold], index: int) -> Hold:
    """Return the hold of the budget that a hold is a part of; a budget's own is its own."""
    return next(hold for hold in reversed(holds[: index + 1]) if not hold.terms.part)


def _exhausted_message(hold: Hold, *, left: int, revoked: bool) -> str:
    who, unit = scope_text(hold.budget.scope), hold.budget.unit
    if revoked:
        return f"the grant for {who} was revoked"
    return (
        f"the grant for {who} has {amount_words(max(0, left), unit)} of {amount_words(hold.terms.limit, unit)} left; "
        f"this request needs {amount_words(hold.amount, unit)}"
    )
