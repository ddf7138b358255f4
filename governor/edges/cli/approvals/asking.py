"""Commands of those who ask."""

from typing import Annotated, Any
from uuid import uuid4

import typer

from governor.core.errors import InvalidRequestError
from governor.core.grants import GrantKind
from governor.core.scopes import Scope
from governor.edges.cli.approvals.office import (
    ForOption,
    IdArgument,
    UntilOption,
    Work,
    act_on,
    acted,
    end,
    part,
    sent_once,
    usd,
)
from governor.edges.cli.approvals.placing import Place, add_command
from governor.edges.cli.approvals.views import cents, dollars, show_one
from governor.edges.cli.instants import instant_of
from governor.edges.cli.printing import print_json, say
from governor.services.approvals.break_glass import break_glass as break_it
from governor.services.approvals.close import cancel as cancel_it
from governor.services.approvals.create import create, preview
from governor.services.approvals.extend import extend as extend_it
from governor.services.approvals.look_back import tell_outcome
from governor.services.approvals.wire import created_wire, preview_wire, request_wire
from governor.services.approvals.wishes import Wish

Lifts = Annotated[
    list[str],
    typer.Option("--lift", metavar="POLICY", help="A policy that stands in the way, like `Quota/team-spend`."),
]
Amount = Annotated[str, typer.Option("--amount-usd", metavar="USD", help="What it may spend in all.")]
RequestId = Annotated[
    str,
    typer.Option(metavar="ID", help="Your own id: sent again under it, it is the same request and not a second one."),
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The justification.")]
_REQUEST = (
    "governor exceptions request --lift Quota/team-spend --team growth --amount-usd 800 "
    '--for "10 days" --why "four languages by Friday"'
)
_GLASS = (
    "governor exceptions break-glass --lift Quota/team-spend --team helpdesk "
    '--amount-usd 200 --for "1 hour" --why "triage stands still"'
)


def asking_commands(app: typer.Typer) -> None:
    """Add the commands of those who ask."""
    add_command(app, request, _REQUEST)
    add_command(app, extend, 'governor exceptions extend ID --for "20 days" --amount-usd 400')
    add_command(app, cancel, "governor exceptions cancel ID --reason 'no longer needed'")
    add_command(app, break_glass, _GLASS, name="break-glass")
    add_command(app, outcome, "governor exceptions outcome ID --count 38 --worth-usd 11400")


def request(
    *,
    lifts: Lifts,
    kind: Annotated[GrantKind, typer.Option(help="More budget, a model, or larger requests.")] = GrantKind.BUDGET,
    user: Annotated[str, typer.Option(help="For a person or a service account; by default for oneself.")] = "",
    team: Annotated[str, typer.Option(help="For a team.")] = "",
    project: Annotated[str, typer.Option(help="For a project.")] = "",
    use_case: Annotated[str, typer.Option(help="For a use case.")] = "",
    amount_usd: Amount = "",
    amounts: Annotated[
        list[str] | None,
        typer.Option("--amount", metavar="POLICY=N", help="How much of a quota that counts tokens or requests."),
    ] = None,
    models: Annotated[list[str] | None, typer.Option("--model", metavar="MODEL", help="For kind model.")] = None,
    input_tokens: Annotated[int | None, typer.Option(help="For kind context: the input of one request.")] = None,
    output_tokens: Annotated[int | None, typer.Option(help="For kind context: the output of one request.")] = None,
    total_tokens: Annotated[int | None, typer.Option(help="For kind context: both together.")] = None,
    length: ForOption = "",
    until: UntilOption = "",
    why: Why = "",
    outcome: Annotated[str, typer.Option("--outcome", metavar="TEXT", help="The business outcome.")] = "",
    worth_usd: Annotated[str, typer.Option(metavar="USD", help="What that is expected to be worth.")] = "",
    urgent: Annotated[bool, typer.Option("--urgent", help="Remind and escalate sooner.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it costs and who would be asked.")] = False,
    request_id: RequestId = "",
    place: Place,
) -> None:
    """Ask for an exception. What somebody asks for already is joined instead."""
    units = _amounts(amounts or [])
    scope = _scope(user=user, team=team, project=project, use_case=use_case)
    body: dict[str, Any] = {
        "kind": str(kind),
        "lifts": lifts,
        "scope": dict(scope) or None,
        "amount_usd": amount_usd,
        "amounts": units or None,
        "models": models,
        "input_tokens_max": input_tokens,
        "output_tokens_max": output_tokens,
        "total_tokens_max": total_tokens,
        "for": length,
        "until": until,
        "justification": why,
        "outcome": outcome,
        "expected_value_usd": worth_usd,
        "urgent": urgent or None,
    }
    own_id = request_id or str(uuid4())

    def wish(work: Work) -> Wish:
        return Wish(
            kind=kind,
            lifts=tuple(lifts),
            until_at=end(until, length, work.now),
            scope=scope,
            amount_nano_usd=usd(amount_usd, "--amount-usd"),
            amounts=units,
            models=tuple(models or ()),
            input_tokens_max=input_tokens,
            output_tokens_max=output_tokens,
            total_tokens_max=total_tokens,
            justification=why,
            outcome=outcome,
            expected_value_nano_usd=usd(worth_usd, "--worth-usd"),
            urgent=urgent,
            request_id=own_id,
        )

    async def try_it(work: Work) -> Any:
        return preview_wire(await preview(work.desk, wish(work), work.actor, work.now))

    async def send(work: Work) -> Any:
        return created_wire(await create(work.desk, wish(work), work.actor, work.now), work.now)

    if dry_run:
        _show_preview(acted(place, "/preview", body, try_it), place)
    else:
        show_one(sent_once(place, "", body, send, own_id), place.output)


def break_glass(
    *,
    lifts: Lifts,
    amount_usd: Amount,
    why: Why,
    user: Annotated[str, typer.Option(help="For a person or a service account.")] = "",
    team: Annotated[str, typer.Option(help="For a team.")] = "",
    project: Annotated[str, typer.Option(help="For a project.")] = "",
    use_case: Annotated[str, typer.Option(help="For a use case.")] = "",
    length: ForOption = "",
    until: UntilOption = "",
    request_id: RequestId = "",
    place: Place,
) -> None:
    """Lift quotas at once without asking, for whom a rule lets; somebody else reviews it afterwards."""
    scope = _scope(user=user, team=team, project=project, use_case=use_case)
    body = {
        "kind": "budget",
        "lifts": lifts,
        "scope": dict(scope) or None,
        "amount_usd": amount_usd,
        "for": length,
        "until": until,
        "justification": why,
    }
    own_id = request_id or str(uuid4())

    async def do(work: Work) -> Any:
        amount = usd(amount_usd, "--amount-usd")
        until_at = end(until, length, work.now)
        wish = Wish(GrantKind.BUDGET, tuple(lifts), until_at, scope, amount, justification=why, request_id=own_id)
        return request_wire((await break_it(work.desk, wish, work.actor, work.now)).request, work.now)

    done = sent_once(place, "/break-glass", body, do, own_id)
    show_one(done, place.output)
    if not place.prints_json:
        say(f"somebody else must review it by {done['review']['due_at']}: governor exceptions review {done['id']}")


def extend(
    *,
    exception_id: IdArgument,
    length: ForOption = "",
    until: UntilOption = "",
    amount_usd: Annotated[
        str,
        typer.Option("--amount-usd", metavar="USD", help="What it may spend then; by default as much as the first."),
    ] = "",
    why: Why = "",
    request_id: RequestId = "",
    place: Place,
) -> None:
    """Ask for the same for longer: a request of its own, whose grant begins when the present one ends."""
    body = {"for": length, "until": until, "amount_usd": amount_usd, "justification": why}
    own_id = request_id or str(uuid4())

    async def do(work: Work) -> Any:
        created = await extend_it(
            work.desk,
            exception_id,
            work.actor,
            work.now,
            until_at=end(until, length, work.now),
            amount_nano_usd=usd(amount_usd, "--amount-usd"),
            justification=why,
            wish_id=own_id,
        )
        return created_wire(created, work.now)

    show_one(sent_once(place, part(exception_id, "extend"), body, do, own_id), place.output)


def cancel(
    *,
    exception_id: IdArgument,
    reason: Annotated[str, typer.Option(help="Why, if one wants to say so.")] = "",
    place: Place,
) -> None:
    """Take a request back before it is decided."""
    done = act_on(place, exception_id, "cancel", {"reason": reason}, lambda on: cancel_it(*on, reason=reason))
    show_one(done, place.output)


def outcome(
    *,
    exception_id: IdArgument,
    count: Annotated[int | None, typer.Option(min=0, help="How many results there were.")] = None,
    worth_usd: Annotated[str, typer.Option(metavar="USD", help="What they are worth together.")] = "",
    note: Annotated[str, typer.Option(help="What else came of it.")] = "",
    place: Place,
) -> None:
    """Say what came of a grant."""
    worth = usd(worth_usd, "--worth-usd")
    body = {"count": count, "worth_usd": worth_usd, "note": note}
    done = act_on(
        place,
        exception_id,
        "outcome",
        body,
        lambda on: tell_outcome(*on, count=count, worth_nano_usd=worth, note=note),
    )
    show_one(done, place.output)


def _scope(**named: str) -> Scope:
    scope = tuple((key, name) for key, name in named.items() if name)
    if len(scope) > 1:
        raise InvalidRequestError("an exception is for one user, team, project or use case; name one of them")
    return scope


def _amounts(texts: list[str]) -> dict[str, int]:
    amounts = {}
    for text in texts:
        policy, _, number = text.rpartition("=")
        if not policy or not number.replace("_", "").isdigit():
            raise InvalidRequestError(f"`{text[:80]}` is not an amount; write it like Quota/user-requests=500")
        amounts[policy] = int(number)
    return amounts


def _show_preview(made: dict[str, Any], place: Place) -> None:
    if place.prints_json:
        print_json(made)
        return
    expects = f"expects {cents(made['estimate_usd'])}" if made["estimate_usd"] else "cannot tell what it will cost"
    say(f"Governor {expects}: {made['estimate_basis']}")
    before = dollars(made["granted_before_usd"])
    amount, cost = dollars(made["terms"]["amount_usd"]), dollars(made["cost_usd"])
    say(f"it may spend {amount}; with {before} granted before, that is {cost}")
    asked = " and ".join(f"{one['at_least']} of {one['group']}" for one in made["requires"])
    say(f"{made['rule']} would " + ("approve it automatically" if made["automatic"] else f"ask {asked}"))
    say(made["trial"]["summary"])
    say(f"until {instant_of(made['terms']['until']):%Y-%m-%d %H:%M} UTC; nothing was sent")
