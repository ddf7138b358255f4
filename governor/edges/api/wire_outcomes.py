"""What ``POST /outcomes`` reads, and how it becomes a core value."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from governor.core.errors import InvalidRequestError
from governor.core.money import nano_from_text
from governor.core.outcomes import COUNT_MAX, Outcome
from governor.edges.api.decoding import BodyDecoder
from governor.edges.api.wire_decide import Text
from governor.edges.api.wire_usage import bound_source


class OutcomeWire(Struct, forbid_unknown_fields=True, frozen=True):
    """What came of the work: results of one use case."""

    use_case: Annotated[str, Meta(min_length=1, max_length=256, description="Of which use case these are results.")]
    event_id: Annotated[
        Text | None,
        Meta(description="The reporter's id; counts once. Absent: counted each time that it is sent."),
    ] = None
    source: Annotated[Text | None, Meta(description="Who reports; absent: the key's name. Bound to the key.")] = None
    task: Annotated[Text | None, Meta(description="The task or run of an agent that they came of.")] = None
    count: Annotated[
        int, Meta(ge=0, le=COUNT_MAX, description="How many results; 0 only to take back what is corrected.")
    ] = 1
    worth_usd: Annotated[
        Text | None,
        Meta(
            description="What they are worth together, as a decimal; absent: `count` times the `outcome_worth` of the "
            "use case when the report is received."
        ),
    ] = None
    time: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(
            description="When they came, RFC 3339, at most 5 minutes ahead; absent: when the report is received, or "
            "when what it corrects came."
        ),
    ] = None
    corrects: Annotated[Text | None, Meta(description="The `event_id` of the report that this one replaces.")] = None


OUTCOME = BodyDecoder(OutcomeWire)


def outcome_of(wire: OutcomeWire, client: str) -> Outcome:
    """Return the core value of a decoded report.

    Args:
        wire: The report.
        client: The key's name: the source of reports that name none, and the owner of those that do.

    Raises:
        InvalidRequestError: If the instant is not one that can be kept, or there is nothing to report.
        AmountError: If the worth is not an amount of USD.
    """
    if wire.time is not None and not 1970 <= wire.time.year <= 9998:
        raise InvalidRequestError("`time` is outside the years 1970 to 9998", field="time")
    if wire.count == 0 and not wire.corrects:
        raise InvalidRequestError("no results are nothing to report; only a correction can say 0", field="count")
    if wire.count == 0 and wire.worth_usd is not None:
        raise InvalidRequestError("what is taken back is worth nothing; leave `worth_usd` out", field="worth_usd")
    return Outcome(
        source=bound_source(wire.source, client),
        event_id=wire.event_id or "",
        use_case=wire.use_case,
        count=wire.count,
        task=wire.task or "",
        worth_nano_usd=nano_from_text(wire.worth_usd) if wire.worth_usd is not None else None,
        occurred_at=wire.time,
        corrects=wire.corrects or "",
    )
