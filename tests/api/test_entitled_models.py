"""Which models entitlements list where policies name none, or only patterns: those of the price catalogue."""

from pathlib import Path
from typing import Any

from governor.core.keys import Role
from tests.api.world import POLICIES, QUOTAS, Server, StandingClock, question, running, settings_for

ORGANIZATION = POLICIES.split("---")[0]
LIBRARY = """---
{apiVersion: governor/v1, kind: PriceBook, name: prices, catalogue: genai-prices}
"""
NO_MODELS = """---
{apiVersion: governor/v1, kind: ModelCatalog, name: models, catalogue: none}
"""
SONNETS = """---
apiVersion: governor/v1
kind: ModelAllowlist
name: sonnets
allow: ["anthropic/claude-sonnet-*"]
deny: ["zai/glm-*"]
"""


def write(folder: Path, *texts: str) -> None:
    """Write an organisation of these documents."""
    (folder / "organization.yaml").write_text("".join(texts))
    (folder / "quotas.yaml").write_text(QUOTAS)


async def entitled(server: Server) -> dict[str, Any]:
    """Return what Mia is told."""
    async with server.client(Role.VIEWER) as client:
        answer: dict[str, Any] = (await client.get("/entitlements?user=mia@acme.example")).json()
    return answer


def models_in(answer: dict[str, Any]) -> list[str]:
    """Return the models of production."""
    return [model["model"] for model in answer["environments"][0]["models"]]


async def test_where_no_list_is_needed_all_models_of_the_catalogue_are_listed_with_their_budgets(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """An organisation that names no model still says who somebody is, what may be used, and out of which budgets."""
    write(
        policies,
        ORGANIZATION.replace("default_environment: prod", "default_environment: prod\nunlisted: allow"),
        LIBRARY,
    )
    async with running(settings_for(sqlite_url, policies), standing) as server:
        answer = await entitled(server)

    assert "marketing" == answer["attributes"]["department"]
    assert {"openai/gpt-4o", "anthropic/claude-sonnet-4"} < set(models_in(answer))
    assert ["Quota/company-spend", "Quota/department-spend", "Quota/user-requests"] == [
        budget["policy"] for budget in answer["environments"][0]["budgets"]
    ]


async def test_a_pattern_lists_the_catalogues_models_that_decide_allows(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """What an allowlist's pattern means is listed by name, each is allowed, and nothing else is."""
    write(policies, ORGANIZATION, LIBRARY, SONNETS)
    async with running(settings_for(sqlite_url, policies), standing) as server:
        listed = models_in(await entitled(server))
        async with server.client() as client:
            verdicts = [
                (await client.post("/decide", json=question(model=model, input_tokens=10))).json()["verdict"]
                for model in listed
            ]
            other = (await client.post("/decide", json=question(model="gpt-4o"))).json()
            denied = (await client.post("/decide", json=question(model="GLM-4.5V"))).json()

    assert "anthropic/claude-sonnet-4" in listed
    assert all(model.startswith("anthropic/claude-sonnet-") for model in listed)
    assert {"allow"} == set(verdicts)
    assert "deny" == other["verdict"]
    assert ("zai/glm-4.5v", "model_denied") == (denied["model"], denied["reasons"][0]["code"])


async def test_where_no_model_is_known_entitlements_still_say_who_somebody_is(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """Nothing can be used, and that is no reason to know nobody."""
    write(policies, ORGANIZATION, NO_MODELS)
    async with running(settings_for(sqlite_url, policies), standing) as server:
        answer = await entitled(server)

    assert "growth" == answer["attributes"]["team"]
    assert [] == models_in(answer)


UNBOUNDED = """---
apiVersion: governor/v1
kind: PriceBook
name: prices
catalogue: genai-prices
prices: [{model: house/llama, from: 2026-01-01, input: 1 USD per 1M tokens, output: 2 USD per 1M tokens}]
---
{apiVersion: governor/v1, kind: ModelAllowlist, name: two, allow: [openai/gpt-4o, house/llama]}
"""
SIZES = ("max_input_tokens", "max_output_tokens")


async def test_an_answer_is_listed_as_long_as_decide_lets_it_be(
    sqlite_url: str, policies: Path, standing: StandingClock
) -> None:
    """What is held where a request states no output is an estimate, and not what an answer may have."""
    write(policies, ORGANIZATION, UNBOUNDED)
    async with running(settings_for(sqlite_url, policies), standing) as server:
        listed = (await entitled(server))["environments"][0]["models"]
        async with server.client() as client:
            asked = question(model="gpt-4o", input_tokens=1, max_output_tokens=100_000)
            verdict = (await client.post("/decide", json=asked)).json()["verdict"]

    sizes = {model["model"]: tuple(model[size] for size in SIZES) for model in listed}
    assert {"house/llama": (None, None), "openai/gpt-4o": (128_000, 128_000)} == sizes
    assert "allow" == verdict
