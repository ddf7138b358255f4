"""Budgets on their way to a list: each quota's for each scope, with what is a part of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from governor.core.decisions.budget_keys import budget_key
from governor.core.decisions.draws import Draw, DrawContext, Part, draws_of
from governor.core.decisions.snapshot import Snapshot
from governor.core.periods import SHORTEST_DAY, last_instant, period_at
from governor.core.policy.kinds import Quota
from governor.core.policy.scope_attributes import scope_attributes
from governor.core.scopes import Scope
from governor.services.budget_scopes import known_scopes
from governor.store.budgets import LiveBudget
from governor.store.records import encode_scope

_TODAY = "~day"
"""What stands behind the scope text of a day's part: it is listed after the whole, before any other scope."""


@dataclass(frozen=True, slots=True)
class ListedBudget:
    """One budget in a list.

    Attributes:
        scope: The quota's ``per``; a share has its team behind it, and what was taken from a fund the fund.
        part: Which of the quota's budgets for this scope it is.
        attributes: What it can be found by.
        place: Where it stands among the quota's budgets.
    """

    quota: Quota
    scope: Scope
    part: Part
    attributes: dict[str, str]
    place: str

    def draw(self, snapshot: Snapshot, at: datetime) -> Draw:
        """Return the budget in the period that contains an instant, with its terms."""
        return next(draw for draw in _own_draws(self.quota, self.scope, snapshot, at) if draw.part is self.part)


def known_budgets(quota: Quota, snapshot: Snapshot, at: datetime, after: str) -> list[ListedBudget]:
    """Return the budgets that the Organization knows, also those that nobody has drawn on, behind a place."""
    scopes = {encode_scope(scope): scope for scope in known_scopes(quota, snapshot.organization, at)}
    parts = (Part.WHOLE, Part.PACE) if quota.burst_percent is not None else (Part.WHOLE,)
    listed = (_listed(quota, scopes[text], part, snapshot, at) for text in sorted(scopes) for part in parts)
    return [budget for budget in listed if budget.place > after]


def instant_before(quota: Quota, at: datetime) -> datetime | None:
    """Return an instant of the period before, whose budgets go on into the one of an instant; None: none do.

    Those of windows of minutes and hours come and go; unless something is carried into the next.
    """
    period = period_at(quota.period, at) if quota.period is not None else None
    if period is None or period.end_at is None:
        return None
    is_long = period.end_at - period.start_at >= SHORTEST_DAY
    return last_instant(int(period.start_at.timestamp())) if is_long or quota.rollover is not None else None


def continued_budget(
    quota: Quota, digest: bytes, scope: Scope, snapshot: Snapshot, instants: tuple[datetime, datetime]
) -> ListedBudget | None:
    """Return the budget that continues one of the period before; None for a part, and for one of another identity.

    Args:
        quota: Whose.
        digest: Of the one before.
        scope: Of both.
        snapshot: The policies.
        instants: One in the period before, and the one that is asked about.
    """
    before, at = instants
    for draw in _own_draws(quota, scope, snapshot, before):
        if draw.part is Part.WHOLE and draw.budget.digest == digest:
            return _listed(quota, scope, Part.WHOLE, snapshot, at)
    return None


def drawn_budget(quota: Quota, digest: bytes, scope: Scope, snapshot: Snapshot, at: datetime) -> ListedBudget | None:
    """Return a budget that was drawn on.

    None for one of another identity: that of the quota as it was before an edit, which limits nothing any more.
    """
    for draw in _own_draws(quota, scope, snapshot, at):
        if draw.budget.digest == digest:
            return _listed(quota, scope, draw.part, snapshot, at)
    return None


def whole_budget(quotas: Iterable[Quota], row: LiveBudget, snapshot: Snapshot, at: datetime) -> Draw | None:
    """Return the terms of a counter, if it is the whole budget of one of some quotas, and that is in force."""
    for quota in quotas:
        if quota.per != tuple(key for key, _ in row.scope) or not quota.header.in_force(at):
            continue
        scope = snapshot.organization.scope_now(row.scope)
        if budget_key(quota, scope, at).digest == row.digest:
            return draws_of(quota, dict(scope), DrawContext(snapshot.organization, snapshot.quota, at))[0]
    return None


def scope_text_of(place: str) -> str:
    """Return the scope text of a place in the list."""
    return place.removesuffix(_TODAY)


def last_place_of(text: str) -> str:
    """Return the last place of a scope text."""
    return text + _TODAY


def _own_draws(quota: Quota, scope: Scope, snapshot: Snapshot, at: datetime) -> Iterator[Draw]:
    """Yield a quota's own budgets for a scope; the budget of a fund that pays for it is the fund's."""
    for draw in draws_of(quota, dict(scope), DrawContext(snapshot.organization, snapshot.quota, at)):
        yield draw
        yield from (other for other in draw.instead if other.part is Part.FUND_SHARE)


def _listed(quota: Quota, scope: Scope, part: Part, snapshot: Snapshot, at: datetime) -> ListedBudget:
    # Also what requests lacked can be asked for by its word, `(none)`.
    attributes = {**scope_attributes(scope, snapshot.organization, at), **dict(scope)}
    text = encode_scope(scope)
    return ListedBudget(quota, scope, part, attributes, text + _TODAY if part is Part.PACE else text)
