"""The trouble that this product exists to prevent, from January to June, and the bound on what is tried instead."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.decisions.story import Story

YEAR = """\
{apiVersion: governor/v1, kind: ModelAllowlist, name: all, allow: ["*"]}
---
apiVersion: governor/v1
kind: Quota
name: company
limit: 500 USD
period: {every: year}
"""
BOUNDS = "max_share: {per: team, percent: 25}\npace: {per: day, burst: 3}\n"
LARGE = {"model": "large", "max_output_tokens": 0}


async def half_a_year(folder: Path, policies: str) -> tuple[float, float, int, Story]:
    """Let one team's pipeline ask all day, from 1 January to 30 June, beside another team that works.

    Returns:
        What the pipeline has used, the most that it used in a day, how often the others were refused, and the story.
    """
    story = Story(folder, policies)
    story.now = datetime(2027, 1, 1, 9, tzinfo=UTC)
    used = most = 0.0
    refused = 0
    while story.now < datetime(2027, 7, 1, tzinfo=UTC):
        today = 0.0
        answer = await story.step({"decide": {"user": "max@acme.example", "input_tokens": 30_000, **LARGE}, "as": "w"})
        refused += answer["verdict"] == "deny"
        if answer["verdict"] == "allow":
            await story.step({"usage": {"decision": "w", "usage": {"input_tokens": 30_000}}})
        for _ in range(4):
            # 190,000 tokens at a time are 1.90 USD; 7.60 a day are 400 of the 500 USD before February is over.
            answer = await story.step({"decide": {"user": "mia", "input_tokens": 190_000, **LARGE}, "as": "run"})
            if answer["verdict"] == "allow":
                await story.step({"usage": {"decision": "run", "usage": {"input_tokens": 190_000}}})
                today += 1.9
        used, most = used + today, max(most, today)
        story.now += timedelta(days=1)
    return used, most, refused, story


async def test_one_team_does_not_use_up_everybodys_year(tmp_path: Path) -> None:
    """A share stops it, a pace slows it from the first day, and whoever works in the morning is never refused."""
    used, most, refused, story = await half_a_year(tmp_path, YEAR + BOUNDS)
    answer = await story.step({"decide": {"user": "mia", "input_tokens": 190_000, **LARGE}})

    # A quarter of 500 USD; three even days' part of 500 USD over 365 days are 4.10 USD.
    assert 123 < used <= 125
    assert most <= 4.11
    assert 0 == refused
    reason = answer["reasons"][0]
    assert ("deny", {"team": "growth"}) == (answer["verdict"], reason["scope"])
    assert "25% of the budget is the most for one team" in reason["message"]


async def test_without_bounds_it_does(tmp_path: Path) -> None:
    """The same months with the limit alone: the year's money is gone, and everybody else is refused."""
    used, _, refused, _ = await half_a_year(tmp_path, YEAR)

    assert used > 400
    assert refused > 90


@pytest.mark.parametrize(("denied", "verdict"), [(6, "allow"), (7, "deny")])
async def test_no_more_than_eight_models_are_tried(tmp_path: Path, denied: int, verdict: str) -> None:
    """The model asked for and seven others: a list of a hundred must not cost a hundred decisions."""
    names = [f"acme/m{number}" for number in range(20)]
    models = "\n".join(f"  - {{id: {name}, context_window: 200k tokens, max_output: 8k tokens}}" for name in names)
    price = "input: 1 USD per 1M tokens, output: 1 USD per 1M tokens"
    prices = "\n".join(f"  - {{model: {name}, from: 2026-01-01, {price}}}" for name in names)
    policies = f"""\
apiVersion: governor/v1
kind: ModelCatalog
name: many
catalogue: none
models:
{models}
---
apiVersion: governor/v1
kind: PriceBook
name: many
catalogue: none
prices:
{prices}
---
apiVersion: governor/v1
kind: ModelAllowlist
name: all
allow: ["*"]
deny: [acme/large, {", ".join(names[:denied])}]
fallback: [{", ".join(names)}]
"""
    story = Story(tmp_path, policies)
    answer = await story.step({"decide": {"user": "mia", "input_tokens": 100, "can": ["substitute"], **LARGE}})

    assert verdict == answer["verdict"]
    assert answer["model"] == ("acme/m6" if verdict == "allow" else "acme/large")
