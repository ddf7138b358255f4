"""What the interfaces page promises of every command, proved where no other test does."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import Result

from governor.edges.cli.demo_server import DayClock, running_server
from governor.settings import load_settings
from tests.cli.test_commands import commands

Cli = Callable[..., Result]

ADA = ("--user", "ada@acme.example", "--model", "acme/fast", "--input-tokens", 1000, "--max-output-tokens", 100)
EVERY = list(commands())
LEAVES = [words for words in EVERY if not any(words == other[:-1] for other in EVERY if other)]


@pytest.fixture
def url(cli: Cli, policies: Path) -> Iterator[str]:
    """Give the address of a server on the database and the policies of the commands."""
    settings = load_settings(auth="off", port=0, log_level="error", decide_deadline_ms=60_000)
    with running_server(settings, DayClock(datetime.now(UTC))) as address:
        yield address


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_answers_programs_too(cli: Cli, words: tuple[str, ...]) -> None:
    """`--output table|json` is an option of every command; of a server it is the form of its log."""
    found = cli(*words, "--help").stdout
    assert "--output" in found
    assert "json" in found.lower()


@pytest.mark.parametrize("words", [("decide", *ADA), ("budgets",)], ids=lambda words: words[0])
def test_a_server_and_its_database_give_the_same_picture(cli: Cli, url: str, words: tuple[str, ...]) -> None:
    """With `--url` the running server is asked, and what people see is the same."""
    here, there = cli(*words), cli(*words, "--url", url)

    assert (0, 0) == (here.exit_code, there.exit_code)
    assert here.stdout == there.stdout


@pytest.mark.parametrize("words", [("decide", *ADA), ("budgets",)], ids=lambda words: words[0])
def test_people_read_since_when_an_edited_budget_counts(
    cli: Cli, url: str, policies: Path, words: tuple[str, ...]
) -> None:
    """Below the table: which budget began anew, when, and by which edit; what the server said first stays."""
    before = cli(*words).stdout
    file = policies / "acme.yaml"
    file.write_text(file.read_text().replace("period: {every: month}", "period: {every: quarter}"))
    after = cli(*words).stdout

    assert "when an edit changed" not in before
    assert "Quota/department-monthly, sales: on " in after
    assert "when an edit changed period: what was used before does not count" in " ".join(after.split())


@pytest.mark.parametrize("output", ["table", "json"])
def test_an_explanation_is_the_same_from_a_server_and_from_its_database(cli: Cli, url: str, output: str) -> None:
    """The command's JSON is the answer of `GET /decisions/{id}`; its picture is drawn from it."""
    decided = json.loads(cli("decide", *ADA, "--hold", "--url", url, "--output", "json").stdout)
    here = cli("explain", decided["decision_id"], "--output", output)
    there = cli("explain", decided["decision_id"], "--output", output, "--url", url)

    assert (0, here.stdout) == (there.exit_code, there.stdout)
    assert ("ALLOW acme/fast" if output == "table" else '"policy_text_kept": true') in here.stdout


def test_what_is_not_there_is_a_finding_wherever_it_is_looked_for(cli: Cli, url: str) -> None:
    """Exit code 1 says that nothing is known under the id, 2 that the server cannot be asked."""
    asked = ("explain", "01a1fbae-1071-73fb-95f2-a0e9a447f6fd")
    codes = [cli(*asked, *source).exit_code for source in ((), ("--url", url), ("--url", "http://127.0.0.1:9"))]

    assert [1, 1, 2] == codes


def test_stale_schemas_are_listed_for_programs(cli: Cli, tmp_path: Path) -> None:
    """What is written, and what a check finds, also as JSON."""
    stale = cli("schema", "export", "--check", "--to", tmp_path / "new", "--output", "json")
    written = cli("schema", "export", "--to", tmp_path / "new", "--output", "json")
    again = cli("schema", "export", "--check", "--to", tmp_path / "new", "--output", "json")
    documents = [json.loads(result.stdout) for result in (stale, written, again)]

    assert [1, 0, 0] == [result.exit_code for result in (stale, written, again)]
    assert documents[0]["stale"] == documents[1]["written"]
    assert ([], documents[0]["files"]) == (documents[2]["stale"], len(documents[0]["stale"]))
