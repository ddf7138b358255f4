"""``governor exceptions promote``: what was granted becomes a change of the policies, comments and all."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from governor.core.grants import Grant, GrantKind, UnitAmount
from governor.core.units import Unit
from governor.edges.cli.workbench import open_workbench
from governor.services.grants import GrantKeeper
from governor.settings import load_settings

Cli = Callable[..., Result]

NOW = datetime.now(UTC)
QUOTAS = """\
# What everybody may spend.
apiVersion: governor/v1
kind: Quota
name: person-monthly
per: [user]
limit: 2 USD        # agreed in spring
limits:
  - {user: dan@acme.example, limit: 3 USD}   # he trains them
period: month
---
apiVersion: governor/v1
kind: Quota
name: calls
limit: 1,000 requests
period: month
# The end.
---
apiVersion: governor/v1
kind: ModelAllowlist
name: cheap
applies_to: {department: sales}
only: [acme/small]  # until the review
---
apiVersion: governor/v1
kind: ContextLimit
name: short
max_input: 1k tokens
max_output: 100 tokens
"""
BUDGET = Grant(
    id="01990000-0000-7000-8000-000000000001",
    exception_id="x-1",
    kind=GrantKind.BUDGET,
    scope=(("user", "ada@acme.example"),),
    lifts=("Quota/person-monthly",),
    amount_nano_usd=5 * 10**9,
    starts_at=NOW,
    ends_at=NOW + timedelta(days=3),
    issued_at=NOW,
    approved_by=("dan@acme.example",),
)


@pytest.fixture
def granted(cli: Cli, policies: Path) -> Callable[[Grant], Result]:
    """Give a way to issue a grant and to promote it."""
    (policies / "quotas.yaml").write_text(QUOTAS)

    async def issue(grant: Grant) -> None:
        async with open_workbench(load_settings()) as bench:
            await GrantKeeper(bench.snapshots, bench.ledger, bench.database).issue(grant, NOW)

    def promote(grant: Grant, *options: str) -> Result:
        asyncio.run(issue(grant))
        return cli("exceptions", "promote", grant.id, *options)

    return promote


def test_a_limit_is_raised_for_whom_it_was_granted(granted: Callable[[Grant], Result], policies: Path) -> None:
    """An entry of its own before the others; nothing else of the file changes."""
    result = granted(BUDGET)
    text = (policies / "quotas.yaml").read_text()

    assert 0 == result.exit_code, result.output
    assert "+  - user: ada@acme.example\n+    limit: 7 USD\n" in result.stdout
    assert [line for line in QUOTAS.splitlines() if line not in text.splitlines()] == []
    assert "Quota/person-monthly: 2 USD become 7 USD for user ada@acme.example" in result.output


def test_programs_are_told_what_became_of_which_policy(granted: Callable[[Grant], Result], policies: Path) -> None:
    """The changes, the difference, and whether it was written."""
    before = (policies / "quotas.yaml").read_text()
    tried = json.loads(granted(BUDGET, "--dry-run", "--output", "json").stdout)

    assert (False, before) == (tried["written"], (policies / "quotas.yaml").read_text())
    assert [("Quota/person-monthly", (policies / "quotas.yaml").as_posix())] == [
        (one["policy"], one["file"]) for one in tried["changes"]
    ]
    assert "2 USD become 7 USD for user ada@acme.example" in tried["changes"][0]["change"]
    assert "+  - user: ada@acme.example" in tried["diff"]


def test_a_limit_of_their_own_is_raised_in_place(granted: Callable[[Grant], Result], policies: Path) -> None:
    """And a quota of everybody's is raised for everybody: it has no other budget."""
    result = granted(
        replace(
            BUDGET,
            scope=(("user", "dan@acme.example"),),
            lifts=("Quota/person-monthly", "Quota/calls"),
            amounts=(UnitAmount("Quota/calls", Unit.REQUESTS, 500),),
        )
    )
    text = (policies / "quotas.yaml").read_text()

    assert 0 == result.exit_code, result.output
    assert "{user: dan@acme.example, limit: 8 USD}   # he trains them" in text
    assert "limit: 1,500 requests" in text
    assert "limit: 2 USD        # agreed in spring" in text


def test_a_model_gets_an_allowlist_for_whom_it_was_granted(granted: Callable[[Grant], Result], policies: Path) -> None:
    """Allowing needs a list beside the others; what is permitted only is split, so that nobody else gets more."""
    lifts = ("ModelAllowlist/all-models", "ModelAllowlist/cheap")
    result = granted(
        replace(BUDGET, kind=GrantKind.MODEL, lifts=lifts, models=("acme/fast",), approved_by=("dan@acme.example",))
    )
    text = (policies / "quotas.yaml").read_text()

    assert 0 == result.exit_code, result.output
    assert "name: all-models-ada-acme-example" in (policies / "acme.yaml").read_text()
    assert "only: [acme/small]  # until the review\nexcept:\n  user: ada@acme.example\n" in text
    assert "name: cheap-ada-acme-example" in text
    assert "reason: Made permanent from the exception x-1, approved by dan@acme.example" in text
    assert "department: sales\n  user: ada@acme.example" in text


def test_a_larger_request_gets_a_limit_of_its_own(granted: Callable[[Grant], Result], policies: Path) -> None:
    """Only what was granted is larger; the rest is as it was."""
    result = granted(replace(BUDGET, kind=GrantKind.CONTEXT, lifts=("ContextLimit/short",), input_tokens_max=9_000))
    text = (policies / "quotas.yaml").read_text()

    assert 0 == result.exit_code, result.output
    assert "max_input: 1k tokens\nmax_output: 100 tokens\nexcept:\n  user: ada@acme.example\n---\n" in text
    assert "max_input: 9,000 tokens\nmax_output: 100 tokens\n" in text


def test_what_is_written_decides_like_the_grant_did(
    granted: Callable[[Grant], Result], cli: Cli, policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the grant's end the same request is allowed by the policies; without the change it is not."""
    (policies / "acme.yaml").write_text((policies / "acme.yaml").read_text().replace("limit: 1 USD", "limit: 100 USD"))
    written = QUOTAS.split("---", maxsplit=1)[0].replace("limit: 2 USD", "limit: 1 USD")
    (policies / "quotas.yaml").write_text(written)
    granted(replace(BUDGET, ends_at=NOW + timedelta(minutes=1)))
    monkeypatch.setenv("GOVERNOR_AUTH", "off")
    monkeypatch.setenv("GOVERNOR_CLOCK", (NOW + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    ask = ("decide", "--user", "ada@acme.example", "--model", "acme/fast", "--input-tokens", 190_000)
    after = cli(*ask).exit_code
    (policies / "quotas.yaml").write_text(written)

    assert (0, 1) == (after, cli(*ask).exit_code)


def test_a_look_changes_nothing(granted: Callable[[Grant], Result], policies: Path) -> None:
    """The difference is shown, and the files stay."""
    result = granted(BUDGET, "--dry-run")

    assert (0, QUOTAS) == (result.exit_code, (policies / "quotas.yaml").read_text())
    assert "+    limit: 7 USD" in result.stdout
    assert "nothing was written" in result.output


def test_what_cannot_be_changed_so_is_said(granted: Callable[[Grant], Result], cli: Cli, policies: Path) -> None:
    """A policy with an `except` is nothing for a program; an unknown exception is not found."""
    excepted = QUOTAS.replace("max_input: 1k", "except: {user: dan@acme.example}\nmax_input: 1k")
    (policies / "quotas.yaml").write_text(excepted)
    refused = granted(replace(BUDGET, kind=GrantKind.CONTEXT, lifts=("ContextLimit/short",), input_tokens_max=9_000))
    unknown = cli("exceptions", "promote", "01990000-0000-7000-8000-00000000000f")

    assert "has an `except` already; change it by hand" in refused.output
    assert "no grant has the id" in unknown.output
    assert excepted == (policies / "quotas.yaml").read_text()
    assert all(result.exit_code for result in (refused, unknown))


def test_a_use_case_is_written_under_the_name_that_it_has_now(
    granted: Callable[[Grant], Result], policies: Path
) -> None:
    """It was renamed after the grant: policies know the old name no more."""
    renamed = "{apiVersion: governor/v1, kind: UseCase, name: helpdesk, formerly: [triage], owner: ada, "
    (policies / "use_cases.yaml").write_text(f"{renamed}stage: production, audience: internal}}\n")
    (policies / "quotas.yaml").write_text(
        QUOTAS.replace("[user]", "[use_case]").replace("user: dan@", "use_case: dan@")
    )
    result = granted(replace(BUDGET, scope=(("use_case", "triage"),)))

    assert 0 == result.exit_code, result.output
    assert "+  - use_case: helpdesk\n+    limit: 7 USD\n" in result.stdout
