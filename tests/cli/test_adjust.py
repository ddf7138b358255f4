"""``governor adjust``: credits, debits and opening balances on the command line."""

import json
from collections.abc import Callable
from typing import Any

from typer.testing import Result

Cli = Callable[..., Result]
SALES = ("--quota", "department-monthly", "--scope", "department=sales")


def used(cli: Cli) -> str:
    """Return what sales has used."""
    [budget] = json.loads(cli("budgets", "--department", "sales", "--output", "json").stdout)["budgets"]
    return str(budget["used"])


def posted(result: Result) -> Any:
    """Return what a command printed as JSON."""
    return json.loads(result.stdout)


def test_a_migration_begins_with_what_was_spent(cli: Cli) -> None:
    """Opening, debit, credit; the same command again posts nothing; verify includes them."""
    opening = (*SALES, "--amount", "0.4", "--reason", "spent before the move", "--by", "zoe")
    first = cli("adjust", "opening-balance", *opening)
    again = posted(cli("adjust", "opening-balance", *opening, "--output", "json"))
    debit = cli("adjust", "debit", *SALES, "--amount", "0.05", "--reason", "calls beside the gateway")
    credit = cli("adjust", "credit", *SALES, "--amount", "0.25", "--reason", "refund")
    listed = cli("adjust", "list")

    assert (0, 0, 0) == (first.exit_code, debit.exit_code, credit.exit_code)
    assert ("0.2", True) == (used(cli), again["duplicate"])
    assert all(word in listed.output for word in ("opening balance", "debit", "credit", "zoe", "refund"))
    assert 0 == cli("ledger", "verify").exit_code


def test_mistakes_are_sentences(cli: Cli) -> None:
    """A finding is exit code 1, wrong use 2."""
    too_much = cli("adjust", "credit", *SALES, "--amount", "1", "--reason", "refund")
    nobody = cli("adjust", "debit", "--quota", "department-monthly", "--amount", "1", "--reason", "why not")
    wrong = cli("adjust", "debit", *SALES, "--amount", "a lot", "--reason", "why not")

    assert (1, 2, 2) == (too_much.exit_code, nobody.exit_code, wrong.exit_code)
    assert "only 0 USD of this budget are used" in too_much.stderr
    assert "is named by department" in nobody.stderr
    assert "not a plain decimal number" in wrong.stderr


def test_re_rating_on_the_command_line(cli: Cli) -> None:
    """Days are read in the Organization's zone; nothing to post is no mistake."""
    held = ("decide", "--user", "ada@acme.example", "--model", "acme/small", "--input-tokens", "1000", "--hold")
    assert 0 == cli(*held, "--max-output-tokens", "100").exit_code
    nothing = cli("prices", "rerate", "--from", "2020-01-01", "--until", "2099-01-01", "--dry-run")
    backwards = cli("prices", "rerate", "--from", "2026-12-01", "--until", "2026-11-01")
    document = posted(cli("prices", "rerate", "--from", "2020-01-01", "--until", "2099-01-01", "--output", "json"))

    assert (0, True) == (nothing.exit_code, "no price of this usage has changed" in nothing.output)
    assert (2, 0) == (backwards.exit_code, document["changed"])
    assert 0 == cli("ledger", "verify").exit_code
