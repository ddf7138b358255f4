"""The guides tell the truth: every policy that a page prints compiles, and every answer shown is the answer given.

A page of ``docs/policies`` prints a policy, and below it answers to callers. What was asked stands before an answer in
a comment that readers do not see (``<!-- steps``), as steps of a story. Each policy stands for itself, in the company
of ``policies/``: its people, models and prices, unless the policy brings its own.
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from governor.compiler.load import compile_folder
from governor.core.decisions.snapshot import Snapshot
from governor.edges.cli.app import app
from tests.decisions.story import Story
from tests.shown import part_of

ROOT = Path(__file__).parents[1]
GUIDES = sorted((ROOT / "docs" / "policies").glob("*.md"))
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)

BLOCK = re.compile(r"(?:<!-- steps\n(?P<steps>.*?)-->\n\n)?```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
COMPANY = {"organization.yaml": {"Organization"}, "models.yaml": {"ModelCatalog"}, "prices.yaml": {"PriceBook"}}
EVERYTHING = '\n---\n{apiVersion: governor/v1, kind: ModelAllowlist, name: everybody, allow: ["*"]}\n'


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows: a policy, or an answer that somebody gets under the policy above it, or a suite that tests it.

    Attributes:
        steps: What leads to the answer; None for a policy or a suite.
        text: The answer, the policy again, or the suite.
    """

    policy: str
    steps: list[dict[str, Any]] | None
    text: str

    @property
    def is_suite(self) -> bool:
        """Whether it is a test suite, for the policy above it."""
        return self.steps is None and "kind: TestSuite" in self.text


def shown_by(page: Path) -> Iterator[tuple[str, Shown]]:
    """Yield what a page shows, each with its place."""
    text = page.read_text(encoding="utf-8")
    policy = ""
    for block in BLOCK.finditer(text):
        place = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, block.start('text')) + 1}"
        if block["language"] == "yaml" and block["text"].startswith("apiVersion: governor/"):
            shown = Shown(policy, None, block["text"])
            policy = policy if shown.is_suite else block["text"]
            yield place, replace(shown, policy=policy)
        if block["steps"]:
            yield place, Shown(policy, yaml.safe_load(block["steps"]), block["text"])


SHOWN = [(place, shown) for page in PAGES for place, shown in shown_by(page)]
POLICIES = [pytest.param(shown, id=place) for place, shown in SHOWN if shown.steps is None and not shown.is_suite]
SUITES = [pytest.param(shown, id=place) for place, shown in SHOWN if shown.is_suite]
ANSWERS = [pytest.param(shown, id=place) for place, shown in SHOWN if shown.steps is not None]


def lay(folder: Path, policy: str) -> None:
    """Write a policy into a folder, with what it does not bring of the company around it."""
    documents = list(yaml.safe_load_all(policy))
    kinds = {document["kind"] for document in documents}
    for name, provides in COMPANY.items():
        if not kinds & provides:
            shutil.copy(ROOT / "policies" / name, folder)
    if "Organization" not in kinds:
        shutil.copy(ROOT / "policies" / "people.csv", folder)
        inventory = yaml.safe_load_all((ROOT / "policies" / "use_cases.yaml").read_text(encoding="utf-8"))
        named = {document["name"] for document in documents}
        others = [one for one in inventory if one["kind"] == "UseCase" and one["name"] not in named]
        (folder / "use_cases.yaml").write_text(yaml.safe_dump_all(others), encoding="utf-8")
    gives = any("allow" in document for document in documents)
    (folder / "case.yaml").write_text(policy + ("" if gives else EVERYTHING), encoding="utf-8")


class GuideStory(Story):
    """A story in the company of the guides."""

    def compiled(self, policies: str) -> Snapshot:
        """Lay out the company instead of the stories' own world, then compile."""
        (self.folder / "world.yaml").unlink(missing_ok=True)
        lay(self.folder, policies)
        return super().compiled((self.folder / "case.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("shown", POLICIES)
def test_policy_compiles(shown: Shown, tmp_path: Path) -> None:
    """What a reader copies has neither an error nor a warning."""
    lay(tmp_path, shown.policy)

    assert [] == [str(problem) for problem in compile_folder(tmp_path, NOW).problems]


@pytest.mark.parametrize("shown", SUITES)
def test_suite_passes(shown: Shown, tmp_path: Path) -> None:
    """A test suite that is printed passes with the policy above it."""
    lay(tmp_path, shown.policy)
    (tmp_path / "case.test.yaml").write_text(shown.text, encoding="utf-8")
    result = CliRunner().invoke(app, ["test", str(tmp_path)])

    assert (0, "") == (result.exit_code, result.stderr)


@pytest.mark.parametrize("shown", ANSWERS)
async def test_answer_is_given(shown: Shown, tmp_path: Path) -> None:
    """Everything that a page shows of an answer is in the real one."""
    story = GuideStory(tmp_path, shown.policy)
    await story.ledger.start()
    given: Any = None
    for step in shown.steps or ():
        given = await story.step(step)
    wanted = json.loads(shown.text)

    assert wanted == part_of(given, wanted)


@pytest.mark.parametrize("page", [page for page in GUIDES if page.name != "README.md"], ids=lambda page: page.name)
def test_guide_shows_policies_and_answers(page: Path) -> None:
    """Every guide answers with a policy that compiles here, and says what callers are told."""
    text = page.read_text(encoding="utf-8")
    shown = [item for _, item in shown_by(page)]

    assert text.count("```yaml") == sum(item.steps is None for item in shown)
    assert text.count("```json") == sum(item.steps is not None for item in shown) > 0
    assert text.count("<!-- steps") == text.count("```json")
    assert f"({page.name})" in (page.parent / "README.md").read_text(encoding="utf-8")
