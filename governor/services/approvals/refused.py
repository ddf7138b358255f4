"""What of a person's was refused lately, and what they could ask for: the page behind a deny's remedy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from governor.core.approvals.remedy import Refusal, question_for
from governor.core.decisions.snapshot import Snapshot
from governor.services.explain import DecisionQuery, Explainer

LOOKS_BACK = timedelta(days=7)
LIST_MAX = 20


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal.

    Attributes:
        model: The model that was asked for.
        message: The decisive reason.
        ask: What the form is filled in with, as a query; ``""``: no exception lifts it.
        again: How often the same was refused.
    """

    at: datetime
    model: str
    message: str
    ask: str
    again: int = 1


async def refused_lately(explainer: Explainer, snapshot: Snapshot, user: str, now: datetime) -> tuple[Refused, ...]:
    """Return what was refused to a person in the last week, newest first; what is alike is shown once."""
    query = DecisionQuery(user=user, verdict="deny", from_at=now - LOOKS_BACK, limit=200)
    page = await explainer.search(query)
    found: dict[tuple[str, str], Refused] = {}
    for decided, _ in page.decisions:
        if not decided.answer:
            # Its text was forgotten: what was refused is not known any more.
            continue
        at = datetime.fromtimestamp(decided.at_ms / 1000, UTC)
        one = _refused(snapshot, at, msgspec.json.decode(decided.answer))
        known = found.get((one.model, one.ask))
        found[one.model, one.ask] = replace(known, again=known.again + 1) if known is not None else one
    return tuple(found.values())[:LIST_MAX]


def _refused(snapshot: Snapshot, at: datetime, answer: Mapping[str, Any]) -> Refused:
    reasons = answer["reasons"]
    refusals = [Refusal(one["code"], one["policy"] or "", one.get("scope") or {}) for one in reasons]
    model = answer["requested_model"]
    ask = question_for(refusals, model, snapshot.may_be_lifted)
    return Refused(at, model, reasons[0]["message"] if reasons else "", ask)
