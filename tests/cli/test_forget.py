"""``governor db forget``: old requests and answers go, what was paid stays."""

import json
from collections.abc import Callable

import pytest
from typer.testing import Result

Cli = Callable[..., Result]


@pytest.fixture
def old(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> str:
    """Hold something in January, and look at it in November; give the decision's id."""
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    monkeypatch.setenv("GOVERNOR_CLOCK", "2026-01-10T09:00:00Z")
    asked = ("decide", "--hold", "--user", "ada@acme.example", "--model", "acme/fast", "--output", "json")
    cli(*asked, "--input-tokens", "1000000")
    held = json.loads(cli(*asked, "--input-tokens", "1000").stdout)
    monkeypatch.setenv("GOVERNOR_CLOCK", "2026-11-20T09:00:00Z")
    identifier: str = held["decision_id"]
    return identifier


def test_a_look_beforehand_changes_nothing(cli: Cli, old: str) -> None:
    """It says how many decisions it is about."""
    looked = cli("db", "forget", "--older-than", "100 days", "--dry-run")

    assert (0, "2 decisions before 2026-08-12 would be looked at; nothing was changed\n") == (
        looked.exit_code,
        looked.stdout,
    )
    assert 0 == cli("explain", old).exit_code


def test_old_texts_are_forgotten_once(cli: Cli, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an option or by the setting; the ledger is right before and after, and programs read the numbers."""
    first = cli("db", "forget", "--older-than", "100 days")
    monkeypatch.setenv("GOVERNOR_KEEP_DECISIONS", "90 days")
    second = json.loads(cli("db", "forget", "--output", "json").stdout)

    assert (
        "before 2026-08-12: 2 decisions that cost nothing are gone; 0 others and 0 usage events keep what they cost, "
        "without their texts; 0 alerts are gone\n" == first.stdout
    )
    assert {"looked_at": 0, "removed": 0, "decisions": 0, "events": 0, "dry_run": False}.items() <= second.items()
    assert (1, 0) == (cli("explain", old).exit_code, cli("ledger", "verify").exit_code)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say what is old: --older-than"),
        (("--older-than", "2 weeks"), "is not a length of time; write it like"),
        (("--older-than", "89 days"), "usage may be reported for 90 days; keep decisions for `90 days` or more"),
    ],
)
def test_what_is_not_old_is_not_forgotten(cli: Cli, words: tuple[str, ...], said: str) -> None:
    """Usage may still be reported for younger ones."""
    result = cli("db", "forget", *words)

    assert (2, True) == (result.exit_code, said in result.stderr), result.stderr
