"""The price catalogue: the library's own data, and the library itself as the oracle."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from threading import Thread

import genai_prices
import pytest
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from governor.clients.list_prices import DatedPrice, DearestPrice
from governor.clients.price_catalogue import GenaiPrices, known_model_ids
from governor.clients.price_catalogue import genai_prices as catalogues
from governor.core.globs import matches
from governor.core.models import ModelCatalog
from governor.core.money import NANO_PER_USD, Rounding
from governor.core.prices import Price, cost_nano_usd
from governor.core.usage import Usage

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
CATALOGUE = GenaiPrices()

ONE_OF_EACH = [
    ("anthropic/claude-sonnet-4", "anthropic", "claude-sonnet-4-0", "anthropic"),
    ("anthropic/claude-opus-4", "anthropic", "claude-opus-4-0", "anthropic"),
    ("anthropic/claude-sonnet-4-5", "vertex", "claude-sonnet-4-5", "google"),
    ("openai/gpt-4o", "openai", "gpt-4o", "openai"),
    ("openai/gpt-4o-mini", "openai", "gpt-4o-mini", "openai"),
    ("openai/gpt-4o-mini", "azure", "gpt-4o-mini", "azure"),
    ("google/gemini-2.5-pro", "google", "gemini-2.5-pro", "google"),
    ("google/gemini-2.5-pro", "vertex", "gemini-2.5-pro", "google"),
    ("xai/grok-4-1-fast", "xai", "grok-4-1-fast-reasoning", "x-ai"),
    ("anthropic/claude-sonnet-4", "openrouter", "anthropic/claude-sonnet-4", "openrouter"),
    ("meta/llama-3.3-70b-instruct", "openrouter", "meta-llama/llama-3.3-70b-instruct", "openrouter"),
]


def known(model_id: str, provider: str = "", at: datetime = NOW) -> Price:
    """Return a price that the catalogue must know."""
    price = CATALOGUE.price(model_id, provider, at)
    assert price is not None
    return price


@pytest.mark.parametrize(("model_id", "provider", "ref", "seller"), ONE_OF_EACH)
@pytest.mark.parametrize("tokens", [1_000, 300_000])
@pytest.mark.parametrize("batch", [False, True])
def test_a_call_costs_what_the_library_says(
    model_id: str, provider: str, ref: str, seller: str, *, tokens: int, batch: bool
) -> None:
    """Cached, long, batch and ordinary calls agree with the library to the nano-USD."""
    usage = Usage(tokens, cached_input_tokens=tokens // 4, cache_write_tokens=tokens // 8, output_tokens=777)
    listed = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=tokens,
            cache_read_tokens=tokens // 4,
            cache_write_tokens=tokens // 8,
            output_tokens=777,
        ),
        ref,
        provider_id=seller,
        genai_request_timestamp=NOW,
        price_context={"processing": "batch"} if batch else None,
    )
    expected = int((listed.total_price * NANO_PER_USD).to_integral_value())

    assert expected == cost_nano_usd(known(model_id, provider), usage, Rounding.HALF_UP, batch=batch)


@pytest.mark.parametrize(
    ("model_id", "input_usd", "output_usd"),
    [
        ("anthropic/claude-opus-4", "15", "75"),
        ("openai/gpt-4o", "2.5", "10"),
        ("anthropic/claude-sonnet-4", "3", "15"),
        ("google/gemini-2.5-pro", "1.25", "10"),
        ("openai/gpt-4o-mini", "0.15", "0.6"),
        ("xai/grok-4-1-fast", "0.2", "0.5"),
    ],
)
def test_the_list_prices_that_people_know_are_there(model_id: str, input_usd: str, output_usd: str) -> None:
    """The models of the price lists cost what the lists say, also while nobody says who serves them."""
    rates = known(model_id).rates

    assert (Decimal(input_usd) * NANO_PER_USD, Decimal(output_usd) * NANO_PER_USD) == (rates.input, rates.output)


@pytest.mark.parametrize(
    ("asked", "model_id", "provider"),
    [
        ("claude-sonnet-4-20250514", "anthropic/claude-sonnet-4", ""),
        ("claude-sonnet-4-0", "anthropic/claude-sonnet-4", ""),
        ("anthropic/claude-sonnet-4", "anthropic/claude-sonnet-4", ""),
        ("claude-sonnet-4.5", "anthropic/claude-sonnet-4-5", ""),
        ("bedrock/eu.anthropic.claude-sonnet-4-20250514-v1:0", "anthropic/claude-sonnet-4", "bedrock"),
        ("vertex_ai/claude-sonnet-4-5@20250929", "anthropic/claude-sonnet-4-5", "vertex"),
        ("gpt-4o-2024-08-06", "openai/gpt-4o", ""),
        ("gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13", ""),
        ("azure/gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini", "azure"),
        ("GPT-4o", "openai/gpt-4o", ""),
        ("gemini/gemini-2.5-pro", "google/gemini-2.5-pro", "google"),
        ("grok-4.1-fast", "xai/grok-4-1-fast", ""),
        ("x-ai/grok-4", "xai/grok-4", ""),
        ("bedrock/amazon.nova-pro-v1:0", "amazon/nova-pro", "bedrock"),
        ("groq/llama-3.3-70b-versatile", "meta/llama-3.3-70b-versatile", "groq"),
        ("openrouter/meta-llama/llama-3.3-70b-instruct", "meta/llama-3.3-70b-instruct", "openrouter"),
    ],
)
def test_real_names_resolve_to_priced_models(asked: str, model_id: str, provider: str) -> None:
    """Whatever a gateway writes, the model is found once and has a price with who serves it."""
    resolved = ModelCatalog().resolve(asked, "", CATALOGUE)

    assert (model_id, provider, True) == (resolved.id, resolved.provider, resolved.known)
    assert CATALOGUE.price(resolved.id, resolved.provider, NOW) is not None


def test_every_known_id_is_its_own_canonical_id() -> None:
    """Resolving an id of the catalogue gives that id, for each of them."""
    catalog = ModelCatalog()
    ids = known_model_ids()

    assert len(ids) > 200
    assert ids == {catalog.resolve(model_id, "", CATALOGUE).id for model_id in ids}


def test_ids_are_in_lower_case_so_that_every_pattern_finds_them() -> None:
    """Patterns are compared in lower case: a denied ``zai/glm-*`` must not miss what its maker writes ``GLM-4.5V``."""
    resolved = {ModelCatalog().resolve(name, "", CATALOGUE).id for name in ("GLM-4.5V", "zai/glm-4.5v", "ZAI/GLM-4.5V")}

    assert {"zai/glm-4.5v"} == resolved
    assert matches("zai/glm-*", *resolved)
    assert [] == [model_id for model_id in known_model_ids() if model_id != model_id.lower()]


def test_nearly_every_known_model_has_a_price() -> None:
    """The library lists a few models without any price; all others can be priced by their canonical id."""
    priced = [model_id for model_id in known_model_ids() if CATALOGUE.price(model_id, "", NOW) is not None]

    assert len(priced) > 0.95 * len(known_model_ids())


def test_the_context_window_is_known_where_the_library_knows_it() -> None:
    """A model carries its window; where the library is silent it is unset, not zero."""
    gpt, gemini = CATALOGUE.find("gpt-4o-mini", ""), CATALOGUE.find("gemini-2.5-pro", "")

    assert gpt is not None
    assert gemini is not None
    assert 128_000 == gpt.context_window
    assert gemini.context_window is None


@pytest.mark.parametrize(("model_id", "provider"), [("acme/unheard-of", ""), ("", ""), ("openai/gpt-4o", "groq")])
def test_what_the_library_does_not_list_is_unknown(model_id: str, provider: str) -> None:
    """No model, and a provider known not to serve it, have no price."""
    assert CATALOGUE.price(model_id, provider, NOW) is None


def test_an_unheard_of_model_is_not_found() -> None:
    """The catalogue answers None, never something like it."""
    assert CATALOGUE.find("unheard-of", "") is None
    assert CATALOGUE.find("acme/unheard-of", "openrouter") is None


def test_while_nobody_says_who_serves_it_the_dearest_market_counts() -> None:
    """A Bedrock region asks a tenth more than the maker: the hold is the dearer; so it is behind an unknown gateway."""
    maker, region = known("anthropic/claude-sonnet-4-5", "anthropic"), known("anthropic/claude-sonnet-4-5", "bedrock")

    assert (maker.rates.output or 0) < (region.rates.output or 0)
    assert region.rates.output == known("anthropic/claude-sonnet-4-5").rates.output
    assert region.rates.output == known("anthropic/claude-sonnet-4-5", "our-own-gateway").rates.output


def test_a_price_changes_on_its_date_and_by_the_hour() -> None:
    """Dated and time-of-day prices follow the instant of the call, in UTC."""
    day, night = (ModelPrice(input_mtok=Decimal(usd)) for usd in ("2", "1"))
    info = ModelInfo(
        id="m",
        match=ClauseEquals("m"),
        prices=[
            ConditionalPrice(None, prices=ModelPrice(input_mtok=Decimal(9))),
            ConditionalPrice(StartDateConstraint(datetime(2026, 3, 13, tzinfo=UTC).date()), prices=day),
            ConditionalPrice(TimeOfDateConstraint(time(1, tzinfo=UTC), time(4, tzinfo=UTC)), prices=night),
        ],
    )
    dated = DatedPrice(info)
    moments = ("2026-03-12T23:59:59", "2026-03-13T00:00:00", "2026-03-13T03:59:59", "2026-03-13T04:00:00")
    prices = [dated.at(datetime.fromisoformat(f"{moment}+00:00")) for moment in moments]

    remembering = DearestPrice([dated])
    again = [remembering.at(datetime.fromisoformat(f"{moment}+00:00")) for moment in moments]

    assert prices == again
    assert [9, 2, 1, 2] == [price.rates.input // NANO_PER_USD for price in prices if price and price.rates.input]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 90 * 24 * 60), min_size=1, max_size=8))
def test_what_is_remembered_ends_when_a_price_changes(minutes: list[int]) -> None:
    """Instants in any order get the price that a fresh look-up gives, on models with dates and hours of their own."""
    models = ("deepseek/deepseek-v4-flash", "deepseek/deepseek-v4-pro", "openai/gpt-4o")
    for model_id, minute in product(models, minutes):
        at = datetime(2026, 8, 15, tzinfo=UTC) + timedelta(minutes=minute)

        assert GenaiPrices().price(model_id, "", at) == CATALOGUE.price(model_id, "", at)


def test_batch_prices_begin_on_their_date() -> None:
    """Before the library's batch list begins, batch calls cost what others cost."""
    before = known("openai/gpt-4o", "openai", datetime(2026, 10, 13, 23, 59, tzinfo=UTC))

    assert before.batch is None
    assert known("openai/gpt-4o", "openai").batch is not None


def test_a_listing_without_any_price_is_unknown_and_a_free_one_is_free() -> None:
    """No price and a price of zero are different."""
    nothing = ModelInfo(id="m", match=ClauseEquals("m"), prices=ModelPrice())
    free = ModelInfo(id="m", match=ClauseEquals("m"), prices=ModelPrice(input_mtok=Decimal(0)))
    price = DatedPrice(free).at(NOW)

    assert DatedPrice(nothing).at(NOW) is None
    assert price is not None
    assert 0 == price.rates.input


def test_tiers_that_begin_at_different_sizes_are_all_kept() -> None:
    """Each kind changes at its own threshold, as in the library."""
    listed = ModelPrice(
        input_mtok=TieredPrices(Decimal(1), [Tier(100, Decimal(2))]),
        output_mtok=TieredPrices(Decimal(3), [Tier(200, Decimal(4))]),
    )
    info = ModelInfo(id="m", match=ClauseEquals("m"), prices=listed)
    price = DatedPrice(info).at(NOW)
    assert price is not None
    usages = [Usage(input_tokens=tokens, output_tokens=1_000) for tokens in (100, 101, 200, 201)]
    expected = [100 + 3_000, 202 + 3_000, 400 + 3_000, 402 + 4_000]

    assert [micro * 1_000 for micro in expected] == [cost_nano_usd(price, usage, Rounding.UP) for usage in usages]


def test_a_price_is_converted_once() -> None:
    """The same price object is answered for every call of the same epoch."""
    assert known("openai/gpt-4o", "openai") is known("openai/gpt-4o", "openai")


def test_there_is_one_catalogue_in_a_process() -> None:
    """Every snapshot shares what was looked up."""
    assert catalogues() is catalogues()
    assert catalogues().models is not None
    assert catalogues().prices is not None


def test_threads_see_the_same_catalogue() -> None:
    """Looking up the same models at once from several threads gives every thread the same answers."""
    fresh, ids = GenaiPrices(), sorted(known_model_ids())[:60]
    answers: list[list[Price | None]] = []
    threads = [Thread(target=lambda: answers.append([fresh.price(i, "", NOW) for i in ids])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [[CATALOGUE.price(model_id, "", NOW) for model_id in ids]] * 4 == answers
