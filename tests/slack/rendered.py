"""Every message and modal with made-up values, for the golden files: ``python -m tests.slack.rendered`` writes them."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from governor.clients.slack_blocks import asking, deciding, notes
from governor.clients.slack_blocks.alerts import alert_message
from governor.clients.slack_blocks.asking import Form, WhatWouldCome, preview_modal, request_form
from governor.clients.slack_blocks.budgets import left_message
from governor.clients.slack_blocks.card import CardFacts, card_message
from governor.clients.slack_blocks.decision import decision_message
from governor.clients.slack_blocks.denial import denial_message
from governor.clients.slack_blocks.glass import glass_form
from governor.clients.slack_blocks.home import HomePage, Refusal, home_view, stranger_home
from governor.clients.slack_blocks.message import Message, View
from governor.clients.slack_blocks.steps import outcome_message, question_message, reminder_message, step_message
from governor.clients.slack_blocks.stops import resumed_message, stopped_message
from governor.clients.slack_blocks.usage import help_message
from governor.core.alerts.alert import Alert, AlertKind
from governor.core.approvals.facts import BudgetNow, CaseFacts, Cheaper, Granted, Past
from governor.core.approvals.groups import Home
from governor.core.approvals.request import (
    Act,
    Actor,
    Closing,
    Door,
    ExceptionRequest,
    Review,
    Ruling,
    State,
    Transition,
    Vote,
)
from governor.core.approvals.terms import Terms
from governor.core.decisions.blocks import Authority, Block, BlockKind
from governor.core.decisions.decision import BudgetView
from governor.core.forecasts.forecast import Band, Baselines, Forecast
from governor.core.grants import GrantedRest, GrantKind
from governor.core.ledger.budget import BudgetKey
from governor.core.money import NANO_PER_USD
from governor.core.policy.approval_rule import DecideIn, Requirement, Route
from governor.core.units import Unit
from governor.edges.slack.clicks import why_modal
from governor.edges.slack.words import USAGES
from governor.services.approvals.desk import grant_of

GOLDEN = Path(__file__).parent / "golden"
ZONE = "Europe/Berlin"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ID = "01a1f8d3-ea00-7a4d-b230-a499f257c2dd"
IDS = {f"{name}@acme.example": f"U0{name.upper()}" for name in ("mia", "lea", "tom", "eve")}
MIA, LEA, TOM = "mia@acme.example", "lea@acme.example", "tom@acme.example"


def usd(amount: float) -> int:
    """Return an amount in nano-USD."""
    return int(amount * NANO_PER_USD)


def budget(policy: str, limit: int, used: int, unit: Unit = Unit.USD, **scope: str) -> BudgetView:
    """Return a budget of November."""
    start, end = datetime(2026, 10, 31, 23, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC)
    key = BudgetKey(
        policy.encode()[:16], policy, tuple(scope.items()), unit, int(start.timestamp()), int(end.timestamp())
    )
    return BudgetView(key, limit, limit, used, 0)


MARKETING = budget("Quota/department-monthly-spend", usd(20_000), usd(19_990), department="marketing")
REQUESTS = budget("Quota/user-requests", 500, 120, Unit.REQUESTS, user=MIA)
COMPANY = budget("Quota/company-spend", usd(100_000), usd(61_200))

FORECAST = Forecast(
    budget=MARKETING.budget,
    department="marketing",
    team="",
    user="",
    made_at=NOW,
    limit=MARKETING.limit,
    used=MARKETING.used,
    held=0,
    total=Band(usd(27_100), usd(29_400), usd(31_800)),
    interval_percent=80,
    exceeds_ppm=980_000,
    runs_out_at=NOW + timedelta(hours=2),
    history_days=60,
    insufficient_data=False,
    method="AutoETS",
    baselines=Baselines(usd(29_900), usd(28_800)),
)

RULING = Ruling(
    rule="ApprovalRule/everybody",
    source="approvals.yaml:1",
    route=Route(usd(5_000), (Requirement("department-leads"), Requirement("finance"))),
    channel="#ai-exceptions",
)

REQUEST = ExceptionRequest(
    id=ID,
    kind=GrantKind.BUDGET,
    scope=(("team", "growth"),),
    lifts=("Quota/department-monthly-spend",),
    home=Home("marketing", "growth"),
    asked_by=MIA,
    asked=Terms(usd(1_500), NOW + timedelta(days=7)),
    terms=Terms(usd(1_500), NOW + timedelta(days=7)),
    ruling=RULING,
    created_at=NOW - timedelta(hours=1),
    justification="The spring campaign starts on Monday, and forty landing pages wait for their translations.",
    outcome_expected="forty landing pages in five languages",
    expected_value_nano_usd=usd(30_000),
    estimate_nano_usd=usd(1_230),
    granted_before_nano_usd=usd(400),
    urgent=True,
    state=State.PENDING,
    expires_at=NOW + timedelta(days=3),
    revision=2,
)

CASE = CaseFacts(
    request=REQUEST,
    state=State.PENDING,
    now=NOW,
    approvers=frozenset({LEA, TOM}),
    budgets=(BudgetNow(MARKETING, FORECAST),),
    granted=Granted(usd(400), usd(250)),
    past=Past(4, 3, 1, usd(900)),
    people=12,
    refused=212,
    cheaper=Cheaper("openai/gpt-4o-mini", "anthropic/claude-sonnet-4", 4),
)

FACTS = CardFacts(
    CASE,
    ZONE,
    slack_ids=IDS,
    unreachable=("sam@acme.example",),
    page="https://governor.acme.example/exceptions/" + ID,
)


def facts(**changes: Any) -> CardFacts:
    """Return what the card shows, of another case."""
    return replace(FACTS, case=replace(CASE, **changes))


RESTS = {MARKETING.budget.digest: (GrantedRest(grant_of(REQUEST, NOW), usd(1_120.5), Unit.USD),)}

APPROVED = replace(
    REQUEST,
    state=State.ACTIVE,
    votes=(
        Vote(LEA, LEA, approve=True, at=NOW, door=Door.SLACK, reason="worth it"),
        Vote(TOM, TOM, approve=True, at=NOW, door=Door.API),
    ),
    approved_at=NOW,
    approved_by=(LEA, TOM),
    revision=5,
)
DENIED = replace(
    REQUEST,
    state=State.DENIED,
    votes=(Vote(LEA, LEA, approve=False, at=NOW, door=Door.WEB, reason="use the small model first"),),
    closing=Closing(NOW, LEA, "use the small model first"),
)
ANSWER: dict[str, Any] = {
    "decision_id": ID,
    "verdict": "deny",
    "requested_model": "anthropic/claude-sonnet-4",
    "model": "anthropic/claude-sonnet-4",
    "substituted": False,
    "reasons": [
        {
            "message": "marketing has used 19,990 of 20,000 USD for November; it resets on 1 December 00:00 CET",
            "policy": "Quota/department-monthly-spend",
            "source": "quotas.yaml:12",
        }
    ],
    "warnings": [{"message": "nobody registered the use case `spring`"}],
    "remedies": [
        {"type": "use_model", "model": "openai/gpt-4o-mini"},
        {"type": "use_model", "model": "xai/grok-4.1-fast", "max_output_tokens": 4000},
        {"type": "lower_max_output_tokens", "max_output_tokens": 2000},
        {"type": "wait_until", "at": "2026-11-30T23:00:00Z"},
        {"type": "request_exception"},
    ],
    "policy_version": "3507d8f2b80d3c83",
}
BLOCK = Block(
    id=bytes(16),
    kind=BlockKind.TEAM,
    name="growth",
    reason="runaway agent",
    placed_by="eve@acme.example",
    placed_key="slack:U0EVE",
    authority=Authority.CAN_STOP,
    placed_at=NOW,
    until_at=NOW + timedelta(hours=2),
)
ALERT = Alert(
    id=bytes(16),
    claim=b"",
    kind=AlertKind.THRESHOLD,
    at=NOW,
    policy="Quota/department-monthly-spend",
    whose=(("department", "marketing"),),
    title="marketing has used 80 % of its budget",
    reason="marketing has used 16,000 of 20,000 USD for November; it resets on 1 December 00:00 CET",
    numbers=(),
    ways_out=("Ask for an exception with `/ai-budget request`.", "Use a cheaper model."),
    urgent=False,
    recipients=(),
)
WHO = {"user": MIA, "team": "growth", "department": "marketing"}


def step(act: Act, by: str = "", **details: Any) -> Transition:
    """Return something that happened."""
    return Transition(act, NOW, Actor(by, Door.SLACK if by else Door.CLOCK), REQUEST.state, details)


def form(kind: GrantKind, quota: str = "") -> View:
    """Return the form of a kind."""
    return request_form(
        Form(
            kind=kind,
            scopes=((("user", MIA),), (("team", "growth"),), (("project", "spring"),)),
            quotas=(MARKETING, REQUESTS),
            models=("anthropic/claude-opus-4", "anthropic/claude-sonnet-4"),
            last_day=date(2026, 11, 27),
            quota=quota,
        )
    )


COME = WhatWouldCome(
    asked="*More budget* for the team *growth*: *1,500 USD*, until 27 November.",
    amount_nano_usd=usd(1_500),
    estimate_nano_usd=usd(1_230),
    basis="the scope's spend of the last four weeks, for that long",
    before_nano_usd=usd(400),
    worth_nano_usd=usd(30_000),
    route=RULING.route,
    people=[[LEA], [TOM, "sam@acme.example"]],
    helps=False,
    tried="this alone will not help: Quota/company-spend is in the way too; ask for Quota/company-spend as well",
    offered=["Quota/company-spend"],
    slack_ids=IDS,
)


def messages() -> dict[str, Message]:
    """Return every message, by name."""
    glass = replace(APPROVED, break_glass=True, votes=(), approved_by=(), review=Review(NOW + timedelta(days=2)))
    page = replace(REQUEST, ruling=replace(RULING, route=replace(RULING.route, decide_in=DecideIn.WEB)))
    told = replace(APPROVED.outcome, told_at=NOW, told_by=MIA, count=1_200, worth_nano_usd=usd(28_000), note="all live")
    steps = {
        Act.SENT: step(Act.SENT, MIA),
        Act.VOTED: step(Act.VOTED, LEA, approve=True, reason="worth it"),
        Act.CHANGED_TERMS: step(Act.CHANGED_TERMS, LEA),
        Act.APPROVED: step(Act.APPROVED, TOM),
        Act.DENIED: step(Act.DENIED, LEA, reason="use the small model first"),
        Act.ASKED: step(Act.ASKED, LEA, text="why not the small model?"),
        Act.ESCALATED: step(Act.ESCALATED, to="governance-board", reason="nobody decided in time"),
        Act.EXPIRED: step(Act.EXPIRED, reason="nobody decided in time"),
        Act.REVOKED: step(Act.REVOKED, LEA, reason="a mistake"),
        Act.ENDED: step(Act.ENDED),
        Act.WITHDREW: step(Act.WITHDREW, LEA, approve=True),
        Act.ACTIVATED: step(Act.ACTIVATED),
        Act.JOINED: step(Act.JOINED, TOM, text="we need it as well"),
        Act.APPROVED_AUTOMATICALLY: step(Act.APPROVED_AUTOMATICALLY),
        Act.BROKE_GLASS: step(Act.BROKE_GLASS, MIA),
        Act.CANCELLED: step(Act.CANCELLED, MIA),
        Act.USED_UP: step(Act.USED_UP),
        Act.QUORUM_IMPOSSIBLE: step(Act.QUORUM_IMPOSSIBLE),
        Act.REVIEWED: step(Act.REVIEWED, LEA, justified=True),
        Act.REVIEW_MISSED: step(Act.REVIEW_MISSED),
    }
    return {
        "budgets": left_message([MARKETING, REQUESTS, COMPANY], ZONE, who=MIA, rests=RESTS),
        "why": decision_message(ANSWER, WHO, NOW, ZONE),
        "help": help_message("/ai-budget", USAGES),
        "stopped": stopped_message(BLOCK, "", ZONE),
        "resumed": resumed_message([replace(BLOCK, lifted_at=NOW, lifted_by="eve@acme.example")], ZONE),
        "alert": alert_message(ALERT),
        "unknown_person": notes.unknown_person_message("U0STRANGER", "acme"),
        "vote_withdrawn": notes.withdrawn_message(),
        "joined": notes.joined_message(),
        "decide_on_page": notes.page_message("https://governor.acme.example/web/link/2c1f", ID),
        "problem": notes.problem_message(
            "`mia@acme.example` may not stop anybody; admins may, and the group in can_stop"
        ),
        "machine_refused": denial_message(
            "triage-bot", "openai/gpt-4o-mini", ANSWER["reasons"][0]["message"], decision_id=ID, at=NOW, time_zone=ZONE
        ),
        "card": card_message(FACTS),
        "card_page": card_message(facts(request=page)),
        "card_approved": card_message(
            replace(facts(request=APPROVED, state=State.ACTIVE, spent_nano_usd=usd(312.4)), unreachable=())
        ),
        "card_denied": card_message(facts(request=DENIED, state=State.DENIED)),
        "card_break_glass": card_message(facts(request=glass, state=State.ACTIVE)),
        "reminder": reminder_message(REQUEST, IDS, ZONE),
        "reminder_of_review": reminder_message(glass, IDS, ZONE),
        "review_overdue": reminder_message(replace(glass, review=Review(NOW, missed_at=NOW)), IDS, ZONE),
        "question": question_message(steps[Act.ASKED], IDS),
        "outcome_asked": outcome_message(APPROVED, usd(1_312.4), IDS),
        "outcome_told": outcome_message(replace(APPROVED, outcome=told), usd(1_312.4), IDS),
        **{f"told_{act}": step_message(REQUEST, one, IDS, ZONE) for act, one in steps.items()},
    }


def views() -> dict[str, View]:
    """Return every modal and App Home, by name."""
    refusal = Refusal(ID, NOW, "anthropic/claude-sonnet-4", ANSWER["reasons"][0]["message"], 212)
    page = HomePage(
        who=LEA,
        budgets=[MARKETING, COMPANY],
        refusals=[refusal],
        time_zone=ZONE,
        shown_at=NOW,
        mine=[replace(DENIED, asked_by=LEA)],
        waiting=[
            REQUEST,
            replace(APPROVED, id=ID[:-1] + "e", break_glass=True, votes=(), review=Review(NOW + timedelta(days=2))),
        ],
        slack_ids=IDS,
    )
    return {
        "home": home_view(page, "/ai-budget"),
        "modal_request_budget": form(GrantKind.BUDGET),
        "modal_request_budget_in_requests": form(GrantKind.BUDGET, "Quota/user-requests"),
        "modal_request_model": form(GrantKind.MODEL),
        "modal_request_context": form(GrantKind.CONTEXT),
        "modal_break_glass": glass_form(["Quota/department-monthly-spend", "Quota/user-requests"]),
        "modal_preview": preview_modal(COME, '{"kind": "budget"}'),
        "modal_approve": deciding.approve_modal(FACTS),
        "modal_deny": deciding.deny_modal(FACTS),
        "modal_ask": deciding.ask_modal(FACTS),
        "modal_answer": deciding.answer_modal(REQUEST, "why not the small model?"),
        "modal_review": deciding.review_modal(FACTS),
        "modal_outcome": deciding.outcome_modal(APPROVED, usd(1_312.4)),
        "modal_decided": deciding.decided_modal(facts(request=DENIED, state=State.DENIED)),
        "modal_waiting": notes.waiting_modal(asking.TITLE),
        "modal_why": why_modal(ID, decision_message(ANSWER, WHO, NOW, ZONE)),
        "modal_done": notes.note_modal("Done", ":white_check_mark: It is done."),
        "modal_problem": notes.problem_modal("the database does not answer; try again in a moment"),
        "home_of_a_stranger": stranger_home(notes.unknown_person_message("U0STRANGER", "acme").blocks),
    }


def documents() -> dict[str, Any]:
    """Return everything as JSON, by name."""
    posted = {name: {"text": one.text, "blocks": list(one.blocks)} for name, one in messages().items()}
    return {**posted, **views()}


def written(document: Any) -> str:
    """Return a document as its file holds it."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, document in documents().items():
        (GOLDEN / f"{name}.json").write_text(written(document), encoding="utf-8")
