"""The PriceBook as it is written."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from governor.compiler.shapes.envelope import Envelope
from governor.compiler.shapes.fields import Day, Money, Pattern, Percent, Price, Provider, Shape, Tokens
from governor.compiler.shapes.models import CatalogueName


class RatesShape(Shape, kw_only=True):
    """Prices by kind of token. A kind that is absent costs what the kind it belongs to costs."""

    input: Annotated[Price | UnsetType, Meta(description="Input tokens.", examples=["15.00 USD per 1M tokens"])] = UNSET
    cached_input: Annotated[
        Price | UnsetType,
        Meta(description="Input read from a cache; absent: as input.", examples=["1.50 USD per 1M tokens"]),
    ] = UNSET
    cache_write: Annotated[
        Price | UnsetType,
        Meta(description="Input written to a cache; absent: as input.", examples=["18.75 USD per 1M tokens"]),
    ] = UNSET
    cache_write_1h: Annotated[
        Price | UnsetType,
        Meta(
            description="Input written to a cache that lives an hour; absent: as cache_write.",
            examples=["30.00 USD per 1M tokens"],
        ),
    ] = UNSET
    output: Annotated[Price | UnsetType, Meta(description="Output tokens.", examples=["75.00 USD per 1M tokens"])] = (
        UNSET
    )
    reasoning: Annotated[
        Price | UnsetType,
        Meta(
            description="Reasoning tokens, a part of the output; absent: as output.",
            examples=["75.00 USD per 1M tokens"],
        ),
    ] = UNSET
    per_request: Annotated[
        Money | UnsetType, Meta(description="What each call costs beside its tokens.", examples=["0 USD"])
    ] = UNSET
    units: Annotated[
        dict[Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")], Money],
        Meta(
            description="Prices of one unit of what is not counted in tokens.",
            examples=[{"image": "0.04 USD", "audio_minute": "0.006 USD", "search": "0.01 USD"}],
        ),
    ] = field(default_factory=dict)
    modalities: Annotated[
        dict[Annotated[str, Meta(pattern="^(input|cached|output)_(audio|image|video)$")], Price],
        Meta(
            description="Prices of tokens that are not text, where they have one of their own; absent: what the "
            "catalogue says, else as the input, cached input or output that they are a part of.",
            examples=[{"input_audio": "40.00 USD per 1M tokens", "output_audio": "80.00 USD per 1M tokens"}],
        ),
    ] = field(default_factory=dict)


class TierShape(RatesShape, kw_only=True):
    """Prices of the whole request when its input is larger than `context`."""

    context: Annotated[
        Tokens, Meta(description="Input above this has the prices of this tier.", examples=["200k tokens"])
    ]


class BatchShape(Shape, kw_only=True):
    """What calls through a batch interface cost."""

    discount: Annotated[Percent, Meta(description="Batch calls cost this much less.", examples=["50%"])]


class UnknownPriceShape(Shape, kw_only=True):
    """The price of models that have none."""

    use: Annotated[
        RatesShape,
        Meta(
            description="The prices to count with; choose dear ones.",
            examples=[{"input": "20 USD per 1M tokens", "output": "100 USD per 1M tokens"}],
        ),
    ]


class PriceShape(RatesShape, kw_only=True):
    """One dated price of a model."""

    model: Annotated[Pattern, Meta(description="A model, or a pattern with `*`.", examples=["anthropic/claude-opus-4"])]
    provider: Annotated[
        Provider | UnsetType, Meta(description="Who bills it; absent: any provider.", examples=["anthropic"])
    ] = UNSET
    from_: Annotated[
        Day | UnsetType,
        Meta(
            description="The first day of this price, from midnight in the Organization's time zone, until the next "
            "`from` of the same model and provider. Absent: since ever.",
            examples=["2026-02-01"],
        ),
    ] = field(default=UNSET, name="from")
    above: Annotated[
        list[TierShape],
        Meta(
            description="Prices of requests with a large input.",
            examples=[[{"context": "200k tokens", "input": "30.00 USD per 1M tokens"}]],
        ),
    ] = field(default_factory=list)
    batch: Annotated[
        BatchShape | UnsetType, Meta(description="Prices of batch calls.", examples=[{"discount": "50%"}])
    ] = UNSET


class DiscountShape(Shape, kw_only=True):
    """What a contract takes off the prices of a provider."""

    provider: Annotated[
        Provider | UnsetType, Meta(description="Whose prices; absent: everybody's.", examples=["anthropic"])
    ] = UNSET
    discount: Annotated[Percent, Meta(description="How much is taken off, last of all.", examples=["12%"])]
    from_: Annotated[
        Day | UnsetType,
        Meta(description="The first day of the discount; absent: since ever.", examples=["2026-04-01"]),
    ] = field(default=UNSET, name="from")


class PriceBookShape(Envelope, kw_only=True, tag_field="kind", tag="PriceBook"):
    """What models cost this organisation; dated, never edited."""

    catalogue: Annotated[
        CatalogueName,
        Meta(description="The list prices behind the prices here: the price library's, or none.", examples=["none"]),
    ] = "genai-prices"
    unknown_price: Annotated[
        Literal["deny"] | UnknownPriceShape,
        Meta(
            description="What happens to a model without any price: refused, or counted with these prices.",
            examples=["deny", {"use": {"input": "20 USD per 1M tokens", "output": "100 USD per 1M tokens"}}],
        ),
    ] = "deny"
    prices: Annotated[
        list[PriceShape],
        Meta(
            description="Prices, before the catalogue's.",
            examples=[
                [
                    {
                        "model": "self-hosted/llama-3-70b",
                        "input": "0.90 USD per 1M tokens",
                        "output": "0.90 USD per 1M tokens",
                    }
                ]
            ],
        ),
    ] = field(default_factory=list)
    discounts: Annotated[
        list[DiscountShape],
        Meta(description="Discounts by provider.", examples=[[{"provider": "anthropic", "discount": "12%"}]]),
    ] = field(default_factory=list)
