"""The examples of the language's design page are policies: they load as they are written there."""

from datetime import UTC, datetime
from pathlib import Path
from shutil import copy

import pytest

from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import Compiled, compile_folder
from governor.core.policy.header import Enforcement, Header
from governor.core.policy.use_case import Audience, Stage
from governor.core.units import Unit

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
EXAMPLES = Path(__file__).parent / "examples"


def compiled(example: str, folder: Path) -> Compiled:
    """Compile one file of ``examples``."""
    copy(EXAMPLES / example, folder)
    return compile_folder(folder, NOW, genai_prices())


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir()))
def test_an_example_loads_as_written(example: str, tmp_path: Path) -> None:
    """Without an error: the page promises these very words."""
    found = compiled(example, tmp_path)

    assert found.policies is not None, [str(problem) for problem in found.problems]


def test_every_kind_of_the_page_means_what_it_says(tmp_path: Path) -> None:
    """Numbers, dates and globs of the page become the values that they name."""
    policies = compiled("language.yaml", tmp_path).policies
    assert policies is not None
    (quota,) = policies.quotas
    (allowlist,) = policies.allowlists
    (use_case,) = policies.organization.use_cases.values()
    opus = next(entry.price for entry in policies.prices.entries if entry.model == "anthropic/claude-opus-4")

    assert (Unit.USD, 20_000 * 10**9, ("department",), 80, 600) == (
        quota.unit,
        quota.limit,
        quota.per,
        quota.soft_limit_percent,
        quota.hold_for_s,
    )
    assert [120_000 * 10**9] == [limit.limit for limit in quota.limits]
    assert [(datetime(2026, 12, 31, 23, tzinfo=UTC), 25_000 * 10**9)] == [(d.from_at, d.limit) for d in quota.schedule]
    assert ("anthropic/claude-sonnet-*", "openai/gpt-4o-mini", "google/gemini-*-flash") == allowlist.allow
    assert (15 * 10**9, 75 * 10**9) == (opus.rates.input, opus.rates.output)
    assert (Stage.PRODUCTION, Audience.CUSTOMER, 4_500_000_000, 350_000_000) == (
        use_case.stage,
        use_case.audience,
        use_case.outcome_worth_nano_usd,
        use_case.expected_cost_nano_usd,
    )


def test_the_envelope_of_the_page_means_what_it_says(tmp_path: Path) -> None:
    """Every field of the envelope reaches the header."""
    policies = compiled("envelope.yaml", tmp_path).policies
    assert policies is not None
    header = policies.quotas[0].header
    excluded = header.excluded

    assert excluded is not None
    assert (("user", ("ceo@acme.example",)),) == excluded.terms
    assert (("department", ("marketing", "sales-*")), ("environment", ("prod",))) == header.applies_to.terms
    assert (
        Header(
            kind="Quota",
            name="marketing-monthly-spend",
            source=header.source,
            formerly=("mkt-spend",),
            description="Marketing's monthly AI budget.",
            owner="finops@acme.example",
            reason="Board decision 2026-09-14",
            review_by=datetime(2027, 3, 31, tzinfo=UTC).date(),
            effective_from=datetime(2026, 10, 1, tzinfo=UTC),
            enforcement=Enforcement.ENFORCE,
            exceptions_allowed=True,
            applies_to=header.applies_to,
            excluded=excluded,
        )
        == header
    )
