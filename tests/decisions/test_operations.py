"""No kind of request goes round the budgets: each is held, settled and booked like a chat (litellm#38176, #36646)."""

from pathlib import Path

import pytest

from governor.core.decisions.request import Operation
from tests.decisions.story import Story

POLICIES = """\
{apiVersion: governor/v1, kind: ModelAllowlist, name: all, allow: ["*"]}
---
{apiVersion: governor/v1, kind: Quota, name: a-money, per: [department], limit: 10 USD, period: month}
---
{apiVersion: governor/v1, kind: Quota, name: b-tokens, per: [user], limit: 1M tokens, period: day}
---
{apiVersion: governor/v1, kind: Quota, name: c-requests, limit: 10 requests, period: hour}
"""


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("decided", [True, False])
async def test_every_operation_moves_every_budget_that_concerns_it(
    tmp_path: Path, operation: Operation, *, decided: bool
) -> None:
    """Money, tokens and requests move, with a decision and without one."""
    story = Story(tmp_path, POLICIES)
    asked = {
        "user": "mia",
        "model": "large",
        "operation": operation.value,
        "input_tokens": 1000,
        "max_output_tokens": 10,
        "requests": 1 if operation is Operation.BATCH else None,
    }
    event = {"operation": operation.value, "model": "large", "usage": {"input_tokens": 1000, "output_tokens": 5}}
    held: list[str] = []
    if decided:
        held = [budget["held"] for budget in (await story.decide(asked, "one"))["budgets"]]
        await story.usage({**event, "decision": "one"})
    else:
        await story.usage({**event, "subject": {"user": "mia"}})
    budgets = await story.step({"budgets": asked})

    assert (["0.011", "1010", "1"] if decided else []) == held
    assert [("0.0105", "0"), ("1005", "0"), ("1", "0")] == [(budget["used"], budget["held"]) for budget in budgets]
