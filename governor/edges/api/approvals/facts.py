"""What whoever decides about a request is told, for the OpenAPI document."""

from datetime import datetime

from pydantic import BaseModel

from governor.edges.api.budgets import BudgetWire


class TotalAnswer(BaseModel):
    """What is forecast of the whole period, as decimal strings in the budget's unit."""

    lower: str
    median: str
    upper: str
    interval_percent: int
    runs_out_at: datetime | None
    made_at: datetime


class LiftedBudgetAnswer(BudgetWire):
    """A lifted budget as it is now; no forecast while there is too little history."""

    forecast: TotalAnswer | None


class GrantedAnswer(BaseModel):
    """What the same scope was granted in the period, and asks for beside this."""

    granted_usd: str
    asked_for_elsewhere_usd: str


class ActingAnswer(BaseModel):
    """A grant that acts for the same already: they add up, and the one that ends first pays first."""

    id: str
    amount_usd: str
    until: datetime


class RequesterAnswer(BaseModel):
    """What the requester asked for in the last year."""

    asked: int
    granted: int
    refused: int
    granted_usd: str


class IfDeniedAnswer(BaseModel):
    """Who stays limited: how many people, if that is known, and their refused requests of the last seven days."""

    people: int | None
    requests_refused: int


class CheaperAnswer(BaseModel):
    """A model that is allowed already, at `percent` of the price of the other."""

    model: str
    than: str
    percent: int


class FactsAnswer(BaseModel):
    """What whoever decides should know, as of one instant."""

    as_of: datetime
    budgets: list[LiftedBudgetAnswer]
    granted: GrantedAnswer
    acting: list[ActingAnswer]
    requester: RequesterAnswer
    if_denied: IfDeniedAnswer
    cheaper: CheaperAnswer | None
