"""Commands of those who decide."""

from typing import Annotated, Any

import typer

from governor.edges.cli.approvals.office import (
    ForOption,
    IdArgument,
    UntilOption,
    Work,
    act_on,
    acted,
    end,
    minute,
    usd,
)
from governor.edges.cli.approvals.placing import Place, add_command
from governor.edges.cli.approvals.views import show_one
from governor.edges.cli.instants import instant_of
from governor.edges.cli.printing import print_json, say
from governor.services.approvals import vote
from governor.services.approvals.ask import ask as ask_it
from governor.services.approvals.close import revoke as revoke_it
from governor.services.approvals.delegate import delegate as delegate_it
from governor.services.approvals.delegate import end_delegations
from governor.services.approvals.look_back import review as review_it
from governor.services.approvals.wire import delegation_wire

Reason = Annotated[str, typer.Option(help="Why; whoever it concerns reads it.")]


def deciding_commands(app: typer.Typer) -> None:
    """Add the commands of those who decide."""
    add_command(app, approve, "governor exceptions approve ID --amount-usd 500 --by eve@acme.example")
    add_command(app, deny, "governor exceptions deny ID --reason 'the small model does this as well'")
    add_command(app, withdraw, "governor exceptions withdraw ID")
    add_command(app, revoke, "governor exceptions revoke ID --reason 'the run is over'")
    add_command(app, ask, "governor exceptions ask ID --text 'why not the small model?'")
    add_command(app, review, "governor exceptions review ID --justified --note 'the run would have failed'")
    add_command(app, delegate, 'governor exceptions delegate --to jonas.weber@acme.example --for "14 days"')


def approve(
    *,
    exception_id: IdArgument,
    reason: Annotated[str, typer.Option(help="Why, if one wants to say so.")] = "",
    amount_usd: Annotated[str, typer.Option(metavar="USD", help="Give less: what it may spend.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Give it for shorter: when it ends.")] = "",
    place: Place,
) -> None:
    """Vote for a request; less or shorter than asked resets the votes before."""
    amount, ends_at = usd(amount_usd, "--amount-usd"), instant_of(until) if until else None
    instead = vote.LowerTerms(amount_nano_usd=amount, ends_at=ends_at)
    body = {"reason": reason, "amount_usd": amount_usd, "until": until}
    done = act_on(place, exception_id, "approve", body, lambda on: vote.approve(*on, reason=reason, instead=instead))
    show_one(done, place.output)


def deny(*, exception_id: IdArgument, reason: Reason, place: Place) -> None:
    """Vote against a request, with a reason that its requester reads."""
    done = act_on(place, exception_id, "deny", {"reason": reason}, lambda on: vote.deny(*on, reason=reason))
    show_one(done, place.output)


def withdraw(*, exception_id: IdArgument, place: Place) -> None:
    """Take one's vote back, as long as the request is not decided."""
    show_one(act_on(place, exception_id, "withdraw", {}, lambda on: vote.withdraw(*on)), place.output)


def revoke(*, exception_id: IdArgument, reason: Reason, place: Place) -> None:
    """End a grant before its end, on every worker within a second."""
    done = act_on(place, exception_id, "revoke", {"reason": reason}, lambda on: revoke_it(*on, reason=reason))
    show_one(done, place.output)


def ask(
    *,
    exception_id: IdArgument,
    text: Annotated[str, typer.Option(help="The question; from who asked for it, the answer.")],
    place: Place,
) -> None:
    """Ask the requester something before deciding, or answer."""
    show_one(act_on(place, exception_id, "ask", {"text": text}, lambda on: ask_it(*on, text=text)), place.output)


def review(
    *,
    exception_id: IdArgument,
    justified: Annotated[bool, typer.Option("--justified/--unjustified", help="Whether it was right.")],
    note: Annotated[str, typer.Option(help="What the review found.")],
    place: Place,
) -> None:
    """Say whether breaking the glass was right; a missed review is made up for like this."""
    body = {"justified": justified, "note": note}
    done = act_on(place, exception_id, "review", body, lambda on: review_it(*on, justified=justified, note=note))
    show_one(done, place.output)


def delegate(
    *,
    to: Annotated[str, typer.Option(metavar="USER", help="Who votes meanwhile.")] = "",
    length: ForOption = "",
    until: UntilOption = "",
    stop: Annotated[bool, typer.Option("--end", help="Take back whatever one has delegated.")] = False,
    place: Place,
) -> None:
    """Let somebody else vote in one's place, where rules allow it, until a stated time."""
    if stop == bool(to):
        raise typer.BadParameter("say who votes meanwhile with --to, or take it back with --end")

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
    if place.prints_json:
        print_json(done)
    elif stop:
        say(f"you vote yourself again, in place of {', '.join(one['delegate'] for one in done['delegations'])}")
    else:
        say(f"{done['delegate']} votes in place of {done['member']} until {minute(done['until'])} UTC")
