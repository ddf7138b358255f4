"""Every command: help with an example, meaning by exit code, sentences instead of stack traces."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import Result

from governor.edges.cli.app import SUMMARIES, app
from governor.edges.cli.late import LateCommand

Cli = Callable[..., Result]


def commands(words: tuple[str, ...] = (), command: Any = None) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command and group."""
    command = command or get_command(app)
    if isinstance(command, LateCommand):
        command = command.load()
    yield words
    for word, child in getattr(command, "commands", {}).items():
        yield from commands((*words, word), child)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_has_an_example(cli: Cli, words: tuple[str, ...]) -> None:
    """Each command says in its help how it is used."""
    result = cli(*words, "--help")

    assert (0, True) == (
        result.exit_code,
        "Example: governor " in result.output or "Start with: governor" in result.output,
    )


@pytest.mark.parametrize("name", SUMMARIES)
def test_summary_is_what_the_command_says_of_itself(name: str) -> None:
    """The list of commands is written beside them, so that it can be shown without them."""
    help_text = get_command(app).commands[name].load().help  # type: ignore[attr-defined]  # the group's own

    assert SUMMARIES[name] == " ".join(help_text.split("\n\n")[0].split())


def test_help_waits_for_no_command() -> None:
    """What commands are made of is imported by the one that runs: help, slips and settings are there at once."""
    heavy = "{'sqlalchemy', 'fastapi', 'uvicorn', 'genai_prices', 'jsonschema', 'alembic', 'yaml', 'sqlmodel'}"
    program = f"""
import sys
from typer.testing import CliRunner
from governor.edges.cli.app import app
for words in (["--help"], ["--version"], ["budgts"], ["settings"]):
    CliRunner().invoke(app, words)
print(sorted({heavy} & set(sys.modules)))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "[]" == result.stdout.strip()


def test_commands_of_the_contract_exist() -> None:
    """Scripts call these; the ones of later issues are not there before they work."""
    there = {" ".join(words) for words in commands()}

    assert {
        "serve",
        "validate",
        "decide",
        "explain",
        "replay",
        "budgets",
        "keys create",
        "keys list",
        "keys rotate",
        "keys revoke",
        "db upgrade",
        "db check",
        "ledger verify",
        "schema export",
        "settings",
        "demo",
    } <= there


def test_unknown_command_suggests_the_nearest(cli: Cli) -> None:
    """A slip of the finger is answered with what was meant."""
    result = cli("budgts")

    assert (2, True) == (result.exit_code, "budgets" in result.stderr)


def test_version_is_printed(cli: Cli) -> None:
    """Reports of problems name it."""
    result = cli("--version")

    assert result.stdout.startswith("governor ")


def test_module_runs_like_the_program() -> None:
    """`python -m governor` is the same command line."""
    result = subprocess.run(
        [sys.executable, "-m", "governor", "--version"], capture_output=True, text=True, check=False
    )

    assert (0, True) == (result.returncode, result.stdout.startswith("governor "))


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (("decide", "--model", "acme/fast"), 2, "--user"),
        (("decide", "--user", "ada@acme.example", "--model", "m", "--tag", "x"), 2, "not a tag"),
        (("decide", "--user", "a", "--model", "m", "--policies", "no-such-folder"), 2, "no policy folder"),
        (("decide", "--user", "a", "--model", "m", "--url", "nonsense"), 2, "not the address of a server"),
        (("decide", "--user", "a", "--model", "m", "--url", "http://127.0.0.1:9"), 2, "no answer from"),
        (
            ("decide", "--user", "a", "--model", "m", "--operation", "chatt"),
            2,
            "'--operation': 'chatt' is not one of 'chat'",
        ),
        (("serve", "--policies", "no-such-folder"), 2, "no policy folder"),
        (("serve", "--port", "70000"), 2, "'--port': must be 65535 or less"),
        (("serve", "--port", "many"), 2, "'--port': must be a whole number"),
        (("serve", "--workers", "0"), 2, "'--workers': must be 1 or more"),
        (("budgets", "--database", "mysql://x"), 2, "GOVERNOR_DATABASE_URL"),
        (("budgets", "--database", "postgresql://nobody@127.0.0.1:1/none"), 2, "cannot be used"),
        (("budgets", "--at", "tomorrow"), 2, "not a time"),
        (("db", "check", "--database", "postgresql://nobody@127.0.0.1:1/none"), 2, "cannot be used"),
        (("db", "upgrade", "--database", "sqlite:////no/such/folder/x.db"), 2, "cannot be used"),
        (("explain", "not-an-id"), 1, "not-an-id"),
        (("explain", "01a1fbae-1071-73fb-95f2-a0e9a447f6fd"), 1, "01a1fbae"),
        (("keys", "create", "--name", "UPPER", "--role", "gateway"), 2, "UPPER"),
        (("keys", "create", "--name", "gw1", "--role", "king"), 2, "king"),
        (("keys", "create", "--name", "gw1", "--role", "gateway", "--subject", "mia"), 2, "not a subject"),
        (("keys", "revoke", "--name", "nobody"), 1, "nobody"),
        (("keys", "rotate", "--name", "nobody"), 1, "nobody"),
        (("replay", "no-such-file.csv"), 2, "does not exist"),
        (("validate", "no-such-folder"), 2, "no policy folder"),
        (("settings", "--output", "xml"), 2, "xml"),
        (("demo", "--policies", "no-such-folder"), 2, "no policy folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_mistake_is_a_sentence(cli: Cli, arguments: tuple[str, ...], exit_code: int, words: str) -> None:
    """A user's mistake names what was wrong, on standard error, and is never a stack trace."""
    result = cli(*arguments)

    assert (exit_code, True, False) == (
        result.exit_code,
        words in result.stderr,
        "Traceback" in result.stderr or isinstance(result.exception, Exception),
    )


@pytest.mark.parametrize(
    "words", [("settings",), ("validate",), ("budgets",), ("db", "check"), ("keys", "list"), ("serve",)], ids=" ".join
)
def test_misspelt_setting_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    """Whoever believes to have configured something is told that it is not, before anything happens."""
    monkeypatch.setenv("GOVERNOR_POLICY", "elsewhere")
    result = cli(*words)

    assert (2, "error: GOVERNOR_POLICY is not a setting; did you mean GOVERNOR_POLICIES\n", "") == (
        result.exit_code,
        result.stderr,
        result.stdout,
    )


def test_broken_policies_are_listed(cli: Cli, policies: Path) -> None:
    """A command that needs policies shows what is wrong with them, with file and line."""
    (policies / "broken.yaml").write_text("apiVersion: governor/v1\nkind: Quota\nname: q\nlimt: 3 USD\n")
    result = cli("decide", "--user", "ada@acme.example", "--model", "acme/fast")

    assert (2, True) == (result.exit_code, "broken.yaml:4" in result.stderr)


def test_port_in_use_is_a_sentence(cli: Cli) -> None:
    """The commonest mistake of all is told before anything is opened."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = cli("serve", "--port", taken.getsockname()[1])

    assert (2, True) == (result.exit_code, "cannot listen on 127.0.0.1" in result.stderr)


def test_settings_say_where_they_come_from(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets are only said to be set, passwords are blanked."""
    monkeypatch.setenv("GOVERNOR_BOOTSTRAP_KEY", "gov_" + "a" * 40)
    monkeypatch.setenv("GOVERNOR_DATABASE_URL", "postgresql://me:secret@db.example/governor")
    result = cli("settings", "--output", "json")
    rows = {row["name"]: row for row in json.loads(result.stdout)}

    assert ("environment", "default") == (
        rows["GOVERNOR_DATABASE_URL"]["source"],
        rows["GOVERNOR_PORT"]["source"],
    )
    assert ("secret" in result.stdout.replace('"secret"', ""), "a" * 40 in result.stdout) == (False, False)
