"""What is written becomes values of the core: dates, models, prices, quotas."""

from datetime import UTC, date, datetime
from pathlib import Path

from governor.compiler.load import compile_folder
from governor.core.decisions.snapshot import PolicySet
from governor.core.periods import Every, PeriodDefinition
from governor.core.policy.header import Enforcement, Selector
from governor.core.policy.kinds import DatedLimit, LimitFor, WhenReached
from governor.core.units import Counts, Unit

NOW = datetime(2026, 11, 20, tzinfo=UTC)
USD = 1_000_000_000
ORGANIZATION = """\
apiVersion: governor/v1
kind: Organization
name: acme
time_zone: Europe/Berlin
fiscal_year_start: 04-01
week_starts: sunday
departments: [{name: marketing}, {name: sales-emea}]
---
apiVersion: governor/v1
kind: ModelCatalog
name: models
catalogue: none
models:
  - {id: Anthropic/Claude-Sonnet-4, aliases: [claude-sonnet-4], context_window: 200k tokens}
  - {id: openai/gpt-4o-mini}
groups:
  - {name: cheap, models: [openai/gpt-4o-mini, "Google/Gemini-*-Flash"]}
  - {name: all, models: ["group:cheap", claude-sonnet-4]}
"""


def compiled(tmp_path: Path, text: str) -> PolicySet:
    """Compile policies beside the small organisation; without errors."""
    (tmp_path / "org.yaml").write_text(ORGANIZATION, encoding="utf-8")
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    result = compile_folder(tmp_path, NOW)
    assert result.policies is not None, "\n".join(map(str, result.problems))
    return result.policies


def test_a_quota_is_built_as_written(tmp_path: Path) -> None:
    """Every field of a quota arrives, with amounts in the unit of its limit."""
    policies = compiled(
        tmp_path,
        """\
apiVersion: governor/v1
kind: Quota
name: spend
formerly: [first-name, second-name]
enforcement: warn
exceptions: never
applies_to: {department: [marketing, "sales-*"], model: [claude-sonnet-4, "group:cheap"]}
except: {user: Mia}
if_missing: applies
per: [department, tags.customer]
limit: 20k USD
limits: [{department: marketing, limit: 5k USD}]
schedule: [{from: 2027-01-01, limit: 25k USD}]
period: {every: month, from: 2026-01-31}
soft_limit: 80%
when_reached: warn
reserve: {hold_for: 5 minutes, on_expiry: charge}
on_ledger_failure: allow
""",
    )
    (quota,) = policies.quotas
    header = quota.header

    assert "first-name" == quota.root
    assert (Enforcement.WARN, False, True) == (header.enforcement, header.exceptions_allowed, header.if_missing_applies)
    assert header.applies_to == Selector(
        (
            ("department", ("marketing", "sales-*")),
            ("model", ("anthropic/claude-sonnet-4", "openai/gpt-4o-mini", "google/gemini-*-flash")),
        )
    )
    assert Selector((("user", ("mia",)),)) == header.excluded
    assert ("department", "tags.customer") == quota.per
    assert (Unit.USD, 20_000 * USD, Counts.ALL) == (quota.unit, quota.limit, quota.counts)
    assert (LimitFor(Selector((("department", ("marketing",)),)), 5_000 * USD),) == quota.limits
    assert (DatedLimit(datetime(2026, 12, 31, 23, tzinfo=UTC), 25_000 * USD),) == quota.schedule
    assert PeriodDefinition(Every.MONTH, "Europe/Berlin", date(2026, 1, 31), 0, 7, (4, 1)) == quota.period
    assert (80, None, WhenReached.WARN) == (quota.soft_limit_percent, quota.soft_limit, quota.when_reached)
    assert (300, True, True) == (quota.hold_for_s, quota.charge_on_expiry, quota.fail_open)
    assert "p.yaml:1" == str(header.source)


def test_dates_are_days_of_the_organisation(tmp_path: Path) -> None:
    """A first day begins at its local midnight, a last day is in force to its end, also when the clocks change."""
    policies = compiled(
        tmp_path,
        "apiVersion: governor/v1\nkind: ContextLimit\nname: a\nmax_output: 1k tokens\n"
        "effective_from: 2026-10-25\neffective_until: 2027-03-28\n",
    )
    (limit,) = policies.context_limits

    assert datetime(2026, 10, 24, 22, tzinfo=UTC) == limit.header.effective_from
    assert datetime(2027, 3, 28, 22, tzinfo=UTC) == limit.header.effective_until


def test_nothing_absent_and_everything_are_three_things(tmp_path: Path) -> None:
    """`[]`, absent and `["*"]` stay different."""
    text = "".join(
        f"---\napiVersion: governor/v1\nkind: ModelAllowlist\nname: {name}\n{fields}\n"
        for name, fields in (("a", "allow: []"), ("b", "deny: [x/y]"), ("c", 'allow: ["*"]'))
    )

    found = [allowlist.allow for allowlist in compiled(tmp_path, text).allowlists]

    assert [(), None, ("*",)] == found


def test_groups_are_expanded_and_ids_canonical(tmp_path: Path) -> None:
    """Groups inside groups, aliases and capitals end in canonical ids; patterns stay plain text in lower case."""
    policies = compiled(
        tmp_path,
        "apiVersion: governor/v1\nkind: ModelAllowlist\nname: a\nallow: ['group:all']\nfallback: ['group:all']\n"
        "---\napiVersion: governor/v1\nkind: PriceBook\nname: p\ncatalogue: none\n"
        "prices:\n  - {model: Claude-Sonnet-4, input: 3 USD per 1M tokens}\n"
        "  - {model: openai/gpt-4o-mini, input: 1 USD per 1M tokens}\n",
    )
    (allowlist,) = policies.allowlists

    assert ("openai/gpt-4o-mini", "google/gemini-*-flash", "anthropic/claude-sonnet-4") == allowlist.allow
    assert ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4") == allowlist.fallback
    assert 200_000 == policies.catalog.models["anthropic/claude-sonnet-4"].context_window
    assert "anthropic/claude-sonnet-4" == policies.prices.entries[0].model


def test_prices_are_dated_tiered_and_sourced(tmp_path: Path) -> None:
    """Rates are nano-USD per million tokens, tiers ascend, discounts are basis points, each line knows its place."""
    policies = compiled(
        tmp_path,
        """\
apiVersion: governor/v1
kind: PriceBook
name: p
catalogue: none
unknown_price: {use: {input: 20 USD per 1M tokens, output: 100 USD per 1M tokens}}
prices:
  - model: anthropic/claude-sonnet-4
    provider: vertex_ai
    from: 2026-02-01
    input: 3 USD per 1M tokens
    output: 0.015 USD per 1k tokens
    per_request: 0 USD
    units: {image: 0.04 USD}
    above:
      - {context: 400k tokens, input: 9 USD per 1M tokens}
      - {context: 200k tokens, input: 6 USD per 1M tokens}
    batch: {discount: 50%}
discounts:
  - {provider: anthropic, discount: 12.5%, from: 2026-04-01}
""",
    )
    book = policies.prices
    (entry,) = book.entries
    rates = entry.price.rates

    assert (3 * USD, 15 * USD, 0, None) == (rates.input, rates.output, rates.per_request, rates.cached_input)
    assert {"image": 40_000_000} == rates.units
    assert [200_000, 400_000] == [tier.context_tokens for tier in entry.price.tiers]
    assert (5_000, "p.yaml:7") == (entry.price.batch_discount_bp, entry.price.origin)
    assert ("vertex", datetime(2026, 1, 31, 23, tzinfo=UTC)) == (entry.provider, entry.from_at)
    assert [("anthropic", 1_250)] == [(discount.provider, discount.discount_bp) for discount in book.discounts]
    assert book.unknown_price is not None
    assert 20 * USD == book.unknown_price.rates.input
    assert ("PriceBook/p", False) == (book.policy, book.use_catalogue)
