"""Commands of those who look: lists, one request, the report and the audit."""

from typing import Annotated, Any

import typer

from governor.edges.cli.approvals.office import IdArgument, Work, here, looked, part
from governor.edges.cli.approvals.placing import Place, add_command
from governor.edges.cli.approvals.views import dollars, show_case, show_list, show_records
from governor.edges.cli.instants import instant_of
from governor.edges.cli.mistakes import FindingError
from governor.edges.cli.printing import console, print_json, say, table
from governor.services.approvals.audit import head_text, read_audit, verify_audit
from governor.services.approvals.read import RequestQuery, list_requests, read_case
from governor.services.approvals.report import report as report_on
from governor.services.approvals.report import report_wire
from governor.services.approvals.wire import case_wire, record_wire, request_wire
from governor.services.grants import GrantKeeper


def looking_commands(app: typer.Typer) -> None:
    """Add the commands of those who look."""
    add_command(app, list_, "governor exceptions list --state pending", name="list")
    add_command(app, show, "governor exceptions show 01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e", by=False)
    add_command(app, report, "governor exceptions report --since 2026-11-01T00:00:00Z", by=False)
    add_command(app, audit, "governor exceptions audit --verify --head 41:9f1c... || page-somebody", by=False)


def list_(
    *,
    state: Annotated[str, typer.Option(help="Those in this state now, like pending or active.")] = "",
    requester: Annotated[str, typer.Option(metavar="USER", help="Those that this person asked for, or joined.")] = "",
    department: Annotated[str, typer.Option(help="Those of this department.")] = "",
    mine: Annotated[
        bool, typer.Option("--waits-for-me", help="Those that I may decide about and have not voted on, or may review.")
    ] = False,
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    place: Place,
) -> None:
    """List requests, newest first, in the states that they are in now."""
    query = {"state": state, "requester": requester, "department": department, "cursor": cursor, "limit": limit}

    async def read(work: Work) -> Any:
        waits_for = work.actor.user if mine else ""
        asked = RequestQuery(state, requester, waits_for, department, cursor, limit)
        page = await list_requests(work.desk, asked, work.now)
        return {"exceptions": [request_wire(one, work.now) for one in page.requests], "next": page.next}

    show_list(looked(place, "", {**query, "waits_for_me": "true" if mine else ""}, read), place.output)


def show(
    *,
    exception_id: IdArgument,
    place: Place,
) -> None:
    """Show a request, who may decide about it, what they should know as of now, and everything that happened."""

    async def read(work: Work) -> Any:
        case = await read_case(work.desk, exception_id, work.now)
        keeper = GrantKeeper(work.desk.snapshots, work.ledger, work.desk.database)
        grant = await keeper.view(case.request.id, work.now) if case.request.approved_at else None
        return case_wire(case, await work.facts.of(case, work.now), grant)

    show_case(looked(place, part(exception_id), {}, read), place.output)


def report(
    *,
    since: Annotated[str, typer.Option(metavar="TIME", help="Asked at or after this time.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Asked before this time.")] = "",
    place: Place,
) -> None:
    """Sum up what was asked, granted and used, what it was worth, and how long it took, by department and approver."""
    from_at = instant_of(since) if since else None
    until_at = instant_of(until) if until else None

    async def read(work: Work) -> Any:
        return report_wire(await report_on(work.desk, work.ledger, work.now, since=from_at, until=until_at))

    made = looked(place, "/report", {"since": since, "until": until}, read)
    if place.prints_json:
        print_json(made)
        return
    columns = ("department", "requests", "asked", "granted", "used", "expected", "worth", "told", "decided in")
    lines = [*((one["department"] or "(none)", one) for one in made["departments"]), ("all", made["total"])]
    rows = [(name, *_sums(one)) for name, one in lines]
    console().print(table("Exceptions", columns, rows, right=columns[1:]))
    voters = ("approver", "approved", "denied", "granted", "voted in")
    votes = [
        (
            one["approver"],
            str(one["approved"]),
            str(one["denied"]),
            dollars(one["granted_usd"]),
            _length(one["time_to_vote_s"]),
        )
        for one in made["approvers"]
    ]
    console().print(table("Approvers", voters, votes, right=voters[1:]))


def audit(
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Prove that nothing was tampered with; 1 if it was.")
    ] = False,
    head: Annotated[
        str,
        typer.Option(metavar="NO:DIGEST", help="A head that was noted earlier: it must still be part of the chain."),
    ] = "",
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    place: Place,
) -> None:
    """List what happened to all exceptions, or prove that the records are whole (on the database itself)."""
    if verify or head:
        _verify(place, head)
        return

    async def read(work: Work) -> Any:
        page = await read_audit(work.desk, cursor=cursor, limit=limit)
        return {
            "records": [record_wire(one) for one in page.records],
            "next": page.next,
            "head": head_text(page.head),
        }

    page = looked(place, "/audit", {"cursor": cursor, "limit": limit}, read)
    if place.prints_json:
        print_json(page)
        return
    show_records(page["records"])
    say(f"head {page['head']}" + (f"; there are more: --cursor {page['next']}" if page["next"] else ""))


def _verify(place: Place, head: str) -> None:
    if place.url:
        raise typer.BadParameter("--verify looks at the database itself; leave --url out")

    async def look(work: Work) -> Any:
        verdict = await verify_audit(work.desk, work.now, expected=head)
        faults = [{"where": one.where, "what": one.what} for one in verdict.faults]
        return {"whole": not faults, "head": head_text(verdict.head), "faults": faults}

    verdict = here(place, look)
    if place.prints_json:
        print_json(verdict)
    else:
        for fault in verdict["faults"]:
            say(f"{fault['where']}: {fault['what']}")
        records = verdict["head"].split(":")[0]
        say(f"{records} records, head {verdict['head']}: note it where this database cannot be written from")
    if verdict["faults"]:
        raise FindingError(f"the records were tampered with: {len(verdict['faults'])} things do not fit")
    if not place.prints_json:
        say("nothing was tampered with")


def _sums(one: dict[str, Any]) -> tuple[str, ...]:
    money = [dollars(one[f"{name}_usd"]) for name in ("asked", "granted", "used", "expected_value", "worth")]
    return (str(one["requests"]), *money, str(one["told"]), _length(one["time_to_decision_s"]))


def _length(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes = seconds // 60
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
