"""A decision, as people read it: the verdict, why, what budgets say, and the ways out."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding

from governor.edges.cli.printing import bar, table

MARKS = {"allow": "[bold green]ALLOW[/]", "deny": "[bold red]DENY[/]"}


def decision_view(answer: Mapping[str, Any]) -> Group:
    """Render the answer of ``/decide``."""
    return Group(*_parts(answer))


def _parts(answer: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield _headline(answer)
    for title, key in (("because", "reasons"), ("note", "warnings")):
        for reason in answer[key]:
            yield Padding(_reason(title, reason), (0, 0, 0, 2))
    if answer["reservation"]:
        held = answer["reservation"]
        cost = f"{held['cost_usd']} USD" if held["cost_usd"] is not None else "an unknown cost"
        yield f"  held     {cost}, {held['tokens']:,} tokens, until {held['expires_at']}"
    if answer.get("output_estimate"):
        yield f"  learned  {_estimate(answer['output_estimate'])}"
    for grant in answer.get("grants", ()):
        yield f"  grant    {escape(grant['id'])} for {escape(', '.join(grant['scope'].values()))}, {_grant(grant)}"
    if answer["budgets"]:
        yield ""
        yield budgets_table(answer["budgets"])
    if answer["remedies"]:
        yield ""
        yield "[bold]What you can do[/]"
        for remedy in answer["remedies"]:
            yield f"  · {escape(_remedy(remedy))}"
    yield ""
    yield f"[dim]policies {escape(answer['policy_version'][:12])} · {answer['mode']}{_marks(answer)}[/]"


def _headline(answer: Mapping[str, Any]) -> str:
    text = f"{MARKS[answer['verdict']]} {escape(answer['requested_model'])}"
    if answer["substituted"]:
        text += f" → [bold]{escape(answer['model'])}[/]"
    if answer["verdict"] == "allow":
        text += f", at most {answer['max_output_tokens']:,} output tokens{' (lowered)' if answer['clamped'] else ''}"
    return text


def _reason(title: str, reason: Mapping[str, Any]) -> str:
    place = " ".join(part for part in (reason.get("policy"), reason.get("source")) if part)
    where = f"  [dim]{escape(place)}[/]" if place else ""
    would = " [yellow](would refuse if enforced)[/]" if reason.get("would_deny") else ""
    return f"{title:<8} {escape(reason['message'])}{would}{where}"


def _remedy(remedy: Mapping[str, Any]) -> str:
    match remedy["type"]:
        case "use_model":
            output = remedy.get("max_output_tokens")
            return f"use {remedy['model']}" + (f" for at most {output:,} output tokens" if output is not None else "")
        case "lower_max_output_tokens":
            return f"ask for at most {remedy['max_output_tokens']:,} output tokens"
        case "shorten_input":
            return "send a shorter input"
        case "wait_until":
            return f"wait until {remedy['at']}"
        case _:
            return "request an exception" + (f": {remedy['url']}" if remedy.get("url") else "")


def _estimate(estimate: Mapping[str, Any]) -> str:
    of = escape(estimate["model"]) + (f" in {escape(estimate['use_case'])}" if estimate["use_case"] else "")
    return (
        f"{estimate['percentile']} % of the last {estimate['outputs']:,} outputs of {of} had at most "
        f"{estimate['output_tokens']:,} tokens (estimates {estimate['version']})"
    )


def _grant(grant: Mapping[str, Any]) -> str:
    approved = f", approved by {', '.join(grant['approved_by'])}" if grant["approved_by"] else ""
    lifts = ", ".join(grant["lifts"])
    return escape(
        f"lifts {lifts}: {grant['left_usd']} of {grant['amount_usd']} USD left until {grant['ends_at']}{approved}"
    )


def _marks(answer: Mapping[str, Any]) -> str:
    marks = [name for name in ("replayed", "degraded", "stale_policy") if answer[name]]
    return "".join(f" · {name.replace('_', ' ')}" for name in marks)


def budgets_table(budgets: list[Mapping[str, Any]], title: str = "Budgets") -> RenderableType:
    """Render budgets with a bar each: used and held of the limit."""
    columns = ("policy", "for", "", "used", "held", "limit", "free", "unit", "until")
    shown = table(title, columns, map(_budget, budgets), right=("used", "held", "limit", "free"))
    return Group(shown, *[line for budget in budgets for line in _notes(budget)])


def _notes(budget: Mapping[str, Any]) -> Iterator[str]:
    """Say why another amount is free than the limit leaves, and why less was used than people remember."""
    which = f"{budget['policy']}, {_whose(budget)}"
    why, began_anew = budget.get("why"), budget.get("began_anew")
    if why:
        ceiling = _number(budget["ceiling"]) if budget["ceiling"] is not None else "no ceiling"
        yield f"[dim]{escape(f'{which}: {ceiling}, {why}')}[/dim]"
    if began_anew:
        yield f"[dim]{escape(f'{which}: {began_anew}')}[/dim]"


def _whose(budget: Mapping[str, Any]) -> str:
    return ", ".join(budget["scope"].values()) or "everyone"


def grants_table(grants: list[Mapping[str, Any]], title: str = "Grants") -> RenderableType:
    """Render approved exceptions, those that are drawn first at the top."""
    columns = ("grant", "for", "lifts", "state", "left", "of", "unit", "until")
    return table(title, columns, map(_grant_row, grants), right=("left", "of"))


def _grant_row(grant: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        grant["id"],
        ", ".join(grant["scope"].values()),
        ", ".join(grant["lifts"]),
        grant["state"].replace("_", " "),
        _number(grant["left_usd"]),
        _number(grant["amount_usd"]),
        "USD",
        grant["ends_at"][:16].replace("T", " "),
    )


def _budget(budget: Mapping[str, Any]) -> tuple[str, ...]:
    taken = float(budget["used"]) + float(budget["held"])
    limit = float(budget["limit"])
    share = taken / limit if limit else 1.0
    period = budget.get("period") or {}
    return (
        budget["policy"],
        _whose(budget),
        f"{bar(share)} {share:>4.0%}",
        _number(budget["used"]),
        _number(budget["held"]),
        _number(budget["limit"]),
        _free(budget),
        budget["unit"],
        (period.get("end") or "")[:16].replace("T", " "),
    )


def _free(budget: Mapping[str, Any]) -> str:
    """Write what is free, and what grants would pay where that is not enough."""
    free = _number(budget["free"]) if budget["free"] is not None else "no ceiling"
    granted = [f"+ {_number(one['left'])} for {', '.join(one['scope'].values())}" for one in budget.get("grants", ())]
    return "\n".join([free, *granted])


def _number(amount: str) -> str:
    """Group the digits of an exact amount, and leave at most four decimals."""
    sign = "-" if amount.startswith("-") else ""
    whole, _, fraction = amount.lstrip("-").partition(".")
    shown = fraction[:4].rstrip("0")
    return f"{sign}{int(whole):,}" + (f".{shown}" if shown else "")
