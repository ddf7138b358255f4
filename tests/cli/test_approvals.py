"""``governor exceptions``: ask, decide, look back and audit on the command line, beside the database or on a server."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from governor.core.keys import Role
from governor.store.database import Database
from tests.api.world import BOOTSTRAP, listening, settings_for
from tests.approvals.world import COMPANY, RULE

Cli = Callable[..., Result]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """Give the company of the exceptions' tests."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "company.yaml").write_text(COMPANY + RULE)
    return folder


def answer(result: Result) -> Any:
    """Return what a command printed as JSON."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


ASK = ("--lift", "Quota/team-spend", "--team", "platform", "--for", "10 days", "--why", "one more run")


def ask(cli: Cli, amount: str = "500", by: str = "ada@acme.example", *more: str) -> Any:
    """Ask for more of the platform team's budget."""
    return answer(cli("exceptions", "request", *ASK, "--amount-usd", amount, "--by", by, "--output", "json", *more))


def test_an_exception_is_asked_for_decided_and_revoked(cli: Cli) -> None:
    """Every act names a known person, and each says what became of it."""
    request = ask(cli)
    name = request["id"]
    tried = cli("exceptions", "request", *ASK, "--amount-usd", "60", "--by", "bob@acme.example", "--dry-run")
    asked = cli("exceptions", "ask", name, "--text", "why now?", "--by", "kim@acme.example")
    waiting = cli("exceptions", "list", "--waits-for-me", "--by", "kim@acme.example")
    less = answer(
        cli("exceptions", "approve", name, "--amount-usd", "300", "--by", "kim@acme.example", "--output", "json")
    )
    shown = cli("exceptions", "show", name)
    longer = cli("exceptions", "extend", name, "--for", "20 days", "--amount-usd", "100", "--by", "ada@acme.example")
    revoked = cli("exceptions", "revoke", name, "--reason", "the run is over", "--by", "kim@acme.example")

    assert ("pending", "active", "300.000000000") == (request["state"], less["state"], less["terms"]["amount_usd"])
    assert "with 500 USD granted before, that is 560 USD" in tried.output
    assert (0, True, True) == (asked.exit_code, name in waiting.output, "why now?" in shown.output)
    assert ("is pending" in longer.output, "is revoked" in revoked.output) == (True, True)


def test_who_acts_is_somebody(cli: Cli) -> None:
    """Neither the system's user nor an invented one decides; nor does the requester."""
    request = ask(cli)
    system = cli("exceptions", "approve", request["id"])
    invented = cli("exceptions", "approve", request["id"], "--by", "zoe@acme.example")
    own = cli("exceptions", "approve", request["id"], "--by", "ada@acme.example")

    assert [2, 2, 2] == [system.exit_code, invented.exit_code, own.exit_code]
    assert "a known person stands behind every act; say who you are with --by USER" in system.stderr
    assert "nobody decides about what they asked for" in own.stderr


def test_people_read_words(cli: Cli) -> None:
    """What is asked for, what happened and what is over, without digits of a program and names of fields."""
    request = ask(cli)["id"]
    cli("exceptions", "approve", request, "--amount-usd", "300", "--by", "kim@acme.example")
    ended = cli("exceptions", "revoke", request, "--reason", "the run is over", "--by", "kim@acme.example").output
    shown = cli("exceptions", "show", request).output
    model = ("--kind", "model", "--lift", "ModelAllowlist/economy", "--model", "large", "--amount-usd", "5")
    more = ("--for", "2 days", "--why", "one more run", "--by", "ada@acme.example")
    granted = cli("exceptions", "request", *model, *more).output

    assert "is revoked: more of Quota/team-spend, for team platform" in ended
    assert "it was for 300 USD until" in ended
    assert "amount 300 USD; ends 20" in " ".join(shown.split())
    assert ("approve yes" in shown, "True" in shown, ".000" in shown) == (True, False, False)
    assert "is active: acme/large, lifting ModelAllowlist/economy, for user ada@acme.example" in granted


def test_votes_are_withdrawn_denied_and_delegated(cli: Cli) -> None:
    """As over HTTP: one rule for every door."""
    request = ask(cli, "5000")
    name = request["id"]
    cli("exceptions", "approve", name, "--by", "fin@acme.example")
    taken = answer(cli("exceptions", "withdraw", name, "--by", "fin@acme.example", "--output", "json"))
    given = cli("exceptions", "delegate", "--to", "bob@acme.example", "--for", "3 days", "--by", "fin@acme.example")
    voted = answer(cli("exceptions", "approve", name, "--by", "bob@acme.example", "--output", "json"))
    ended = cli("exceptions", "delegate", "--end", "--by", "fin@acme.example")
    denied = answer(
        cli("exceptions", "deny", name, "--reason", "too dear", "--by", "ina@acme.example", "--output", "json")
    )
    late = cli("exceptions", "approve", name, "--by", "gil@acme.example")

    assert ([], "fin@acme.example") == (taken["votes"], voted["votes"][0]["member"])
    assert ("bob@acme.example votes in place of fin@acme.example" in given.output, 0) == (True, ended.exit_code)
    assert ("denied", 1) == (denied["state"], late.exit_code)


def test_the_glass_is_broken_without_slack(cli: Cli) -> None:
    """And reviewed by somebody else."""
    broken = cli(
        "exceptions", "break-glass", "--lift", "Quota/team-spend", "--team", "growth", "--amount-usd", "40",
        "--for", "1 hour", "--why", "the nightly run stands still", "--by", "bob@acme.example",
    )  # fmt: skip
    name = answer(cli("exceptions", "list", "--output", "json"))["exceptions"][0]["id"]
    own = cli("exceptions", "review", name, "--justified", "--note", "fine", "--by", "bob@acme.example")
    done = cli("exceptions", "review", name, "--unjustified", "--note", "could wait", "--by", "lena@acme.example")

    assert (0, 2, 0) == (broken.exit_code, own.exit_code, done.exit_code)
    assert f"governor exceptions review {name}" in broken.output


def test_the_report_and_what_came_of_it(cli: Cli) -> None:
    """Asked, granted, worth, by department and approver."""
    request = ask(cli)
    cli("exceptions", "approve", request["id"], "--by", "kim@acme.example")
    told = cli("exceptions", "outcome", request["id"], "--count", "3", "--worth-usd", "700", "--by", "ada@acme.example")
    made = answer(cli("exceptions", "report", "--output", "json"))
    table = cli("exceptions", "report")
    later = answer(cli("exceptions", "report", "--since", "2100-01-01T00:00:00Z", "--output", "json"))

    assert 0 == told.exit_code
    assert ("500.000000000", "700.000000000") == (made["total"]["granted_usd"], made["total"]["worth_usd"])
    assert ("kim@acme.example" in table.output, 0) == (True, later["total"]["requests"])


def test_an_audit_finds_tampering_with_exit_code_1(cli: Cli, tmp_path: Path) -> None:
    """0 while it is whole, 1 from the first edited row on; the head can be noted."""
    ask(cli)
    whole = cli("exceptions", "audit", "--verify")
    head = answer(cli("exceptions", "audit", "--output", "json"))["head"]
    noted = cli("exceptions", "audit", "--verify", "--head", head)
    wrong = cli("exceptions", "audit", "--head", "1:00")
    database = Database(f"sqlite:///{tmp_path / 'governor.db'}")
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE exceptions SET amount_nano_usd = 1")
    database.engine.dispose()
    tampered = cli("exceptions", "audit", "--verify")
    found = cli("exceptions", "audit", "--verify", "--output", "json")

    assert [0, 0, 1, 1, 1] == [one.exit_code for one in (whole, noted, wrong, tampered, found)]
    assert ("nothing was tampered with" in whole.output, False) == (True, json.loads(found.stdout)["whole"])
    assert "amount_nano_usd not as in its document" in tampered.output


def test_mistakes_are_sentences(cli: Cli) -> None:
    """Wrong use is 2, what is not there is 1."""
    two = cli(
        "exceptions", "request", *ASK, "--user", "ada@acme.example", "--amount-usd", "5", "--by", "ada@acme.example"
    )
    amount = cli("exceptions", "request", *ASK, "--amount-usd", "much", "--by", "ada@acme.example")
    unknown = cli("exceptions", "show", "01a1fba7-7c1e-7b55-9d0a-3f1c2b4a5d6e")
    nobody = cli("exceptions", "delegate", "--for", "3 days", "--by", "fin@acme.example")
    far = cli("exceptions", "audit", "--verify", "--url", "http://127.0.0.1:9")

    assert [2, 2, 1, 2, 2] == [one.exit_code for one in (two, amount, unknown, nobody, far)]
    assert "no request has the id" in unknown.stderr


def test_what_is_sent_twice_is_made_once(cli: Cli) -> None:
    """Under an id of one's own; without one each command is a request of its own."""
    made = [ask(cli, "50", "ada@acme.example", "--request-id", "run-17")["id"] for _ in range(2)]
    other = ask(cli, "50")["id"]

    assert made[0] == made[1] != other


def test_a_lost_answer_says_how_to_send_it_again(cli: Cli) -> None:
    """The server may have made the request: with the id that is printed it is made once."""
    result = cli("exceptions", "request", *ASK, "--amount-usd", "50", "--url", "http://127.0.0.1:9", "--key", "x")
    own = cli("exceptions", "extend", "x", "--for", "1 day", "--url", "http://127.0.0.1:9", "--request-id", "run-17")

    assert re.search(r"send it again with --request-id [0-9a-f-]{36}, and it is made once", result.stderr)
    assert "--request-id run-17" in own.stderr


@pytest.fixture
def servers(cli: Cli, sqlite_url: str, policies: Path) -> Iterator[dict[str, tuple[str, ...]]]:
    """Give the options that reach a running server, by whose key it is asked with."""
    keys = {"nobody": BOOTSTRAP}
    for name, role in (("ada", Role.VIEWER), ("kim", Role.APPROVER)):
        named = ("--name", f"{name}-key", "--role", role, "--person", f"{name}@acme.example")
        keys[name] = answer(cli("keys", "create", *named, "--database", sqlite_url, "--output", "json"))["key"]
    with listening(settings_for(sqlite_url, policies)) as address:
        yield {name: ("--url", address, "--key", key, "--output", "json") for name, key in keys.items()}


def test_a_server_is_asked_with_a_persons_key(cli: Cli, servers: dict[str, tuple[str, ...]]) -> None:
    """The same commands with --url and --key: the key says who acts."""
    until = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    wanted = ("--lift", "Quota/team-spend", "--team", "platform", "--until", until, "--amount-usd", "200")
    by_machine = cli("exceptions", "request", *wanted, "--why", "one more run", *servers["nobody"])
    request = answer(cli("exceptions", "request", *wanted, "--why", "one more run", *servers["ada"]))
    refused = cli("exceptions", "approve", request["id"], *servers["ada"])
    done = answer(cli("exceptions", "approve", request["id"], *servers["kim"]))
    listed = answer(cli("exceptions", "list", "--state", "active", *servers["ada"]))
    shown = answer(cli("exceptions", "show", request["id"], *servers["ada"]))

    assert (2, 2, "active") == (by_machine.exit_code, refused.exit_code, done["state"])
    assert [request["id"]] == [one["id"] for one in listed["exceptions"]]
    assert "kim@acme.example" == shown["records"][2]["actor"]
