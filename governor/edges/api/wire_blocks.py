"""What ``POST /blocks`` reads."""

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct, field

from governor.core.decisions.blocks import BlockKind
from governor.core.errors import InvalidRequestError
from governor.edges.api.decoding import BodyDecoder
from governor.services.blocks import BlockWish, end_of

Name = Annotated[str, Meta(min_length=1, max_length=256)]
Instant = Annotated[datetime, Meta(tz=True)]


class BlockTargetWire(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What is stopped: exactly one of these."""

    user: Annotated[Name | None, Meta(description="By any name; `(unknown)`: everybody whom nobody lists.")] = None
    service_account: Name | None = None
    key: Annotated[Name | None, Meta(description="The name of a key, whatever it is used for.")] = None
    team: Name | None = None
    use_case: Name | None = None
    model: Annotated[Name | None, Meta(description="By any name; every name of it is stopped.")] = None


class BlockWire(Struct, forbid_unknown_fields=True, frozen=True):
    """Stop something at once, until a stated time: `until` or `for` says when it ends."""

    target: BlockTargetWire
    reason: Annotated[str, Meta(min_length=3, max_length=500, description="Why; whoever is stopped reads it.")]
    until: Annotated[Instant | None, Meta(description="First instant at which it no longer acts.")] = None
    for_: Annotated[
        Annotated[str, Meta(max_length=64)] | None, Meta(description="How long from now, like `2 hours`.")
    ] = field(default=None, name="for")

    def to_core(self, now: datetime) -> BlockWish:
        """Return what is wished.

        Raises:
            InvalidRequestError: If not exactly one thing is named, or not exactly one end.
        """
        named = [(kind, name) for kind in BlockKind if (name := getattr(self.target, kind)) is not None]
        if len(named) != 1:
            raise InvalidRequestError(
                f"a block stops exactly one thing; name one of {', '.join(BlockKind)} in `target`", field="target"
            )
        [(kind, name)] = named
        until_at = self.until.astimezone(UTC) if self.until is not None else None
        return BlockWish(kind, name, self.reason, end_of(until_at, self.for_ or "", now))


BLOCK = BodyDecoder(BlockWire, {".target": BlockTargetWire})
