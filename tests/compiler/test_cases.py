"""Tables of wrong and right policies: what the compiler says, and where."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from governor.compiler.load import compile_folder

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
ORGANIZATION = """\
apiVersion: governor/v1
kind: Organization
name: acme
time_zone: Europe/Berlin
environments: [prod, dev]
departments:
  - {name: engineering, teams: [{name: platform}]}
  - {name: marketing, teams: [{name: growth}]}
people:
  - {user: eve@acme.example, team: platform}
  - {user: mia@acme.example, team: growth, ids: [mia]}
"""
MODELS = """\
apiVersion: governor/v1
kind: ModelCatalog
name: models
catalogue: none
models:
  - {id: openai/gpt-4o-mini, aliases: [gpt-4o-mini]}
groups:
  - {name: economy, models: [gpt-4o-mini]}
---
apiVersion: governor/v1
kind: PriceBook
name: prices
catalogue: none
prices:
  - {model: openai/gpt-4o-mini, input: 0.15 USD per 1M tokens, output: 0.60 USD per 1M tokens}
"""


def _cases() -> list[Any]:
    found = []
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml")):
        cases = yaml.safe_load(file.read_text(encoding="utf-8"))
        found += [pytest.param(case, id=f"{file.stem}: {case['description']}") for case in cases]
    return found


@pytest.mark.parametrize("case", _cases())
def test_a_folder_says_what_is_wrong_and_where(case: dict[str, Any], tmp_path: Path) -> None:
    """Every case gives exactly the problems it wants, at their places, and in words that help."""
    surroundings = MODELS if case.get("own_organization", False) else f"{ORGANIZATION}---\n{MODELS}"
    (tmp_path / "a.yaml").write_text(surroundings, encoding="utf-8")
    (tmp_path / "p.yaml").write_text(case["given"], encoding="utf-8", newline="")

    compiled = compile_folder(tmp_path, NOW)

    found = [
        f"{problem.line}:{problem.column} {problem.code}" for problem in compiled.problems if problem.file == "p.yaml"
    ]
    text = "\n".join(map(str, compiled.problems))

    assert case["want"] == found, text
    assert [] == [str(problem) for problem in compiled.problems if problem.file != "p.yaml"]
    assert case.get("says", "") in text
    assert case.get("valid", False) is (compiled.policies is not None)
    assert not any(word in text for word in ("anyOf", "oneOf", "Unset", "NoneType"))
