"""Query parameters that several routes share: bounded, without control characters, and refused by name if unknown."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from governor.core.errors import InvalidRequestError
from governor.edges.api.decoding import refuse_controls

PAGE_MAX = 1000


def _clean(text: str) -> str:
    try:
        refuse_controls(text)
    except InvalidRequestError as error:
        raise ValueError(error.message) from None
    return text


def _instant(value: Any) -> datetime:
    """Read an RFC 3339 instant with its offset; a plus sign that a URL turned into a space is put back."""
    try:
        instant = datetime.fromisoformat(str(value).strip().replace(" ", "+"))
    except ValueError:
        raise ValueError("write an instant like 2026-11-20T09:00:00Z") from None
    if instant.tzinfo is None or not 1970 <= instant.year <= 9998:
        raise ValueError("write an instant with its offset, like 2026-11-20T09:00:00Z, from 1970 on")
    return instant.astimezone(UTC)


Word = Annotated[str, Field(max_length=256), AfterValidator(_clean)]
Instant = Annotated[datetime, PlainValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Cursor = Annotated[str, Field(max_length=2048, description="`next` of the page before; absent: from the beginning.")]
Limit = Annotated[int, Field(ge=1, le=PAGE_MAX, description="Items on a page.")]


class Parameters(BaseModel):
    """Query parameters of a route; an unknown one is an error, because a misspelt filter would filter nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
