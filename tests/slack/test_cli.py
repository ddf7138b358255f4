"""``governor slack``: the manifest, what is missing in the set-up, and who is who."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from governor.edges.cli.app import app
from tests.slack.fake.server import SlackServer
from tests.slack.fake.workspace import APP_TOKEN, BOT_TOKEN
from tests.slack.world import populate

Cli = Callable[..., "asyncio.Future[Result]"]


@pytest.fixture
def cli(slack: SlackServer, policies: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Give the command line, with a bot token; it runs beside the made-up Slack."""
    monkeypatch.setenv("GOVERNOR_SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("GOVERNOR_SLACK_API_URL", slack.api_url)
    monkeypatch.setenv("GOVERNOR_POLICIES", str(policies))

    def invoke(*arguments: str) -> "asyncio.Future[Result]":
        command = ["slack", *arguments]
        return asyncio.get_running_loop().run_in_executor(None, lambda: CliRunner().invoke(app, command))

    return invoke


async def test_the_manifest_is_json_to_paste(cli: Cli) -> None:
    """With the server's address in every part, or with none for Socket Mode."""
    public = json.loads((await cli("manifest", "--url", "https://g.example/")).stdout)
    behind = json.loads((await cli("manifest", "--socket-mode")).stdout)

    assert "https://g.example/slack/events" == public["settings"]["interactivity"]["request_url"]
    assert behind["settings"]["socket_mode_enabled"]
    assert ["/ai-budget"] == [one["command"] for one in behind["features"]["slash_commands"]]


async def test_what_the_manifest_asks_for_in_a_few_lines(cli: Cli) -> None:
    """For whoever has to agree to it; without an option it is the document itself."""
    table = (await cli("manifest", "--url", "https://g.example", "--output", "table")).stdout
    document = (await cli("manifest", "--url", "https://g.example", "--output", "json")).stdout

    assert document == (await cli("manifest", "--url", "https://g.example")).stdout
    assert all(
        one in table for one in ("/ai-budget", "chat:write", "app_home_opened", "https://g.example/slack/events")
    )


async def test_a_manifest_needs_an_address(cli: Cli) -> None:
    """Or Socket Mode; a sentence says so."""
    result = await cli("manifest")

    assert (2, True) == (result.exit_code, "--socket-mode" in result.stderr)


async def test_check_finds_what_is_missing(
    cli: Cli, slack: SlackServer, policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scopes, a channel without the app, people who decide without a Slack id, an app token that is none."""
    populate(slack.workspace)
    quotas = policies / "quotas.yaml"
    alert = 'alerts: [{at: 80%, of: used, notify: ["slack:#ai-spend"]}]'
    quotas.write_text(quotas.read_text().replace("limit: 1,000 USD", f"limit: 1,000 USD\n{alert}"))
    slack.workspace.scopes -= {"im:write", "groups:history"}
    slack.workspace.add_channel("ai-exceptions", member=False)
    monkeypatch.setenv("GOVERNOR_SLACK_APP_TOKEN", "xapp-other")
    result = await cli("check", "--output", "json")
    wrong = {one["what"]: one["says"] for one in json.loads(result.stdout) if not one["ok"]}

    assert 1 == result.exit_code
    assert {
        "scope im:write",
        "scope groups:history",
        "public address",
        "app token",
        "channel #ai-exceptions",
        "channel #ai-spend",
        "people who decide",
    } == set(wrong)
    assert "type `/invite @Governor` there" in wrong["channel #ai-exceptions"]
    assert "Quota/company-spend names it" in wrong["channel #ai-spend"]
    assert "ApprovalRule/everybody names it" in wrong["channel #ai-exceptions"]
    assert "they get no cards: sam@acme.example" in wrong["people who decide"]


async def test_check_is_content(cli: Cli, slack: SlackServer, policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All is well: exit code 0."""
    populate(slack.workspace)
    slack.workspace.add_channel("ai-exceptions")
    slack.workspace.add_person("sam", "sam@acme.example", user_id="U0SAM")
    organization = policies / "organization.yaml"
    sams = "team: search, department: engineering"
    organization.write_text(organization.read_text().replace(sams, f"{sams}, slack: U0SAM"))
    monkeypatch.setenv("GOVERNOR_SLACK_APP_TOKEN", APP_TOKEN)
    monkeypatch.setenv("GOVERNOR_PUBLIC_URL", "https://g.example")
    result = await cli("check")

    assert 0 == result.exit_code, result.stdout
    assert "LOOK" not in result.stdout


async def test_check_without_a_token_says_what_to_set(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a token that Slack does not know is one finding."""
    monkeypatch.setenv("GOVERNOR_SLACK_BOT_TOKEN", "xoxb-other")
    other = await cli("check", "--output", "json")
    monkeypatch.delenv("GOVERNOR_SLACK_BOT_TOKEN")
    none = await cli("check")

    assert "invalid_auth" in json.loads(other.stdout)[0]["says"]
    assert (2, True) == (none.exit_code, "GOVERNOR_SLACK_BOT_TOKEN" in none.stderr)


async def test_people_are_proposed_and_never_matched(cli: Cli, slack: SlackServer, policies: Path) -> None:
    """By address, for review: who has no id, whose id is nobody's, and whose id is somebody else's."""
    workspace = slack.workspace
    workspace.add_person("Eve", "eve@acme.example", user_id="U0EVE")
    workspace.add_person("Mia", "mia@acme.example", user_id="U0NEWMIA")
    workspace.add_person("Mallory", "mallory@acme.example", user_id="U0MIA")
    workspace.add_person("Sam", "SAM@acme.example", user_id="U0SAM")
    workspace.add_person("Tom", "tom@acme.example", user_id="U0TOM", deleted=True)
    workspace.add_person("Robot", "lea@acme.example", user_id="U0ROBOT", is_bot=True)
    before = (policies / "organization.yaml").read_text()
    result = await cli("people", "--output", "json")
    found = {one["user"]: one for one in json.loads(result.stdout)}

    assert 1 == result.exit_code
    assert {"mia@acme.example", "sam@acme.example", "tom@acme.example", "lea@acme.example"} == set(found)
    assert ("U0SAM", None, "same address in Slack") == tuple(
        found["sam@acme.example"][name] for name in ("slack", "listed", "note")
    )
    assert ("U0NEWMIA", "U0MIA") == (found["mia@acme.example"]["slack"], found["mia@acme.example"]["listed"])
    assert "somebody else's" in found["mia@acme.example"]["note"]
    assert "deactivated" in found["tom@acme.example"]["note"]
    assert before == (policies / "organization.yaml").read_text()


async def test_people_are_shown_as_a_table(cli: Cli, slack: SlackServer) -> None:
    """With what to do with it."""
    populate(slack.workspace)
    slack.workspace.add_person("Sam", "sam@acme.example", user_id="U0SAM")
    result = await cli("people")

    assert "U0SAM" in result.stdout
    assert "have it reviewed" in result.stdout
