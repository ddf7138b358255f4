"""The root of every error that Governor raises on purpose.

A deny is a value, never an error; an error means that the input or the world is broken.
"""

from collections.abc import Mapping
from typing import Any


class GovernorError(Exception):
    """Base of all deliberate errors.

    Attributes:
        code: Stable kebab- or snake-case identifier, listed in ``docs/reference/codes.md``.
        message: Lower case, no full stop, says what to do next.
        details: Machine-readable facts about the failure.
    """

    code = "internal"

    def __init__(self, message: str, *, code: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details
        if code is not None:
            self.code = code


class AmountError(GovernorError, ValueError):
    """An amount that is not a number we accept: NaN, infinite, negative, overflowing, or in the wrong unit."""

    code = "invalid_amount"


class InvalidRequestError(GovernorError):
    """A request that contradicts itself or misses what is needed to decide it."""

    code = "invalid_request"


class ForbiddenError(GovernorError):
    """Whoever asks is known, and may not do this."""

    code = "forbidden"


class ConflictError(GovernorError):
    """The same key was used before with another body; nothing changed."""

    code = "conflict"


class NotFoundError(GovernorError):
    """Nothing is known under this identifier."""

    code = "not_found"


class LedgerUnavailableError(GovernorError):
    """The ledger did not answer in time or failed; nothing is known to have been stored."""

    code = "ledger_unavailable"
