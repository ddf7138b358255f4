"""The guides of ``docs/policies`` teach policies that load as they are printed."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from governor.compiler.load import compile_folder
from tests.compiler.test_cases import ORGANIZATION

GUIDES = Path(__file__).parents[2] / "docs" / "policies"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize("guide", sorted(path.name for path in GUIDES.glob("*.md")))
def test_the_policies_of_a_guide_load(guide: str, tmp_path: Path) -> None:
    """All whole documents of one page, together with a small organisation, unless the page has its own."""
    text = (GUIDES / guide).read_text(encoding="utf-8")
    documents = re.findall(r"```yaml\n(apiVersion: .*?)```", text, re.DOTALL)
    whole = "---\n".join(documents)
    if "kind: Organization" not in whole:
        (tmp_path / "organization.yaml").write_text(ORGANIZATION, encoding="utf-8")
    (tmp_path / "guide.yaml").write_text(whole, encoding="utf-8")

    compiled = compile_folder(tmp_path, NOW)

    assert documents
    assert compiled.policies is not None, [str(problem) for problem in compiled.problems]
