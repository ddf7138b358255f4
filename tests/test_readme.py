"""The README tells the truth: its request gets its answer."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from governor.clients.gateway import Gateway
from governor.edges.cli.demo_server import DayClock, running_server
from governor.settings import load_settings
from tests.shown import part_of

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def test_answer_shown_is_the_answer_given(tmp_path: Path) -> None:
    """Everything that the README shows of the answer is in the real one."""
    request = json.loads(re.search(r"-d '(\{.*?\})'", README, re.DOTALL)[1])  # type: ignore[index]  # it is there
    shown = json.loads(re.search(r"```json\n(.*?)```", README, re.DOTALL)[1])  # type: ignore[index]  # likewise
    settings = load_settings(
        database_url=f"sqlite:///{tmp_path / 'readme.db'}",
        policies=ROOT / "policies",
        auth="off",
        port=0,
        log_level="error",
        decide_deadline_ms=10_000,
    )
    with running_server(settings, DayClock(NOW)) as url, Gateway(url) as gateway:
        given = gateway.decide(request)

    assert shown == part_of(given, shown)


def test_make_targets_named_exist() -> None:
    """The commands of the documentation are targets of the Makefile."""
    named = set(re.findall(r"\bmake ([a-z-]+)\b", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert named <= targets
