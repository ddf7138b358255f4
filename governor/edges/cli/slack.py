"""``governor slack``: make the Slack app, look whether it is set up well, and find out who is who."""

from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

import typer

from governor.clients.clock import clock_from
from governor.clients.slack import SlackClient, open_slack_client
from governor.clients.slack.manifest import manifest as app_manifest
from governor.core.errors import GovernorError
from governor.edges.cli.load_policies import load_policies, policy_folder
from governor.edges.cli.mistakes import FINDING, MistakeGroup
from governor.edges.cli.options import PoliciesOption, run
from governor.edges.cli.printing import Output, OutputOption, console, print_json, say, table
from governor.services.slack.check import Check, SlackSetup, check_slack
from governor.services.slack.people import Proposal, propose_slack_ids
from governor.settings import Settings, load_settings

app = typer.Typer(
    name="slack",
    cls=MistakeGroup,
    help="Make the Slack app, look whether it is set up well, and find out who is who.",
    no_args_is_help=True,
    epilog="Example: governor slack manifest --url https://governor.acme.example",
)


@app.command(epilog="Example: governor slack manifest --url https://governor.acme.example")
def manifest(
    url: Annotated[
        str, typer.Option(metavar="URL", help="Where Slack reaches this server; by default GOVERNOR_PUBLIC_URL.")
    ] = "",
    *,
    socket_mode: Annotated[
        bool, typer.Option("--socket-mode", help="For a server that Slack cannot reach: it listens over a websocket.")
    ] = False,
    output: OutputOption = Output.JSON,
) -> None:
    """Print the manifest of the Slack app, to paste at api.slack.com/apps: commands, scopes, events and shortcuts.

    With `--output table`, what it asks for in a few lines.
    """
    address = (url or load_settings().public_url).rstrip("/")
    if not address and not socket_mode:
        raise GovernorError(
            "say where Slack reaches this server with --url or GOVERNOR_PUBLIC_URL, or use --socket-mode",
            code="invalid_settings",
        )
    document = app_manifest(address, socket_mode=socket_mode)
    if output is Output.JSON:
        print_json(document)
    else:
        console().print(table("The Slack app", ("what", "which"), _asked_for(document)))


def _asked_for(document: dict[str, Any]) -> list[tuple[str, str]]:
    features, settings = document["features"], document["settings"]
    events = settings["event_subscriptions"]
    return [
        ("commands", ", ".join(one["command"] for one in features["slash_commands"])),
        ("shortcuts", ", ".join(one["name"] for one in features["shortcuts"])),
        ("scopes", ", ".join(document["oauth_config"]["scopes"]["bot"])),
        ("events", ", ".join(events["bot_events"])),
        ("reached at", events.get("request_url") or "a websocket that the server opens (Socket Mode)"),
    ]


@app.command(epilog="Example: governor slack check --policies policies")
def check(policies: PoliciesOption = None, output: OutputOption = Output.TABLE) -> None:
    """Look whether Slack is set up well: token, scopes, channels without the app, people without a Slack id."""
    settings = load_settings(policies=policies)
    now = clock_from(settings.clock).now()
    found = load_policies(policy_folder(policies), now)
    setup = SlackSetup(
        signing_secret=settings.slack_signing_secret is not None,
        app_token=settings.slack_app_token.get_secret_value() if settings.slack_app_token is not None else "",
        public_url=settings.public_url,
    )

    async def work() -> list[Check]:
        async with _client(settings) as client:
            return await check_slack(client, found, setup, now)

    checks = run(work())
    if output is Output.JSON:
        print_json([{"what": one.what, "ok": one.ok, "says": one.says} for one in checks])
    else:
        rows = [("ok" if one.ok else "LOOK", one.what, one.says) for one in checks]
        console().print(table("Slack", ("", "what", "says"), rows))
    if not all(one.ok for one in checks):
        raise typer.Exit(FINDING)


@app.command(epilog="Example: governor slack people --policies policies --output json")
def people(policies: PoliciesOption = None, output: OutputOption = Output.TABLE) -> None:
    """Propose Slack ids for people, by their addresses. Nothing is changed: a person reviews it."""
    settings = load_settings(policies=policies)
    now = clock_from(settings.clock).now()
    organization = load_policies(policy_folder(policies), now).organization

    async def work() -> list[Proposal]:
        async with _client(settings) as client:
            return propose_slack_ids(organization, await client.people(), now)

    proposals = run(work())
    if output is Output.JSON:
        print_json([_document(one) for one in proposals])
    elif not proposals:
        say("everybody who is with us has a Slack id, and each is somebody's in this workspace")
    else:
        columns = ("user", "propose", "listed", "in Slack", "why")
        rows = ((one.user, one.slack_id or "-", one.listed or "-", one.name, one.note) for one in proposals)
        console().print(table("People to review", columns, rows))
        say("put what is right into the column `slack` of the people of your Organization, and have it reviewed")
    if proposals:
        raise typer.Exit(FINDING)


def _document(proposal: Proposal) -> dict[str, Any]:
    return {
        "user": proposal.user,
        "slack": proposal.slack_id or None,
        "listed": proposal.listed or None,
        "name": proposal.name,
        "note": proposal.note,
    }


def _client(settings: Settings) -> AbstractAsyncContextManager[SlackClient]:
    if settings.slack_bot_token is None:
        raise GovernorError(
            "set GOVERNOR_SLACK_BOT_TOKEN to the app's bot token (xoxb-...); `governor slack manifest` makes the app",
            code="invalid_settings",
        )
    return open_slack_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
