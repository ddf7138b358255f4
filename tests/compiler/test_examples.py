"""The example organisation: what the issue promises, and clean."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import Compiled, compile_folder
from governor.core.periods import Every
from governor.core.policy.header import Enforcement
from governor.core.policy.kinds import Prefer, Quota
from governor.core.units import Unit

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def example() -> Compiled:
    """The example organisation, with the price catalogue."""
    return compile_folder(ROOT / "policies", NOW, genai_prices())


def quotas(example: Compiled, unit: Unit) -> list[Quota]:
    """Return the quotas of a unit."""
    assert example.policies is not None
    return [quota for quota in example.policies.quotas if quota.unit is unit]


def test_it_is_clean_with_and_without_the_price_catalogue(example: Compiled) -> None:
    """No errors, and no warnings that a newcomer would have to explain."""
    alone = compile_folder(ROOT / "policies", NOW)

    assert () == example.problems
    assert () == alone.problems


def test_it_has_the_people_of_a_real_company(example: Compiled) -> None:
    """Six departments, twelve teams, a hundred people, service accounts, and nobody without a place."""
    assert example.policies is not None
    organization = example.policies.organization
    homes = {person.placements[0].team for person in organization.people.values()}

    assert (6, 12, 100) == (len(organization.departments), len(organization.teams), len(organization.people))
    assert set(organization.teams) == homes
    assert len(organization.service_accounts) >= 3
    assert ("marketing", "growth") == (
        organization.people["mia@acme.example"].placements[0].department,
        organization.people["mia@acme.example"].placements[0].team,
    )


def test_it_has_budgets_on_every_level(example: Compiled) -> None:
    """Company, department, team and person in USD, tokens, a rate limit and a concurrency limit."""
    money = {quota.per for quota in quotas(example, Unit.USD)}
    minutes = [quota for quota in quotas(example, Unit.REQUESTS) if quota.period and quota.period.every is Every.MINUTE]

    assert {(), ("department",), ("team",), ("user",)} <= money
    assert {("department",), ("user",)} <= {quota.per for quota in quotas(example, Unit.TOKENS)}
    assert [("user",)] == [quota.per for quota in minutes]
    assert [None] == [quota.period for quota in quotas(example, Unit.CONCURRENT)]


def test_it_uses_what_moves_a_ceiling(example: Compiled) -> None:
    """Share, pace, rollover of both, overage with a surcharge and from a fund, downgrade, dates: each where it fits."""
    assert example.policies is not None
    used = example.policies.quotas
    overages = [quota.overage for quota in used if quota.overage is not None]

    assert any(quota.max_share for quota in used)
    assert any(quota.burst_percent for quota in used)
    assert any(quota.rollover and quota.rollover.overspend and quota.rollover.unused_percent for quota in used)
    assert {(True, False), (False, True)} == {(bool(item.fund), bool(item.surcharge_percent)) for item in overages}
    assert any(quota.downgrade and quota.downgrade.from_percent < 100 for quota in used)
    assert any(quota.prorated for quota in used)
    assert any(quota.schedule for quota in used)
    assert any(quota.learned for quota in used)
    assert any(quota.count_existing for quota in used)
    assert any(quota.header.formerly for quota in used)
    assert any(quota.header.enforcement is Enforcement.AUDIT for quota in used)


def test_it_says_what_is_not_counted_in_tokens(example: Compiled) -> None:
    """Prices of units and of tokens that are not text, and budgets of pictures, audio, batches and conversations."""
    assert example.policies is not None
    entries = example.policies.prices.entries
    units = {unit for entry in entries for unit in entry.price.rates.units}
    spoken = [entry.model for entry in entries if entry.price.rates.modalities]
    selected = [dict(quota.header.applies_to.terms) for quota in example.policies.quotas]
    operations = {one for terms in selected for one in terms.get("operation", ())}

    assert {"image", "audio_minute"} <= units
    assert ["openai/gpt-realtime"] == spoken
    assert {"image", "transcription", "batch", "realtime"} <= operations


def test_what_nobody_reports_on_is_charged_where_a_provider_bills_it(example: Compiled) -> None:
    """A batch and a conversation cost what they cost, reported or not; a lost chat is given back."""
    assert example.policies is not None
    charged = {quota.header.name for quota in example.policies.quotas if quota.charge_on_expiry}

    assert {"batch-weekly-spend", "voice-daily-spend"} == charged


def test_it_knows_what_models_are_used_for_and_who_may_stop_them(example: Compiled) -> None:
    """Use cases of every stage, one with a worth and a cost, a budget by stage, and people on call."""
    assert example.policies is not None
    cases = example.policies.organization.use_cases.values()
    selected = {field for quota in example.policies.quotas for field, _ in quota.header.applies_to.terms}

    assert {"experiment", "production", "retired"} <= {case.stage for case in cases}
    assert any(case.outcome_worth_nano_usd and case.expected_cost_nano_usd for case in cases)
    assert {"stage", "audience", "use_case"} <= selected
    assert example.policies.organization.can_stop


def test_it_offers_other_models(example: Compiled) -> None:
    """Fallback, a context limit's other model, a routing for `auto` and one that replaces."""
    assert example.policies is not None

    assert any(allowlist.fallback for allowlist in example.policies.allowlists)
    assert any(limit.downgrade_to for limit in example.policies.context_limits)
    assert {False, True} == {routing.replace for routing in example.policies.routings}
    assert set(Prefer) == {routing.prefer for routing in example.policies.routings}


def test_somebody_moves_on_a_date(example: Compiled) -> None:
    """A move is a second line of the CSV file."""
    assert example.policies is not None
    people = example.policies.organization.people.values()
    homes = [list(dict.fromkeys(at.team for at in one.placements)) for one in people]

    assert [["platform", "search"]] == [teams for teams in homes if len(teams) > 1]


def test_a_team_moves_on_a_date(example: Compiled) -> None:
    """A move is a second listing of the team, and one of all its people."""
    assert example.policies is not None
    organization = example.policies.organization
    places = [at.department for at in organization.teams["escalations"].placements]
    people = [one for one in organization.people.values() if "escalations" in one.teams]

    assert ["support", "engineering"] == places
    assert [places] * 7 == [[at.department for at in one.placements] for one in people]


def test_every_model_has_the_list_price_of_the_mission(example: Compiled) -> None:
    """Prices per million tokens are those of February 2026, in nano-USD."""
    assert example.policies is not None
    prices = {entry.model: entry.price.rates for entry in example.policies.prices.entries}
    listed = {
        # In February 2026 too, and not in the mission: what is not a question and an answer in text.
        "openai/dall-e-3": (0, 0),
        "openai/text-embedding-3-small": (20, 0),
        "openai/gpt-realtime": (4_000, 16_000),
        "self-hosted/whisper-large-v3": (0, 0),
        "anthropic/claude-opus-4": (15_000, 75_000),
        "openai/gpt-4o": (2_500, 10_000),
        "anthropic/claude-sonnet-4": (3_000, 15_000),
        "google/gemini-2.5-pro": (1_250, 10_000),
        "openai/gpt-4o-mini": (150, 600),
        "xai/grok-4.1-fast": (200, 500),
        "self-hosted/llama-3-70b": (900, 900),
    }

    found = {model: (rates.input, rates.output) for model, rates in prices.items()}

    assert {model: (a * 1_000_000, b * 1_000_000) for model, (a, b) in listed.items()} == found


def test_every_file_starts_with_its_schema_line() -> None:
    """Editors help from the first keystroke, with policies and with their tests."""
    wanted = {True: "TestSuite", False: "policy"}
    wrong = [
        path.name
        for path in (ROOT / "policies").glob("*.yaml")
        if path.read_text(encoding="utf-8").split("\n", 1)[0]
        != f"# yaml-language-server: $schema=../schemas/{wanted[path.name.endswith('.test.yaml')]}.schema.json"
    ]

    assert [] == wrong
