"""What is told of a provider's usage object beside the counts."""

from dataclasses import dataclass

from governor.core.errors import InvalidRequestError
from governor.core.usage import Usage
from governor.core.values import hot_value


class UnreadableUsageError(InvalidRequestError):
    """A usage object that cannot be counted: it is rejected with this reason, never taken for nothing."""


@hot_value
class ProviderReport:
    """What was found in a provider's object.

    Attributes:
        provider: The provider by our short name, or as the caller wrote it.
        shape: The form in which it was read.
        reported_cost_nano_usd: What the provider itself says that the call cost, or None.
        unknown: Dotted paths of what we do not know the meaning of; not counted.
        warnings: Sentences about what does not fit or is not priced.
    """

    provider: str
    shape: str
    reported_cost_nano_usd: int | None = None
    unknown: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@hot_value
class ProviderUsage:
    """A provider's object as it was written (JSON), and what was found in it."""

    report: ProviderReport
    verbatim: bytes


@dataclass(frozen=True, slots=True)
class OtherModel:
    """What another model did within the same call, billed at that model's own price; one for each model."""

    model: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Converted:
    """A provider's object in our convention.

    Attributes:
        parts: The tokens of ``usage`` as the provider went through them, if it did so more than once: each chooses the
            tier of its price by itself.
    """

    usage: Usage
    report: ProviderReport
    others: tuple[OtherModel, ...] = ()
    parts: tuple[Usage, ...] = ()
