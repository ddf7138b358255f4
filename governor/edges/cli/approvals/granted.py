"""``governor exceptions grants``: what was granted, what it has paid, and what nobody uses."""

from typing import Annotated, Any

import typer

from governor.core.grants import GrantState
from governor.edges.cli.approvals.office import Work, looked
from governor.edges.cli.approvals.placing import Place, add_command
from governor.edges.cli.decision_view import grants_table
from governor.edges.cli.printing import console, print_json, say
from governor.services.grants import GrantKeeper
from governor.services.list_grants import GrantQuery, Use, list_grants, listed_wire


def granted_commands(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, grants, "governor exceptions grants --use never_matched", by=False)


def grants(
    *,
    state: Annotated[GrantState | None, typer.Option(help="Only those in this state now.")] = None,
    use: Annotated[Use | None, typer.Option(help="Only those of which this has been made.")] = None,
    cursor: Annotated[str, typer.Option(help="Go on where the last page ended.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 100,
    place: Place,
) -> None:
    """List what was granted, newest first: what each has paid, and which nobody has used or could use."""
    query = GrantQuery(state, use, "", cursor, limit)

    async def read(work: Work) -> Any:
        keeper = GrantKeeper(work.desk.snapshots, work.ledger, work.desk.database)
        return listed_wire(await list_grants(keeper, work.desk.database, query, work.now))

    asked = {"state": state, "use": use, "cursor": cursor, "limit": limit}
    page = looked(place, "", asked, read, root="/grants")
    if place.prints_json:
        print_json(page)
        return
    if not page["grants"]:
        say("no grant matches")
        return
    console().print(grants_table(page["grants"]))
    for grant in page["grants"]:
        if grant["use"] != Use.DRAWN:
            say(f"{grant['id']}: {grant['use'].replace('_', ' ')}")
    if page["next"]:
        say(f"there are more: --cursor {page['next']}")
