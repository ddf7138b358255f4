"""``governor block``: stop somebody on the command line, ask as them, and let them go on."""

import json
from collections.abc import Callable
from typing import Any

from typer.testing import Result

Cli = Callable[..., Result]


def answer(result: Result) -> Any:
    """Return what a command printed as JSON."""
    return json.loads(result.stdout)


def ask(cli: Cli) -> Result:
    """Ask whether Ada may use the small model."""
    return cli("decide", "--user", "ada@acme.example", "--model", "acme/small", "--output", "json")


def test_somebody_is_stopped_and_let_go_on(cli: Cli) -> None:
    """The same database, the same evaluate: what is stopped here is refused there."""
    before = ask(cli)
    stop = ("block", "create", "--user", "Ada@acme.example", "--for", "2 hours", "--reason", "runaway agent")
    placed = answer(cli(*stop, "--by", "zoe", "--output", "json"))
    during = ask(cli)
    listed = cli("block", "list")
    lifted = cli("block", "lift", placed["id"], "--reason", "mended", "--by", "zoe")
    after = ask(cli)
    every = answer(cli("block", "list", "--all", "--output", "json"))

    assert (0, 1, 0) == (before.exit_code, during.exit_code, after.exit_code)
    assert ["blocked"] == [reason["code"] for reason in answer(during)["reasons"]]
    assert ("zoe", "cli", "admin") == (placed["placed_by"], placed["placed_with_key"], placed["authority"])
    assert ("ada@acme.example" in listed.output, "is lifted" in lifted.output) == (True, True)
    assert [("lifted", "mended")] == [(block["state"], block["lift_reason"]) for block in every["blocks"]]


def test_an_explanation_shows_the_block(cli: Cli) -> None:
    """A refused request that was recorded is explained with who stopped it."""
    cli("block", "create", "--model", "acme/small", "--for", "1 hour", "--reason", "leaks prompts", "--by", "zoe")
    denied = answer(cli("decide", "--user", "ada@acme.example", "--model", "acme/small", "--hold", "--output", "json"))
    told = cli("explain", denied["decision_id"])

    assert (0, True, True) == (told.exit_code, "leaks prompts" in told.output, "placed by zoe" in told.output)


def test_mistakes_are_sentences(cli: Cli) -> None:
    """Nothing named, two things named, no end, an unknown block."""
    nothing = cli("block", "create", "--for", "1 hour", "--reason", "why not")
    two = cli("block", "create", "--user", "a", "--team", "b", "--for", "1 hour", "--reason", "why not")
    endless = cli("block", "create", "--user", "ada@acme.example", "--reason", "why not")
    unknown = cli("block", "lift", "01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e")

    assert (2, 2, 2, 1) == (nothing.exit_code, two.exit_code, endless.exit_code, unknown.exit_code)
    assert "exactly one thing" in nothing.stderr
    assert "say when the block ends" in endless.stderr
    assert "no block has the id" in unknown.stderr
