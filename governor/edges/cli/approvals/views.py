"""Requests as people read them on a terminal."""

from collections.abc import Mapping
from typing import Any

from governor.core.approvals.request import OPEN_STATES
from governor.core.grants import GrantKind
from governor.core.money import nano_from_text
from governor.core.units import Unit, amount_words, rounded_words
from governor.core.wording.phrases import counted
from governor.edges.cli.approvals.office import minute
from governor.edges.cli.printing import Output, console, print_json, say, table


def dollars(text: str | None) -> str:
    """Write an amount for people: ``1,200 USD``."""
    return amount_words(nano_from_text(text), Unit.USD) if text else ""


def cents(text: str | None) -> str:
    """Write an amount that was worked out, for people: to the cent."""
    return rounded_words(nano_from_text(text), Unit.USD) if text else ""


def whom(request: Mapping[str, Any]) -> str:
    """Say whom a request is for."""
    return ", ".join(f"{key.replace('_', ' ')} {name}" for key, name in request["scope"].items())


def show_list(page: Mapping[str, Any], output: Output) -> None:
    """Show a page of requests."""
    if output is Output.JSON:
        print_json(page)
        return
    if not page["exceptions"]:
        say("there are no such requests")
        return
    columns = ("id", "state", "for", "what", "amount", "until", "asked by", "asked at")
    rows = [
        (
            one["id"],
            one["state"].replace("_", " "),
            whom(one),
            what(one),
            dollars(one["terms"]["amount_usd"]),
            minute(one["terms"]["until"]),
            one["asked_by"],
            minute(one["created_at"]),
        )
        for one in page["exceptions"]
    ]
    console().print(table("Exceptions (UTC)", columns, rows, right=("amount",)))
    if page["next"]:
        say(f"there are more: --cursor {page['next']}")


def what(request: Mapping[str, Any]) -> str:
    """Say what a request asks for."""
    terms, lifts = request["terms"], ", ".join(request["lifts"])
    sizes = [f"{name.removesuffix('_tokens_max')} {terms[name]:,}" for name in _SIZES if terms[name] is not None]
    match request["kind"]:
        case GrantKind.MODEL:
            return f"{', '.join(terms['models'])}, lifting {lifts}"
        case GrantKind.CONTEXT:
            return f"larger requests ({', '.join(sizes)} tokens), lifting {lifts}"
        case _:
            units = [f"{int(one['amount']):,} {one['unit']}" for one in terms["amounts"].values()]
            return f"more of {lifts}{' (' + ', '.join(units) + ')' if units else ''}"


_SIZES = ("input_tokens_max", "output_tokens_max", "total_tokens_max")


def show_one(request: Mapping[str, Any], output: Output) -> None:
    """Show what became of a request after an act."""
    if output is Output.JSON:
        print_json(request)
        return
    say(f"{request['id']} is {request['state'].replace('_', ' ')}: {what(request)}, for {whom(request)}")
    terms = request["terms"]
    may = "it may spend" if request["state"] in OPEN_STATES else "it was for"
    say(f"{may} {dollars(terms['amount_usd'])} until {minute(terms['until'])} UTC")
    if request["state"] == "pending":
        needed = " and ".join(f"{one['at_least']} of {one['group']}" for one in request["ruling"]["requires"])
        given = ", ".join(f"{vote['by']} {'approves' if vote['approve'] else 'denies'}" for vote in request["votes"])
        say(f"it needs {needed}; so far {given or 'nobody has voted'}; it expires {minute(request['expires_at'])} UTC")
    if request.get("joined_existing"):
        say("somebody asks for the same already: you joined that request")
    if request["closed"] and request["closed"]["reason"]:
        say(f"{request['closed']['by'] or 'because'}: {request['closed']['reason']}")


def show_case(case: Mapping[str, Any], output: Output) -> None:
    """Show everything about a request."""
    if output is Output.JSON:
        print_json(case)
        return
    show_one(case, output)
    facts = {
        "asked by": case["asked_by"],
        "joined by": ", ".join(case["joined"]),
        "why": case["justification"],
        "outcome": case["outcome"],
        "expected worth": dollars(case["expected_value_usd"]),
        "Governor expects": cents(case["estimate_usd"]),
        **_facts_words(case),
        "rule": f"{case['ruling']['rule']} ({case['ruling']['source']})",
        "may decide": ", ".join(case["may_decide"]) if case["state"] == "pending" else "",
        "spent": dollars(case["grant"]["spent_usd"]) if case["grant"] else "",
    }
    for name, value in facts.items():
        if value:
            say(f"{name}: {value}")
    show_records(case["records"])


def _facts_words(case: Mapping[str, Any]) -> dict[str, str]:
    """Return what whoever decides should know, by its name; what is not known is empty."""
    facts = case["facts"]
    denied, cheaper, requester = facts["if_denied"], facts["cheaper"], facts["requester"]
    pending = case["state"] == "pending"
    asked_for = dollars(facts["granted"]["asked_for_elsewhere_usd"])
    elsewhere = f", {asked_for} asked for elsewhere" if asked_for != dollars("0") else ""
    budgets = {one["policy"]: _budget_words(one) for one in facts["budgets"]}
    people = f"{denied['people']} people" if denied["people"] and denied["people"] > 1 else whom(case)
    return {
        **(budgets if pending else {}),
        "granted this period": dollars(facts["granted"]["granted_usd"]) + elsewhere if pending else "",
        "counted when asked": "" if pending else dollars(case["granted_before_usd"]),
        "acts already": ", ".join(
            f"{dollars(one['amount_usd'])} until {minute(one['until'])}" for one in facts["acting"]
        ),
        "asked for before": ""
        if not requester["asked"]
        else f"{counted(requester['asked'], 'request')}, {requester['granted']} granted "
        f"({dollars(requester['granted_usd'])}), {requester['refused']} refused",
        "if denied": f"limited: {people}; {counted(denied['requests_refused'], 'request')} refused in seven days"
        if pending
        else "",
        "a cheaper way": f"{cheaper['model']} at {cheaper['percent']} % of {cheaper['than']}" if cheaper else "",
    }


def _budget_words(budget: Mapping[str, Any]) -> str:
    """Say how full a budget is, and where it will end."""
    unit, forecast = budget["unit"], budget["forecast"]
    used = f"used {_shown_amount(budget['used'], unit)} of {_shown_amount(budget['ceiling'] or budget['limit'], unit)}"
    if forecast is None:
        return f"{used}; too little history to forecast"
    lower, median, upper = (_shown_amount(forecast[name], unit) for name in ("lower", "median", "upper"))
    gone = f", gone {minute(forecast['runs_out_at'])} UTC" if forecast["runs_out_at"] else ""
    return f"{used}; forecast {median} ({lower} to {upper}){gone}"


def _shown_amount(text: str, unit: str) -> str:
    return rounded_words(nano_from_text(text), Unit.USD) if unit == Unit.USD else f"{int(text):,} {unit}"


def show_records(records: list[Mapping[str, Any]]) -> None:
    """Show what happened, in order."""
    rows = [
        (
            str(one["seq"]),
            minute(one["at"]),
            one["act"].replace("_", " "),
            one["actor"] or "Governor",
            one["door"],
            "; ".join(_detail(name, value) for name, value in one["details"].items()),
        )
        for one in records
    ]
    console().print(table("Records (UTC)", ("no", "at", "what", "who", "by", "details"), rows, right=("no",)))


def _detail(name: str, value: Any) -> str:
    """Write what is known about a step for people: money as money, instants to the minute, yes and no."""
    if name.endswith("_usd"):
        return f"{name.removesuffix('_usd').replace('_', ' ')} {dollars(value)}"
    if name.endswith("_at") or name == "until":
        return f"{name.removesuffix('_at').replace('_', ' ')} {minute(value)}"
    if isinstance(value, bool):
        shown = "yes" if value else "no"
    else:
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{name.replace('_', ' ')} {shown}"
