"""What people do with the command line, from the first key to the proof that the ledger is right."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Cli = Callable[..., Result]

ADA = ("--user", "ada@acme.example", "--model", "acme/fast")


def test_decide_shows_verdict_reasons_and_budgets(cli: Cli) -> None:
    """People see the same answer that gateways get."""
    result = cli("decide", *ADA)

    assert (0, True, True) == (
        result.exit_code,
        "ALLOW acme/fast" in result.stdout,
        "Quota/department-monthly" in result.stdout,
    )


def test_decide_denies_with_exit_code_and_numbers(cli: Cli) -> None:
    """A deny is a finding: exit code 1, the policy, and the numbers compared."""
    result = cli("decide", *ADA, "--input-tokens", 150_000)

    assert (1, True, True) == (result.exit_code, "DENY" in result.stdout, "0 of 1 USD" in result.stdout)


def test_decide_only_asks(cli: Cli) -> None:
    """Without --hold nothing is held, however often it is asked."""
    for _ in range(3):
        cli("decide", *ADA, "--input-tokens", 20_000)
    answer = json.loads(cli("decide", *ADA, "--output", "json").stdout)

    assert (None, None, ["0"]) == (
        answer["decision_id"],
        answer["reservation"],
        [budget["used"] for budget in answer["budgets"]],
    )


def test_held_decision_can_be_explained(cli: Cli, policies: Path) -> None:
    """An old decision shows what was asked, what was answered, and what was held for whom."""
    answer = json.loads(cli("decide", *ADA, "--hold", "--output", "json").stdout)
    shown = cli("explain", answer["decision_id"])
    document = json.loads(cli("explain", answer["decision_id"], "--output", "json").stdout)

    assert (0, True) == (shown.exit_code, "ALLOW acme/fast" in shown.stdout)
    assert ("held", answer, "sales") == (
        document["state"],
        document["answer"],
        document["attributes"]["department"],
    )


def test_budgets_show_what_is_held(cli: Cli) -> None:
    """The number in an answer is the number that budgets show."""
    answer = json.loads(cli("decide", *ADA, "--hold", "--output", "json").stdout)
    page = json.loads(cli("budgets", "--department", "sales", "--output", "json").stdout)

    assert [budget["held"] for budget in answer["budgets"]] == [budget["held"] for budget in page["budgets"]]
    assert "sales" in cli("budgets").stdout


def test_no_matching_budget_is_said(cli: Cli) -> None:
    """An empty list is a sentence, not an empty screen."""
    result = cli("budgets", "--quota", "no-such-quota")

    assert (0, True) == (result.exit_code, "no budget matches" in result.stdout)


def test_key_lives_from_creation_to_revocation(cli: Cli) -> None:
    """A key is shown once, listed without its secret, rotated under its name, and revoked."""
    made = json.loads(cli("keys", "create", "--name", "gw1", "--role", "gateway", "--output", "json").stdout)
    again = cli("keys", "create", "--name", "gw1", "--role", "gateway")
    renewed = json.loads(cli("keys", "rotate", "--name", "gw1", "--grace-hours", "0", "--output", "json").stdout)
    listed = cli("keys", "list")
    revoked = cli("keys", "revoke", "--name", "gw1")
    states = [key["valid"] for key in json.loads(cli("keys", "list", "--output", "json").stdout)]

    assert (True, True, 1) == (made["key"].startswith("gov_"), made["key"] != renewed["key"], again.exit_code)
    assert (False, True) == (made["key"] in listed.stdout, "gw1" in listed.stdout)
    assert (0, [False, False]) == (revoked.exit_code, states)


def test_key_can_be_bound_to_a_subject(cli: Cli) -> None:
    """A bound key speaks for one user only."""
    made = cli(
        "keys", "create", "--name", "ada", "--role", "gateway", "--subject", "user=ada@acme.example", "-o", "json"
    )

    assert "ada@acme.example" == json.loads(made.stdout)["user"]


def test_empty_list_of_keys_says_what_to_do(cli: Cli) -> None:
    """The first thing that somebody needs is a key."""
    assert "governor keys create" in cli("keys", "list").stdout


def test_schema_is_checked_and_upgraded(cli: Cli) -> None:
    """An empty database is a finding; an upgraded one is not; upgrading twice changes nothing."""
    before = cli("db", "check")
    upgrade = cli("db", "upgrade")
    after = cli("db", "check")
    again = cli("db", "upgrade")

    assert (1, 0, 0, 0) == (before.exit_code, upgrade.exit_code, after.exit_code, again.exit_code)
    assert "governor db upgrade" in before.stdout


def test_ledger_is_verified(cli: Cli) -> None:
    """A sound ledger has no difference."""
    cli("decide", *ADA, "--hold")
    result = cli("ledger", "verify", "--output", "json")

    assert (0, 0) == (result.exit_code, json.loads(result.stdout)["differences"])


def test_falsified_balance_is_found(cli: Cli, tmp_path: Path) -> None:
    """Somebody who edits a balance by hand is found, and told which one."""
    cli("decide", *ADA, "--hold")
    with sqlite3.connect(tmp_path / "governor.db") as connection:
        connection.execute("UPDATE budgets SET used = used + 5")
    connection.close()
    result = cli("ledger", "verify")

    assert (1, True) == (result.exit_code, "1 differences" in result.stdout)


def test_replay_prints_tables_and_json(cli: Cli, tmp_path: Path) -> None:
    """A recording is replayed with the summary that the documentation promises."""
    trace = tmp_path / "trace.csv"
    trace.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n"
        + "".join(f"2026-11-16 18:17:{second:02}.5000000,60000,10\n" for second in range(50))
    )
    shown = cli("replay", trace, "--model", "acme/fast")
    document = json.loads(cli("replay", trace, "--model", "acme/fast", "--output", "json").stdout)

    assert (0, True) == (shown.exit_code, "Quota/department-monthly" in shown.stdout)
    assert (50, 50, ["legal", "sales"], ["Quota/department-monthly"]) == (
        document["requests"],
        document["allowed"] + document["denied"],
        list(document["by_department"]),
        list(document["by_policy"]),
    )


def test_replay_needs_a_model_where_the_recording_names_none(cli: Cli, tmp_path: Path) -> None:
    """Guessing a price helps nobody."""
    trace = tmp_path / "trace.csv"
    trace.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-16 18:17:01,60000,10\n")
    result = cli("replay", trace)

    assert (2, True) == (result.exit_code, "--model" in result.stderr)


def test_replay_stops_at_a_bad_line_or_leaves_it_out(cli: Cli, tmp_path: Path) -> None:
    """The line is named; with --skip-bad the rest counts, and the number of bad ones is said."""
    trace = tmp_path / "trace.csv"
    trace.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-16 18:17:01,1,1\nnonsense\n")
    stopped = cli("replay", trace, "--model", "acme/fast")
    skipped = cli("replay", trace, "--model", "acme/fast", "--skip-bad", "--output", "json")

    assert (1, True) == (stopped.exit_code, "trace.csv:3:" in stopped.stderr)
    assert (0, 1, True) == (
        skipped.exit_code,
        json.loads(skipped.stdout)["requests"],
        "1 lines could not be read" in skipped.stderr,
    )


@pytest.mark.parametrize("start", ["2026-11-20T09:00:00Z", "2026-11-20"])
def test_recording_without_calendar_begins_where_it_is_told(cli: Cli, tmp_path: Path, start: str) -> None:
    """Mooncake counts from zero; --start says when that was."""
    trace = tmp_path / "trace.jsonl"
    trace.write_text('{"timestamp": 0, "input_length": 100, "output_length": 5}\n')
    result = cli("replay", trace, "--model", "acme/fast", "--start", start, "--output", "json")

    assert (0, 1) == (result.exit_code, json.loads(result.stdout)["allowed"])


def test_demo_decides_and_settles_a_day(cli: Cli) -> None:
    """The demo runs the real service over HTTP, and its ledger is right at the end."""
    example = Path(__file__).parents[2] / "policies"
    result = cli("demo", "--once", "--requests", 40, "--port", 0, "--policies", example, "--output", "json")
    document = json.loads(result.stdout)

    assert (0, 0, True) == (result.exit_code, document["ledger_differences"], document["allowed"] > 0)
    assert document["requests"] == document["allowed"] + document["denied"]
    assert float(document["cost_usd"]) > 0
