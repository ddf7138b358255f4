"""What the stories of this folder have in common."""

import pytest

from governor.services import answers


@pytest.fixture(autouse=True)
def fresh_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget rendered budgets: stories give the same id to grants for different people, which no company can."""
    monkeypatch.setattr(answers, "_around_memo", {})
