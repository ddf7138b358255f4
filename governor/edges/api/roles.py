"""Who may call which route: the one table. ``docs/reference/roles.md`` is made from it, and a test keeps them equal."""

from dataclasses import dataclass

from governor.core.keys import Role

ANY_METHOD = "ANY"
"""A rule for every method; its path may have any number of segments."""

OPEN: frozenset[Role] = frozenset()
"""No key is needed: health, metrics and documentation."""

_GATEWAY = frozenset({Role.GATEWAY, Role.ADMIN})
_VIEWER = frozenset({Role.VIEWER, Role.APPROVER, Role.ADMIN})
_READER = _VIEWER | {Role.GATEWAY}
_DECIDER = frozenset({Role.APPROVER, Role.ADMIN})
_ADMIN = frozenset({Role.ADMIN})

CAN_STOP = "can_stop"
"""Persons, by a key of any role, whom the Organization lets stop; the service looks who they are."""


@dataclass(frozen=True, slots=True)
class RouteRule:
    """One row: a route, the roles that may call it (none: it is open), and what it is for.

    ``persons`` names who may beside the roles, or is ``""``; ``proof`` is what is as good as a key.
    """

    method: str
    path: str
    roles: frozenset[Role]
    purpose: str
    persons: str = ""
    proof: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is for anybody who reaches it."""
        return not self.roles and not self.proof


RULES: tuple[RouteRule, ...] = (
    RouteRule("POST", "/decide", _GATEWAY, "may this model request be made"),
    RouteRule("POST", "/decide/batch", _GATEWAY, "the same for up to 1,000 requests"),
    RouteRule(
        ANY_METHOD, "/ext_authz/{path}", _GATEWAY, "the same for proxies that read only status codes and headers"
    ),
    RouteRule("POST", "/usage", _GATEWAY, "report what calls used"),
    RouteRule("POST", "/outcomes", _GATEWAY, "report what came of it"),
    RouteRule(
        "POST", "/reservations/{reservation_id}/release", _GATEWAY, "the call was not made: give everything back"
    ),
    RouteRule("POST", "/reservations/{reservation_id}/extend", _GATEWAY, "the call takes longer or costs more"),
    RouteRule("GET", "/decisions/{decision_id}", _VIEWER, "explain a decision"),
    RouteRule("GET", "/decisions", _VIEWER, "search decisions"),
    RouteRule("GET", "/budgets", _READER, "every budget: limit, used, held, free"),
    RouteRule("GET", "/entitlements", _READER, "what a person may use now"),
    RouteRule("GET", "/usage/summary", _VIEWER, "usage by department, team, user, model, use case, day"),
    RouteRule("GET", "/forecasts", _VIEWER, "where budgets will end, and how surely"),
    RouteRule("POST", "/forecasts/scenarios", _VIEWER, "what budgets would come to if something else happened"),
    RouteRule("GET", "/use-cases", _VIEWER, "each use case: cost, outcomes, worth"),
    RouteRule("GET", "/statements", _VIEWER, "what each budget's periods came to, with dated corrections"),
    RouteRule("GET", "/alerts", _VIEWER, "what was said about money, to whom, and whether it arrived"),
    RouteRule("GET", "/policies", _VIEWER, "the policies in force"),
    RouteRule(
        "POST",
        "/policies/sync",
        _ADMIN,
        "look at the branch of the policies now",
        proof="a webhook signed by GitHub or GitLab",
    ),
    RouteRule("POST", "/adjustments", _ADMIN, "credit, debit or open a budget, with a reason"),
    RouteRule("GET", "/adjustments", _VIEWER, "what was adjusted, by whom and why"),
    RouteRule("POST", "/blocks", _ADMIN, "stop a user, team, use case, key or model at once", CAN_STOP),
    RouteRule("GET", "/grants", _VIEWER, "approved exceptions, and what they have paid"),
    RouteRule("GET", "/blocks", _VIEWER, "what is stopped, and what ever was", CAN_STOP),
    RouteRule("DELETE", "/blocks/{block_id}", _ADMIN, "let go on before the end", CAN_STOP),
    RouteRule("POST", "/slack/events", OPEN, "what people do in Slack", proof="Slack's signature"),
    RouteRule("POST", "/exceptions", _VIEWER, "ask for an exception"),
    RouteRule("POST", "/exceptions/preview", _VIEWER, "what it would cost, and who would be asked"),
    RouteRule("POST", "/exceptions/break-glass", _VIEWER, "lift quotas at once; reviewed afterwards"),
    RouteRule("GET", "/exceptions", _VIEWER, "requests for exceptions"),
    RouteRule("GET", "/exceptions/audit", _VIEWER, "everything that happened to exceptions"),
    RouteRule("GET", "/exceptions/report", _VIEWER, "asked, granted, used, worth, time to decision"),
    RouteRule("GET", "/exceptions/delegations", _VIEWER, "who votes in whose place"),
    RouteRule("POST", "/exceptions/delegations", _DECIDER, "let somebody vote in one's place for a while"),
    RouteRule("POST", "/exceptions/delegations/end", _DECIDER, "vote oneself again"),
    RouteRule("GET", "/exceptions/{exception_id}", _VIEWER, "one request, and what happened to it"),
    RouteRule("POST", "/exceptions/{exception_id}/approve", _DECIDER, "vote for it, or for less or shorter"),
    RouteRule("POST", "/exceptions/{exception_id}/deny", _DECIDER, "vote against it"),
    RouteRule("POST", "/exceptions/{exception_id}/withdraw", _DECIDER, "take one's vote back"),
    RouteRule("POST", "/exceptions/{exception_id}/cancel", _VIEWER, "take one's request back"),
    RouteRule("POST", "/exceptions/{exception_id}/revoke", _VIEWER, "end a grant: who decides, who asked, or an admin"),
    RouteRule("POST", "/exceptions/{exception_id}/extend", _VIEWER, "ask for the same for longer"),
    RouteRule("POST", "/exceptions/{exception_id}/ask", _VIEWER, "ask the requester, or answer"),
    RouteRule("POST", "/exceptions/{exception_id}/review", _DECIDER, "review a broken glass"),
    RouteRule("POST", "/exceptions/{exception_id}/outcome", _VIEWER, "what came of a grant"),
    RouteRule(
        ANY_METHOD, "/web/{path}", OPEN, "pages for people: ask, decide, see what was refused", proof="a session"
    ),
    RouteRule("GET", "/healthz", OPEN, "alive"),
    RouteRule("GET", "/readyz", OPEN, "ready: database, clock, policies; and how jobs go"),
    RouteRule("GET", "/metrics", OPEN, "Prometheus"),
    RouteRule("GET", "/docs", OPEN, "this interface for people"),
    RouteRule("GET", "/docs/{file}", OPEN, "what that page is made of"),
    RouteRule("GET", "/openapi.json", OPEN, "this interface for programs"),
)


def roles_table() -> str:
    """Render the table as Markdown, for the documentation."""
    lines = ["| route | roles | what |", "|---|---|---|"]
    for rule in RULES:
        roles = ", ".join([*(role for role in Role if role in rule.roles), *filter(None, [rule.proof])]) or "open"
        persons = f", persons in `{rule.persons}`" if rule.persons else ""
        lines.append(f"| `{rule.method} {rule.path}` | {roles}{persons} | {rule.purpose} |")
    return "\n".join(lines) + "\n"
