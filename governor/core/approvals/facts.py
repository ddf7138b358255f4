"""What whoever decides about a request should know, as of one instant: the same on a card, a page and a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from governor.core.approvals.request import ExceptionRequest, State
from governor.core.decisions.decision import BudgetView
from governor.core.forecasts.forecast import Forecast
from governor.core.grants import Grant


@dataclass(frozen=True, slots=True)
class BudgetNow:
    """A lifted quota as it is for whom the request is: what is used, and where it will end."""

    view: BudgetView
    forecast: Forecast | None = None


@dataclass(frozen=True, slots=True)
class Cheaper:
    """A model that those it is for may use already, and its price in percent of what is asked for."""

    model: str
    than: str
    percent: int


@dataclass(frozen=True, slots=True)
class Granted:
    """What one scope was granted in the period, and what it asks for beside that; slices count together."""

    granted_nano_usd: int = 0
    asked_nano_usd: int = 0

    @property
    def total_nano_usd(self) -> int:
        """What counts together with the next request."""
        return self.granted_nano_usd + self.asked_nano_usd


@dataclass(frozen=True, slots=True)
class Past:
    """What somebody asked for before: how many requests, granted, refused, and what was granted in all."""

    asked: int = 0
    granted: int = 0
    refused: int = 0
    granted_nano_usd: int = 0


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What is known about a request now.

    Attributes:
        request: As it stands.
        state: At ``now``: time may have passed since it was last noted.
        approvers: Who may vote, by user name.
        budgets: The lifted quotas.
        granted: What the same scope was granted this period without this request, and asks for elsewhere.
        past: What the requester asked for before.
        people: How many people it is for; None: that is not known.
        refused: Requests that the lifted policies refused them in the last seven days.
        cheaper: Another way, or None.
        spent_nano_usd: What its grant has spent.
        acting: Grants that act for the same already, and lift the same.
    """

    request: ExceptionRequest
    state: State
    now: datetime
    approvers: frozenset[str] = frozenset()
    budgets: Sequence[BudgetNow] = ()
    granted: Granted = field(default_factory=Granted)
    past: Past = field(default_factory=Past)
    people: int | None = None
    refused: int = 0
    cheaper: Cheaper | None = None
    spent_nano_usd: int = 0
    acting: Sequence[Grant] = ()
