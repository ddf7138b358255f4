"""How the command line is tested: through the same program that people run, on folders and files made for a test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from governor.edges.cli.app import app

Cli = Callable[..., Result]

POLICIES = """
apiVersion: governor/v1
kind: Organization
name: acme
currency: USD
time_zone: UTC
environments: [prod]
default_environment: prod
departments: [{name: sales}, {name: legal}]
people:
  - {user: ada@acme.example, kind: employee, department: sales}
  - {user: dan@acme.example, kind: employee, department: legal}
---
apiVersion: governor/v1
kind: ModelCatalog
name: models
catalogue: none
models:
  - {id: acme/fast, context_window: 200k tokens, max_output: 8k tokens}
  - {id: acme/small, context_window: 200k tokens, max_output: 8k tokens}
---
apiVersion: governor/v1
kind: PriceBook
name: prices
catalogue: none
prices:
  - {model: acme/fast, from: 2020-01-01, input: 10 USD per 1M tokens, output: 20 USD per 1M tokens}
  - {model: acme/small, from: 2020-01-01, input: 1 USD per 1M tokens, output: 2 USD per 1M tokens}
---
apiVersion: governor/v1
kind: ModelAllowlist
name: all-models
applies_to: {department: "*"}
allow: [acme/small, acme/fast]
---
apiVersion: governor/v1
kind: Quota
name: department-monthly
per: [department]
limit: 1 USD
period: {every: month}
"""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A small valid policy folder: two people, two models, one USD a month for each department."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "acme.yaml").write_text(POLICIES)
    return folder


@pytest.fixture
def cli(tmp_path: Path, policies: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run a command with a database and a policy folder of its own, as people would set them."""
    monkeypatch.setenv("GOVERNOR_DATABASE_URL", f"sqlite:///{tmp_path / 'governor.db'}")
    monkeypatch.setenv("GOVERNOR_POLICIES", str(policies))
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, [str(argument) for argument in arguments])
