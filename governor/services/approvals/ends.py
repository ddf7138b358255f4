"""When something ends that was given an end or a length: ``until`` or ``for``."""

from datetime import datetime, timedelta

from governor.compiler.quantities import QuantityError
from governor.compiler.working_quantities import parse_length
from governor.core.errors import InvalidRequestError


def end_of(until_at: datetime | None, length: str, now: datetime) -> datetime:
    """Return when something ends.

    Raises:
        InvalidRequestError: If it was given both or neither, or the length is not one.
    """
    if (until_at is None) == (not length):
        raise InvalidRequestError("say when it ends: either `until`, or `for`, like `10 days`", field="until")
    if until_at is not None:
        return until_at
    try:
        return now + timedelta(seconds=parse_length(length))
    except QuantityError as error:
        raise InvalidRequestError(f"`for`: {error.message}; {error.hint}".rstrip("; "), field="for") from error
