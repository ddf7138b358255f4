"""Examples for the OpenAPI document of exceptions: what is asked, decided and answered."""

from typing import Any

ID = "01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e"

ASK: dict[str, Any] = {
    "kind": "budget",
    "lifts": ["Quota/team-monthly-spend"],
    "for": "10 days",
    "scope": {"team": "growth"},
    "amount_usd": "800",
    "justification": "the spring campaign needs its texts in four languages by Friday",
    "outcome": "40 landing pages",
    "expected_value_usd": "12000",
}
ASK_MODEL: dict[str, Any] = {
    "kind": "model",
    "lifts": ["ModelAllowlist/everybody"],
    "until": "2026-12-01T00:00:00Z",
    "models": ["claude-opus-4"],
    "justification": "the contract has tables that smaller models misread",
    "expected_value_usd": "3000",
}
APPROVE: dict[str, Any] = {"reason": "worth it, for a week", "amount_usd": "500", "until": "2026-11-27T09:00:00Z"}
REASON: dict[str, Any] = {"reason": "the small model does this as well"}
QUESTION: dict[str, Any] = {"text": "why not the small model?"}
EXTENSION: dict[str, Any] = {"for": "20 days", "amount_usd": "400", "justification": "two languages are left"}
REVIEW: dict[str, Any] = {"justified": True, "note": "the nightly run would have failed"}
CAME_OF_IT: dict[str, Any] = {"count": 38, "worth_usd": "11400", "note": "38 pages, two were dropped"}
DELEGATE: dict[str, Any] = {"to": "jonas.weber@acme.example", "for": "14 days"}
GLASS: dict[str, Any] = {
    "kind": "budget",
    "lifts": ["Quota/team-monthly-spend"],
    "for": "1 hour",
    "scope": {"team": "helpdesk"},
    "amount_usd": "200",
    "justification": "triage stands still, and 400 customers wait",
}

_TERMS: dict[str, Any] = {
    "amount_usd": "800.000000000",
    "from": None,
    "until": "2026-11-30T09:00:00Z",
    "amounts": {},
    "models": [],
    "input_tokens_max": None,
    "output_tokens_max": None,
    "total_tokens_max": None,
}

REQUEST: dict[str, Any] = {
    "id": ID,
    "state": "pending",
    "kind": "budget",
    "scope": {"team": "growth"},
    "lifts": ["Quota/team-monthly-spend"],
    "department": "marketing",
    "asked_by": "mia@acme.example",
    "asked_for": None,
    "joined": [],
    "asked": _TERMS,
    "terms": _TERMS,
    "terms_by": None,
    "justification": ASK["justification"],
    "outcome": "40 landing pages",
    "expected_value_usd": "12000.000000000",
    "estimate_usd": "640.000000000",
    "granted_before_usd": "0.000000000",
    "cost_usd": "800.000000000",
    "urgent": False,
    "extends": None,
    "break_glass": False,
    "ruling": {
        "rule": "ApprovalRule/departments",
        "source": "approvals.yaml:3",
        "automatic": False,
        "requires": [{"group": "department-leads", "at_least": 1, "instead": "finance"}],
        "deny_at": 1,
        "decide_in": "slack",
        "channel": "#ai-exceptions",
    },
    "votes": [],
    "created_at": "2026-11-20T09:00:00Z",
    "remind_at": "2026-11-20T13:00:00Z",
    "escalate_at": "2026-11-23T09:00:00Z",
    "expires_at": "2026-11-25T09:00:00Z",
    "escalated_at": None,
    "impossible_at": None,
    "approved_at": None,
    "approved_by": [],
    "closed": None,
    "review": None,
    "came_of_it": None,
    "request_id": None,
    "revision": 2,
}

RECORD: dict[str, Any] = {
    "seq": 41,
    "subject": ID,
    "act": "sent_for_approval",
    "at": "2026-11-20T09:00:00Z",
    "actor": "mia@acme.example",
    "door": "api",
    "key": "mia-laptop",
    "state": "pending",
    "details": {"requires": ["1 of department-leads"], "rule": "ApprovalRule/departments", "urgent": False},
}
CASE: dict[str, Any] = {
    **REQUEST,
    "may_decide": ["lena.hoffmann@acme.example"],
    "facts": {
        "as_of": "2026-11-20T09:00:00Z",
        "budgets": [
            {
                "policy": "Quota/team-monthly-spend",
                "scope": {"team": "growth"},
                "unit": "USD",
                "limit": "1000",
                "ceiling": "1000",
                "used": "996.2",
                "held": "0",
                "free": "3.8",
                "period": {"start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
                "forecast": {
                    "lower": "1210",
                    "median": "1380",
                    "upper": "1570",
                    "interval_percent": 80,
                    "runs_out_at": "2026-11-20T11:00:00Z",
                    "made_at": "2026-11-20T05:00:00Z",
                },
            }
        ],
        "granted": {"granted_usd": "0.000000000", "asked_for_elsewhere_usd": "0.000000000"},
        "acting": [],
        "requester": {"asked": 2, "granted": 1, "refused": 1, "granted_usd": "150.000000000"},
        "if_denied": {"people": 6, "requests_refused": 212},
        "cheaper": {"model": "openai/gpt-4o-mini", "than": "openai/gpt-4o", "percent": 6},
    },
    "grant": None,
    "records": [RECORD],
}
PREVIEW: dict[str, Any] = {
    "kind": "budget",
    "scope": {"team": "growth"},
    "lifts": ["Quota/team-monthly-spend"],
    "terms": _TERMS,
    "estimate_usd": "640.000000000",
    "estimate_basis": "the scope's spend of the last four weeks, for that long",
    "granted_before_usd": "0.000000000",
    "cost_usd": "800.000000000",
    "rule": "ApprovalRule/departments",
    "automatic": False,
    "requires": [{"group": "department-leads", "at_least": 1}],
    "decide_in": "slack",
    "trial": {
        "helps": False,
        "needed": True,
        "summary": "this alone will not help: Quota/company-yearly-spend is in the way too; "
        "ask for Quota/company-yearly-spend as well",
        "obstacles": [
            {
                "policy": "Quota/company-yearly-spend",
                "message": "Everyone has used 1,200,000 of 1,200,000 USD for the fiscal year from 1 April",
                "lifted_by": "budget",
            }
        ],
        "lift_as_well": ["Quota/company-yearly-spend"],
        "narrow": [],
        "tried": {"model": "openai/gpt-4o", "input_tokens": 1800, "max_output_tokens": 420},
    },
}
AUDIT: dict[str, Any] = {"records": [RECORD], "next": None, "head": "41:9f1c" + "0" * 60}
DELEGATION: dict[str, Any] = {
    "id": ID,
    "member": "lena.hoffmann@acme.example",
    "delegate": "jonas.weber@acme.example",
    "from": "2026-11-20T09:00:00Z",
    "until": "2026-12-04T09:00:00Z",
    "ended_at": None,
}
_SUMS: dict[str, Any] = {
    "requests": 12,
    "states": {"active": 4, "denied": 2, "ended": 6},
    "asked_usd": "9400.000000000",
    "granted_usd": "7100.000000000",
    "used_usd": "5210.500000000",
    "expected_value_usd": "61000.000000000",
    "worth_usd": "38400.000000000",
    "told": 5,
    "time_to_decision_s": 5400,
}
REPORT: dict[str, Any] = {
    "total": _SUMS,
    "departments": [{"department": "marketing", **_SUMS}],
    "approvers": [
        {
            "approver": "lena.hoffmann@acme.example",
            "approved": 9,
            "denied": 2,
            "granted_usd": "6200.000000000",
            "time_to_vote_s": 4300,
        }
    ],
}
