"""Commands of those who decide."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from governor.edges.cli.approvals.office import (
    ByOption,
    ForOption,
    IdArgument,
    Place,
    UntilOption,
    Work,
    acted,
    end,
    minute,
    part,
    usd,
)
from governor.edges.cli.approvals.views import show_one
from governor.edges.cli.instants import instant_of
from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption
from governor.edges.cli.printing import Output, OutputOption, print_json, say
from governor.services.approvals import vote
from governor.services.approvals.ask import ask as ask_it
from governor.services.approvals.close import revoke as revoke_it
from governor.services.approvals.delegate import delegate as delegate_it
from governor.services.approvals.delegate import end_delegations
from governor.services.approvals.desk import Acted
from governor.services.approvals.look_back import review as review_it
from governor.services.approvals.wire import delegation_wire, request_wire

Reason = Annotated[str, typer.Option(help="Why; whoever it concerns reads it.")]


def deciding_commands(app: typer.Typer) -> None:
    """Add the commands of those who decide."""
    app.command(epilog="Example: governor exceptions approve ID --amount-usd 500 --by eve@acme.example")(approve)
    app.command(epilog="Example: governor exceptions deny ID --reason 'the small model does this as well'")(deny)
    app.command(epilog="Example: governor exceptions withdraw ID")(withdraw)
    app.command(epilog="Example: governor exceptions revoke ID --reason 'the run is over'")(revoke)
    app.command(epilog="Example: governor exceptions ask ID --text 'why not the small model?'")(ask)
    app.command(epilog="Example: governor exceptions review ID --justified --note 'the run would have failed'")(review)
    app.command(epilog='Example: governor exceptions delegate --to jonas.weber@acme.example --for "14 days"')(delegate)


def approve(
    *,
    exception_id: IdArgument,
    reason: Annotated[str, typer.Option(help="Why, if one wants to say so.")] = "",
    amount_usd: Annotated[str, typer.Option(metavar="USD", help="Give less: what it may spend.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Give it for shorter: when it ends.")] = "",
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Vote for a request; less or shorter than asked resets the votes before."""
    body = {"reason": reason, "amount_usd": amount_usd, "until": until}

    async def do(work: Work) -> Acted:
        amount = usd(amount_usd, "--amount-usd")
        instead = vote.LowerTerms(amount_nano_usd=amount, ends_at=instant_of(until) if until else None)
        return await vote.approve(work.desk, exception_id, work.actor, work.now, reason=reason, instead=instead)

    _act(Place(url, key, policies, database, by), part(exception_id, "approve"), body, do, output)


def deny(
    *,
    exception_id: IdArgument,
    reason: Reason,
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Vote against a request, with a reason that its requester reads."""

    async def do(work: Work) -> Acted:
        return await vote.deny(work.desk, exception_id, work.actor, work.now, reason=reason)

    _act(Place(url, key, policies, database, by), part(exception_id, "deny"), {"reason": reason}, do, output)


def withdraw(
    *,
    exception_id: IdArgument,
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take one's vote back, as long as the request is not decided."""

    async def do(work: Work) -> Acted:
        return await vote.withdraw(work.desk, exception_id, work.actor, work.now)

    _act(Place(url, key, policies, database, by), part(exception_id, "withdraw"), {}, do, output)


def revoke(
    *,
    exception_id: IdArgument,
    reason: Reason,
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """End a grant before its end, on every worker within a second."""

    async def do(work: Work) -> Acted:
        return await revoke_it(work.desk, exception_id, work.actor, work.now, reason=reason)

    _act(Place(url, key, policies, database, by), part(exception_id, "revoke"), {"reason": reason}, do, output)


def ask(
    *,
    exception_id: IdArgument,
    text: Annotated[str, typer.Option(help="The question; from who asked for it, the answer.")],
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Ask the requester something before deciding, or answer."""

    async def do(work: Work) -> Acted:
        return await ask_it(work.desk, exception_id, work.actor, work.now, text=text)

    _act(Place(url, key, policies, database, by), part(exception_id, "ask"), {"text": text}, do, output)


def review(
    *,
    exception_id: IdArgument,
    justified: Annotated[bool, typer.Option("--justified/--unjustified", help="Whether it was right.")],
    note: Annotated[str, typer.Option(help="What the review found.")],
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say whether breaking the glass was right; a missed review is made up for like this."""

    async def do(work: Work) -> Acted:
        return await review_it(work.desk, exception_id, work.actor, work.now, justified=justified, note=note)

    body = {"justified": justified, "note": note}
    _act(Place(url, key, policies, database, by), part(exception_id, "review"), body, do, output)


def delegate(
    *,
    to: Annotated[str, typer.Option(metavar="USER", help="Who votes meanwhile.")] = "",
    length: ForOption = "",
    until: UntilOption = "",
    stop: Annotated[bool, typer.Option("--end", help="Take back whatever one has delegated.")] = False,
    by: ByOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
    policies: PoliciesOption = None,
    database: DatabaseOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Let somebody else vote in one's place, where rules allow it, until a stated time."""
    if stop == bool(to):
        raise typer.BadParameter("say who votes meanwhile with --to, or take it back with --end")
    place = Place(url, key, policies, database, by)

    async def give(work: Work) -> Any:
        until_at = end(until, length, work.now)
        return delegation_wire(await delegate_it(work.desk, work.actor, to, until_at, work.now))

    async def take(work: Work) -> Any:
        ended = await end_delegations(work.desk, work.actor, work.now)
        return {"delegations": [delegation_wire(one) for one in ended]}

    if stop:
        done = acted(place, "/delegations/end", {}, take)
    else:
        done = acted(place, "/delegations", {"to": to, "for": length, "until": until}, give)
    if output is Output.JSON:
        print_json(done)
    elif stop:
        say(f"you vote yourself again, in place of {', '.join(one['delegate'] for one in done['delegations'])}")
    else:
        say(f"{done['delegate']} votes in place of {done['member']} until {minute(done['until'])} UTC")


def _act(place: Place, path: str, body: dict[str, Any], do: Callable[[Work], Awaitable[Acted]], output: Output) -> None:
    async def work_on(work: Work) -> Any:
        return request_wire((await do(work)).request, work.now)

    show_one(acted(place, path, body, work_on), output)
