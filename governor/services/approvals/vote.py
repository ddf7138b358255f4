"""Approve or deny, less or shorter if need be; and take a vote back."""

from dataclasses import dataclass, replace
from datetime import datetime

from governor.core.approvals import voting
from governor.core.approvals.request import Actor, ExceptionRequest, Step
from governor.core.approvals.terms import Terms
from governor.core.approvals.voting import Ballot, Electorate
from governor.services.approvals.desk import Acted, Desk, whole_ms
from governor.services.reasons import checked_reason


@dataclass(frozen=True, slots=True)
class LowerTerms:
    """What an approver gives instead of what was asked; None: as it stands."""

    amount_nano_usd: int | None = None
    ends_at: datetime | None = None
    input_tokens_max: int | None = None
    output_tokens_max: int | None = None
    total_tokens_max: int | None = None

    def of(self, terms: Terms) -> Terms:
        """Return terms with what is given instead."""
        names = ("amount_nano_usd", "input_tokens_max", "output_tokens_max", "total_tokens_max")
        changes: dict[str, object] = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.ends_at is not None:
            changes["ends_at"] = whole_ms(self.ends_at)
        amount = self.amount_nano_usd
        if amount is not None and terms.amounts and terms.amount_nano_usd > 0:
            # What is counted in tokens or requests shrinks in proportion: less money is less of everything.
            changes["amounts"] = tuple(
                replace(one, amount=max(1, one.amount * min(amount, terms.amount_nano_usd) // terms.amount_nano_usd))
                for one in terms.amounts
            )
        return replace(terms, **changes)  # type: ignore[arg-type]  # names are checked by replace


AS_ASKED = LowerTerms()
"""Everything as it stands."""


async def approve(
    desk: Desk, request_id: str, actor: Actor, now: datetime, *, reason: str = "", instead: LowerTerms = AS_ASKED
) -> Acted:
    """Vote for a request; lower terms reset the votes before.

    Raises:
        GovernorError: As ``voting.vote``.
    """
    reason = checked_reason(reason) if reason.strip() else ""

    def work(request: ExceptionRequest, electorate: Electorate) -> Step:
        return voting.vote(request, electorate, actor, Ballot(True, reason, instead.of(request.terms)), now)

    return await desk.act(request_id, work, now)


async def deny(desk: Desk, request_id: str, actor: Actor, now: datetime, *, reason: str) -> Acted:
    """Vote against a request, with a reason that the requester reads.

    Raises:
        GovernorError: As ``voting.vote``.
    """
    ballot = Ballot(False, checked_reason(reason))
    return await desk.act(
        request_id, lambda request, electorate: voting.vote(request, electorate, actor, ballot, now), now
    )


async def withdraw(desk: Desk, request_id: str, actor: Actor, now: datetime) -> Acted:
    """Take a vote back, as long as the request is not decided.

    Raises:
        GovernorError: As ``voting.withdraw``.
    """
    return await desk.act(request_id, lambda request, _: voting.withdraw(request, actor, now), now)
