"""Model names: whatever way they are written, allowlist, price and quota see one id."""

import pickle
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governor.core.model_names import provider_name
from governor.core.models import Model, ModelCatalog, ResolvedModel

SONNET = "anthropic/claude-sonnet-4"
LLAMA = "self-hosted/llama-3-70b"

CATALOG = ModelCatalog(
    models={
        SONNET: Model(SONNET, tier="standard", max_output=64_000),
        LLAMA: Model(LLAMA, context_window=8_000),
        "openai/gpt-4o:extended": Model("openai/gpt-4o:extended"),
        "openai/gpt-4o": Model("openai/gpt-4o"),
        "one/twin": Model("one/twin"),
        "two/twin": Model("two/twin"),
    },
    aliases={"fast": LLAMA, "claude-4-sonnet": SONNET, "openai/gpt-4-omni": "openai/gpt-4o"},
    alias_globs=(("acme-*", LLAMA), ("acme-best-*", SONNET)),
)


@dataclass
class Shelf:
    """An external catalogue of some models, which counts how often it is asked."""

    models: dict[str, Model] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    __hash__ = object.__hash__

    def find(self, name: str, provider: str) -> Model | None:  # noqa: ARG002 - the protocol names it
        """Return the model of exactly this name."""
        self.asked.append(name)
        return self.models.get(name)

    def on_sale(self) -> Collection[str]:
        """Return the names of all of them."""
        return self.models


@pytest.mark.parametrize(
    ("asked", "model_id", "provider"),
    [
        ("anthropic/claude-sonnet-4", SONNET, ""),
        ("Anthropic/Claude-Sonnet-4", SONNET, ""),
        ("  claude-sonnet-4 ", SONNET, ""),
        ("claude-sonnet-4-20250514", SONNET, ""),
        ("claude-sonnet-4@20250514", SONNET, ""),
        ("claude-sonnet-4-latest", SONNET, ""),
        ("bedrock/anthropic.claude-sonnet-4-20250514-v1:0", SONNET, "bedrock"),
        ("bedrock/eu.anthropic.claude-sonnet-4-20250514-v1:0", SONNET, "bedrock"),
        ("bedrock/us-east-1/anthropic.claude-sonnet-4-20250514-v1:0", SONNET, "bedrock"),
        ("bedrock/converse/us.anthropic.claude-sonnet-4-20250514-v1:0", SONNET, "bedrock"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", SONNET, "bedrock"),
        ("apac.anthropic.claude-sonnet-4-20250514-v1:0:200k", SONNET, "bedrock"),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-4-20250514-v1:0", SONNET, "bedrock"),
        ("vertex_ai/claude-sonnet-4@20250514", SONNET, "vertex"),
        ("vertex/claude-sonnet-4", SONNET, "vertex"),
        ("projects/p/locations/eu/publishers/anthropic/models/claude-sonnet-4", SONNET, "vertex"),
        ("openrouter/anthropic/claude-sonnet-4:beta", SONNET, "openrouter"),
        ("openrouter/anthropic/claude-sonnet-4@preset/careful", SONNET, "openrouter"),
        ("openrouter/anthropic.claude-sonnet-4", SONNET, "openrouter"),
        ("azure/gpt-4o", "openai/gpt-4o", "azure"),
        ("azure_ai/gpt-4o-2024-08-06", "openai/gpt-4o", "azure"),
        ("azure/eu/gpt-4o-2024-08-06", "openai/gpt-4o", "azure"),
        ("litellm/openai/gpt-4o", "openai/gpt-4o", ""),
        ("openai/gpt-4o:extended", "openai/gpt-4o:extended", ""),
        ("openai/gpt-4o:free", "openai/gpt-4o", ""),
        ("fast", LLAMA, ""),
        ("FAST", LLAMA, ""),
        ("claude-4-sonnet-20250514", SONNET, ""),
        ("azure/openai/gpt-4-omni", "openai/gpt-4o", "azure"),
        ("acme-best-of-all", LLAMA, ""),
        ("bedrock/acme-x", LLAMA, "bedrock"),
        ("llama-3-70b", LLAMA, ""),
    ],
)
def test_every_way_to_write_a_model_means_the_model(asked: str, model_id: str, provider: str) -> None:
    """Case, providers, regions, dates, routing words and aliases come down to one id; what was asked is kept."""
    resolved = CATALOG.resolve(asked)

    assert (model_id, provider, asked, True) == (resolved.id, resolved.provider, resolved.asked, resolved.known)


@pytest.mark.parametrize(
    ("asked", "model_id", "provider"),
    [
        ("gpt-4.5-preview", "openai/gpt-4.5-preview", ""),
        ("azure/GPT-4.5-preview", "openai/gpt-4.5-preview", "azure"),
        ("models/gemini-9-pro", "google/gemini-9-pro", ""),
        ("gemini/gemini-9-pro", "google/gemini-9-pro", "google"),
        ("x-ai/grok-9", "xai/grok-9", ""),
        ("openrouter/meta-llama/llama-9:free", "meta/llama-9", "openrouter"),
        ("amazon.nova-pro-v1:0", "amazon/nova-pro-v1:0", "bedrock"),
        ("microsoft/phi-9", "microsoft/phi-9", ""),
        ("ft:gpt-4o:acme::a1", "ft:gpt-4o:acme::a1", ""),
        ("twin", "twin", ""),
        ("our-own-20250101", "our-own-20250101", ""),
        ("bedrock/", "bedrock", ""),
        ("", "", ""),
        ("///", "", ""),
        ("ünï cödé", "ünï cödé", ""),
    ],
)
def test_an_unknown_model_stays_unknown_but_clean(asked: str, model_id: str, provider: str) -> None:
    """Nothing is guessed but the spelling and the family's maker, so that a deny on the maker's models holds."""
    expected = ResolvedModel(model_id, provider, asked, known=False, model=Model(model_id))

    assert expected == CATALOG.resolve(asked)


@given(st.text(max_size=300), st.text(max_size=20))
def test_odd_names_never_raise(asked: str, provider: str) -> None:
    """Any text resolves to something, and what it resolves to keeps what was asked."""
    assert asked == CATALOG.resolve(asked, provider).asked


PREFIXES = ["", "bedrock/", "azure/", "openrouter/", "eu.", "anthropic.", "models/", "arn:aws:bedrock:x/", "ft:"]
SUFFIXES = ["", "-v1:0", "-20250514", "-latest", ":free", "@preset/x", "-2024-08-06"]


@given(
    st.lists(st.sampled_from(PREFIXES), max_size=4), st.sampled_from(["gpt-9", "claude-9"]), st.sampled_from(SUFFIXES)
)
def test_resolving_what_was_resolved_changes_nothing(prefixes: list[str], name: str, suffix: str) -> None:
    """A canonical id, known or not, is its own canonical id."""
    model_id = CATALOG.resolve("".join(prefixes) + name + suffix).id

    assert model_id == CATALOG.resolve(model_id).id


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("vertex_ai", "vertex"),
        ("aws.bedrock", "bedrock"),
        ("Azure", "azure"),
        ("az.ai.openai", "azure"),
        ("x-ai", "xai"),
        ("gcp.gemini", "google"),
        (" OpenAI ", "openai"),
        ("Our-Cluster", "our-cluster"),
        ("", ""),
    ],
)
def test_a_provider_has_one_short_name(text: str, name: str) -> None:
    """Spellings of gateways and of OpenTelemetry come down to one; an unknown provider is only cleaned."""
    assert name == provider_name(text)


def test_the_callers_provider_outranks_the_names() -> None:
    """A gateway that says who serves a model knows better than the name it uses."""
    assert "vertex" == CATALOG.resolve("bedrock/anthropic.claude-sonnet-4", "vertex_ai").provider


def test_the_catalogue_is_asked_for_what_policies_do_not_list() -> None:
    """The external catalogue names a model that no policy lists, and fills in what the policies leave open."""
    shelf = Shelf(
        {
            "mini": Model("openai/gpt-4o-mini", context_window=128_000),
            SONNET: Model(SONNET, context_window=200_000, max_output=1),
        }
    )
    sonnet = CATALOG.resolve("claude-sonnet-4-20250514", "", shelf).model

    assert Model("openai/gpt-4o-mini", context_window=128_000) == CATALOG.resolve("azure/mini", "", shelf).model
    assert (200_000, 64_000, "standard") == (sonnet.context_window, sonnet.max_output, sonnet.tier)


def test_what_the_catalogue_answers_may_be_an_alias_here() -> None:
    """The target of an alias is what is checked, also when the catalogue made the first step."""
    shelf = Shelf({"omni": Model("openai/gpt-4-omni")})

    assert "openai/gpt-4o" == CATALOG.resolve("omni", "", shelf).id


def test_a_listed_model_and_the_catalogues_are_one_however_they_are_spelt() -> None:
    """A policy may write versions with a dot where the catalogue writes a dash: requests mean the policy's model."""
    dotted = ModelCatalog(models={"xai/grok-4.1": Model("xai/grok-4.1")})
    dashed = Model("xai/grok-4-1", context_window=9)
    shelf = Shelf({"xai/grok-4.1": dashed, "xai/grok-4-1": dashed, "grok-4-1": dashed})
    resolved = dotted.resolve("grok-4-1", "", shelf)

    assert ("xai/grok-4.1", True, 9) == (resolved.id, resolved.known, resolved.model.context_window)


def test_two_listings_of_one_model_are_not_guessed_between() -> None:
    """Where two listed dates are one model to the catalogue, its own id stands for it."""
    models = {name: Model(name) for name in ("openai/gpt-4o-2024-08-06", "openai/gpt-4o-2024-11-20")}
    shelf = Shelf(dict.fromkeys((*models, "gpt-4o"), Model("openai/gpt-4o")))

    assert "openai/gpt-4o" == ModelCatalog(models=models).resolve("gpt-4o", "", shelf).id


def test_a_catalogue_that_policies_do_not_use_is_not_asked() -> None:
    """`catalogue: none` means that only listed models are known."""
    shelf = Shelf({"mini": Model("openai/gpt-4o-mini")})
    resolved = ModelCatalog(use_catalogue=False).resolve("mini", "", shelf)

    assert not resolved.known
    assert [] == shelf.asked


def test_a_name_is_worked_out_once() -> None:
    """The second request for a model does not ask the catalogue again."""
    shelf = Shelf({"mini": Model("openai/gpt-4o-mini")})
    catalog = ModelCatalog()
    first = catalog.resolve("mini", "", shelf)
    asked = len(shelf.asked)

    assert first == catalog.resolve("mini", "", shelf)
    assert asked == len(shelf.asked)


def test_a_catalog_survives_a_trip_between_processes() -> None:
    """What was remembered stays behind; the policies arrive whole and equal."""
    CATALOG.resolve("fast")
    copy = pickle.loads(pickle.dumps(CATALOG))

    assert copy == CATALOG
    assert CATALOG.resolve("acme-x") == copy.resolve("acme-x")
