"""``POST /forecasts/scenarios``: each budget under what concerns it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governor.core.keys import Role
from governor.edges.api import forecasts as forecasts_door
from tests.api.world import Server, StandingClock, running, settings_for
from tests.forecasts.traffic import EVE, FIRST, MIA, tokens_of, use, use_days

RULES = """\
apiVersion: governor/v1
kind: ForecastRule
name: all
scenarios: [{name: peak, overhead: 2.0}]
---
apiVersion: governor/v1
kind: ForecastRule
name: marketing
applies_to: {department: marketing}
scenarios: [{name: peak, overhead: 4.0, growth: 10% per month}]
---
apiVersion: governor/v1
kind: ForecastRule
name: surer
applies_to: {department: engineering}
interval: 90%
---
apiVersion: governor/v1
kind: ForecastRule
name: later
effective_from: 2027-01-01
scenarios: [{name: moon, overhead: 9.0}]
"""


@pytest.fixture
def september() -> StandingClock:
    """Give a clock that stands at the beginning of September."""
    return StandingClock(FIRST)


async def asked(server: Server, **scenario: Any) -> dict[str, Any]:
    """Ask what if, as a viewer."""
    async with server.client(Role.VIEWER) as viewer:
        answer = await viewer.post("/forecasts/scenarios", json={"wait": True, **scenario})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def by_scope(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return budgets by the last value of their scope."""
    return {(list(one["scope"].values()) or [""])[-1]: one for one in found["budgets"]}


def by_policy(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the only budget of a quota."""
    [one] = [one for one in found["budgets"] if one["policy"] == f"Quota/{name}"]
    return dict(one)


def times(one: dict[str, Any]) -> float:
    """Return how many times as much is to come under a scenario as is forecast."""
    used = float(one["used"])
    return (float(one["total"]["median"]) - used) / (float(one["forecast"]["median"]) - used)


async def test_a_department_has_its_own_scenario(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """Its own rule's, not the first of that name; a rule that has none leaves it that of all; and it is all said."""
    (policies / "forecasts.yaml").write_text(RULES)
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(10))
        await use(server, 9, 500_000, "gpt-4o-mini", MIA)
        found = await asked(server, name="peak", quota="department-spend")
        less = await asked(server, name="peak", quota="department-spend", overhead=1.0, growth_percent_per_month=0)
        async with server.client(Role.VIEWER) as viewer:
            unborn = await viewer.post("/forecasts/scenarios", json={"name": "moon"})
    budgets = by_scope(found)

    assert pytest.approx(2.0, rel=1e-6) == times(budgets["engineering"])
    assert 4.0 < times(budgets["marketing"]) < 4.5
    assert found["assumes"] == [
        "for budgets of ForecastRule/all: retries, contexts and tools make 2 times of the use so far",
        "for budgets of ForecastRule/marketing: use grows by 10% in each month, beside the trend that is forecast",
        "for budgets of ForecastRule/marketing: retries, contexts and tools make 4 times of the use so far",
    ]
    # What the question says itself is said of every budget.
    assert [1.0, 1.0] == [times(by_scope(less)[name]) for name in ("engineering", "marketing")]
    assert (422, False) == (unborn.status_code, "moon`" in unborn.json()["error"]["message"].partition("there are")[2])


LAUNCH = """\
apiVersion: governor/v1
kind: Quota
name: {name}
{more}
limit: {limit}
period: month
"""


def quota(name: str, more: str, limit: str = "500 USD") -> str:
    """Return a quota of a month."""
    return LAUNCH.format(name=name, more=more, limit=limit)


USE_CASES = """\
apiVersion: governor/v1
kind: UseCase
name: triage
owner: eve@acme.example
stage: experiment
audience: customer
"""

DRAWN = {
    "all": quota("all", ""),
    "marketings": quota("marketings", "applies_to: {department: marketing}"),
    "engineerings": quota("engineerings", "applies_to: {department: engineering}"),
    "teams": quota("teams", "per: [team]"),
    "minis": quota("minis", "applies_to: {model: openai/gpt-4o-mini}"),
    "sonnets": quota("sonnets", 'applies_to: {model: "anthropic/*"}'),
    "models": quota("models", "per: [department, model]"),
    "google": quota("google", "applies_to: {provider: google}"),
    "anthropic": quota("anthropic", "applies_to: {provider: anthropic}"),
    "live": quota("live", "applies_to: {stage: production}"),
    "pilots": quota("pilots", "applies_to: {stage: experiment}"),
    "dev": quota("dev", "applies_to: {environment: dev}"),
    "environments": quota("environments", "per: [environment]"),
    "people": quota("people", "per: [user]"),
    "input": quota("input", "counts: input", "900M tokens"),
    "tokens": quota("tokens", "", "900M tokens"),
    "requests": quota("requests", "applies_to: {use_case: triage}", "900k requests"),
}
"""Quotas by their names; nobody has used anything of any."""

GONE_LIVE = {
    "use_case": "triage",
    "model": "claude-sonnet-4",
    "requests_per_month": 30_437,
    "input_tokens": 1_000,
    "output_tokens": 200,
    "team": "platform",
}
"""A thousand requests a day, each for six thousandths of a dollar."""


@pytest.mark.parametrize("used_before", [False, True], ids=["nothing was ever used", "a pilot"])
async def test_a_pilot_that_goes_live_draws_on_its_own_budgets(
    sqlite_url: str, policies: Path, september: StandingClock, used_before: bool
) -> None:
    """By the values that policies select, with its model; also on budgets that nobody has used yet; on no others."""
    (policies / "quotas.yaml").write_text("---\n".join([*DRAWN.values(), USE_CASES]))
    async with running(settings_for(sqlite_url, policies), september) as server:
        if used_before:
            await use_days(server, september, range(10))
            await use(server, 9, 500_000, "gpt-4o-mini", MIA)
        found = await asked(server, productions=[GONE_LIVE], limit=1000)
        left = (30 - 10 * used_before) - 1 / 12
    added = {}
    for one in found["budgets"]:
        more = float(one["total"]["median"]) - float(one["forecast"]["median"])
        if more:
            scope = ",".join(one["scope"].values())
            added[one["policy"].removeprefix("Quota/") + (f" of {scope}" if scope else "")] = more / left
    money = {"all", "engineerings", "teams of platform", "sonnets", "anthropic", "live", "environments of prod"}
    if used_before:
        money |= {"models of engineering,anthropic/claude-sonnet-4"}

    assert {**dict.fromkeys(money, 6.0), "input": 1e6, "tokens": 1.2e6, "requests": 1000.0} == pytest.approx(
        added, rel=1e-3
    )
    october = by_policy(found, "all")["ahead"][0]
    assert 31 * 6 == pytest.approx(float(october["total"]["median"]) - float(october["forecast"]["median"]), rel=0.01)


async def test_a_pilot_becomes_dearer_with_its_model(sqlite_url: str, policies: Path, september: StandingClock) -> None:
    """What goes live pays the price of the scenario from its day on; one of nobody is refused."""
    (policies / "quotas.yaml").write_text(DRAWN["all"])
    dearer = {"provider": "anthropic", "percent": 50, "from": "2026-09-16T00:00:00Z"}
    async with running(settings_for(sqlite_url, policies), september) as server:
        plain = await asked(server, productions=[GONE_LIVE])
        found = await asked(server, productions=[GONE_LIVE], price_changes=[dearer])
        wrong = []
        for whose in ({"department": "sales"}, {"team": "sales"}, {"department": "marketing"}):
            async with server.client(Role.VIEWER) as viewer:
                answer = await viewer.post("/forecasts/scenarios", json={"productions": [{**GONE_LIVE, **whose}]})
            wrong.append((answer.status_code, answer.json()["error"]["message"]))
    [before], [after] = plain["budgets"], found["budgets"]
    days = 30 - 1 / 12

    assert days * 6 == pytest.approx(float(before["total"]["median"]), rel=1e-3)
    assert (15 + 1.5 * (days - 15)) * 6 == pytest.approx(float(after["total"]["median"]), rel=1e-3)
    assert [
        (422, "there is no department `sales`"),
        (422, "there is no team `sales`"),
        (422, "the team `platform` is of engineering, not of `marketing`"),
    ] == wrong


SHIFTED = {
    "all": quota("all", ""),
    "sonnets": quota("sonnets", 'applies_to: {model: "anthropic/*"}'),
    "minis": quota("minis", "applies_to: {model: openai/gpt-4o-mini}"),
    "models": quota("models", "per: [department, model]"),
    "openai": quota("openai", "applies_to: {provider: openai, department: engineering}"),
    "marketings": quota("marketings", "applies_to: {department: marketing, model: openai/gpt-4o-mini}"),
    "tokens": quota("tokens", "", "900M tokens"),
    "mini-tokens": quota("mini-tokens", "applies_to: {model: openai/gpt-4o-mini}", "900M tokens"),
    "mini-output": quota("mini-output", "applies_to: {model: openai/gpt-4o-mini}\ncounts: output", "900M tokens"),
    "sonnet-tokens": quota("sonnet-tokens", "applies_to: {model: anthropic/claude-sonnet-4}", "900M tokens"),
    "sonnet-calls": quota("sonnet-calls", "applies_to: {model: anthropic/claude-sonnet-4}", "9,000 requests"),
    "mini-calls": quota("mini-calls", "applies_to: {model: openai/gpt-4o-mini}", "9,000 requests"),
}
"""Quotas by their names; engineering has used the one model, nobody the other."""

RATIO = 0.15 / 3
"""What the recorded tokens, all of input, cost with the other model, as a share."""


async def test_shifted_traffic_leaves_one_budget_and_comes_to_another(
    sqlite_url: str, policies: Path, september: StandingClock
) -> None:
    """Money at the other price, tokens and calls as many; whoever counts both models sees only the price."""
    (policies / "quotas.yaml").write_text("---\n".join(SHIFTED.values()))
    shift = {"from_model": "claude-sonnet-4", "to_model": "gpt-4o-mini", "percent": 40}
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(10))
        found = await asked(server, shifts=[shift], overhead=2.0, limit=1000)
        twice = [shift, {**shift, "percent": 70}]
        async with server.client(Role.VIEWER) as viewer:
            refused = await viewer.post("/forecasts/scenarios", json={"shifts": twice})
    daily = sum(tokens_of(day) for day in range(10)) / 10
    left = 20 - 1 / 12
    comes = {
        "minis": daily * 3 / 1e6 * 0.4 * RATIO,
        "openai": daily * 3 / 1e6 * 0.4 * RATIO,
        "mini-tokens": daily * 0.4,
        "mini-calls": 2 * 0.4,
    }

    for name in ("all", "tokens"):
        part = 1.0 if name == "tokens" else 0.6 + 0.4 * RATIO
        assert 2 * part == pytest.approx(times(by_policy(found, name)), rel=1e-3)
    for name in ("sonnets", "sonnet-tokens", "sonnet-calls"):
        assert 2 * 0.6 == pytest.approx(times(by_policy(found, name)), rel=1e-3)
    assert {name: 2 * amount * left for name, amount in comes.items()} == pytest.approx(
        {name: float(by_policy(found, name)["total"]["median"]) for name in comes}, rel=0.01
    )
    assert ["0", "0"] == [by_policy(found, name)["total"]["median"] for name in ("marketings", "mini-output")]
    assert 2 * 0.6 == pytest.approx(times(by_policy(found, "models")), rel=1e-3)
    assert found["assumes"][1] == (
        "40% of the traffic of anthropic/claude-sonnet-4 goes to openai/gpt-4o-mini, as it was in the last 28 days, "
        "with as many tokens, as recorded, all of input"
    )
    assert (422, True) == (refused.status_code, "more than all" in refused.json()["error"]["message"])


async def test_a_scenario_does_not_wait_for_its_forecasts(
    sqlite_url: str, policies: Path, september: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First by a run-rate, and how many are being made; whoever waits is answered by the forecasts."""
    monkeypatch.setattr(forecasts_door, "PATIENCE_S", 0.0)
    mine = {"overhead": 2.0, "quota": "department-spend", "department": "engineering"}
    async with running(settings_for(sqlite_url, policies), september) as server:
        await use_days(server, september, range(20))
        soon = await asked(server, **mine, wait=False)
        made = await asked(server, **mine)
    guess, forecast = soon["budgets"][0], made["budgets"][0]

    assert [(1, True), (0, False)] == [
        (soon["pending"], guess["insufficient_data"]),
        (made["pending"], forecast["insufficient_data"]),
    ]
    assert 2.0 == pytest.approx(times(guess), rel=1e-3)


async def call(server: Server, day: int, subject: dict[str, str], usage: dict[str, int]) -> None:
    """Report one call of a day."""
    at = FIRST + timedelta(days=day, hours=9)
    one = {"event_id": f"{subject['user']}-{day}", "model": "claude-sonnet-4", "subject": subject, "usage": usage}
    async with server.client(Role.GATEWAY) as gateway:
        await gateway.post("/usage", json=[{**one, "time": at.isoformat()}])


async def two_departments(server: Server, september: StandingClock) -> None:
    """Let engineering ask long questions, and marketing for long answers, for ten days each."""
    for day in range(10):
        september.elapsed_s = (day + 1) * 86_400
        await call(server, day, EVE, {"input_tokens": 900_000, "output_tokens": 100_000})
        await call(server, day, MIA, {"input_tokens": 100_000, "output_tokens": 100_000})


async def test_shifted_traffic_costs_what_each_budgets_own_calls_would(
    sqlite_url: str, policies: Path, september: StandingClock
) -> None:
    """Output is dear: who has more of it saves another part; where nothing is recorded three to one is taken."""
    (policies / "quotas.yaml").write_text("---\n".join([quota("departments", "per: [department]"), SHIFTED["all"]]))
    shift = {"from_model": "claude-sonnet-4", "to_model": "gpt-4o-mini", "percent": 100}
    back = {"from_model": "gpt-4o-mini", "to_model": "claude-sonnet-4", "percent": 100}
    async with running(settings_for(sqlite_url, policies), september) as server:
        await two_departments(server, september)
        found = await asked(server, shifts=[shift])
        unknown = await asked(server, shifts=[back])
    budgets = by_scope(found)

    assert (9 * 0.15 + 0.6) / (9 * 3 + 15) == pytest.approx(times(budgets["engineering"]), rel=1e-3)
    assert (0.15 + 0.6) / (3 + 15) == pytest.approx(times(budgets["marketing"]), rel=1e-3)
    assert (10 * 0.15 + 2 * 0.6) / (10 * 3 + 2 * 15) == pytest.approx(times(budgets[""]), rel=1e-3)
    assert [
        "with as many tokens, as recorded, 5 of input for one of output, in each budget by its own",
        "with as many tokens, three of input for one of output, because nothing of it is recorded",
    ] == [one["assumes"][0].partition("in the last 28 days, ")[2] for one in (found, unknown)]


async def test_a_pool_is_for_all_that_is_asked_for_and_not_for_a_page(
    sqlite_url: str, policies: Path, september: StandingClock
) -> None:
    """Sums are of every budget's use that the filter selects, also of those on other pages, each call once."""
    (policies / "quotas.yaml").write_text("---\n".join([quota("departments", "per: [department]"), SHIFTED["all"]]))
    own = {"model": "claude-sonnet-4", "fixed_usd_per_month": "10", "rate_usd": "0.5"}
    pool = {"provider": "anthropic", "rate_usd": "2", "utilisation_percent": 50}
    async with running(settings_for(sqlite_url, policies), september) as server:
        await two_departments(server, september)
        pages = [
            (await asked(server, self_hosted=own, pool=pool, **some))["numbers"]
            for some in ({}, {"limit": 1, "quota": "departments"}, {"department": "marketing"}, {"user": "eve"})
        ]
    month = 10**6 * 365.25 / 12
    rates = [float(page["pool"]["present_rate_usd"]) for page in pages]

    assert [1.2 * month, 1.2 * month, 0.2 * month, month] == pytest.approx(
        [page["self_hosted"]["tokens_per_month"] for page in pages], rel=1e-3
    )
    assert [5.0, 5.0, 9.0, 4.2] == pytest.approx(rates, rel=1e-3)
