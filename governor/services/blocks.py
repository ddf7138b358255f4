"""Stop a user, service account, key, team, use case or model at once, let it go on, and tell who did so and why."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from governor.compiler.quantities import QuantityError, parse_duration
from governor.core.decisions.blocks import Authority, Block, BlockKind, Blocks, BlockState
from governor.core.decisions.ids import id_bytes, id_text
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import ForbiddenError, InvalidRequestError, NotFoundError
from governor.core.keys import Role
from governor.core.policy.organization import Organization
from governor.core.wording.phrases import duration_words
from governor.services.block_targets import Target, target_of
from governor.services.cursors import decode_cursor, encode_cursor, wrong_cursor
from governor.services.ids import new_id
from governor.services.keys import Identity
from governor.services.reasons import checked_reason
from governor.store.blocks import BlockFilter, insert_block, lift_block, read_block, read_blocks
from governor.store.database import Database

LONGEST = timedelta(days=366)
"""A block ends: what should never be is a policy."""


@dataclass(frozen=True, slots=True)
class BlockWish:
    """What somebody wants to stop. ``name`` is any name of it; ``until_at`` is when the block ends."""

    kind: BlockKind
    name: str
    reason: str
    until_at: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """A block just placed; ``note`` is what whoever placed it should know, or ``""``."""

    block: Block
    note: str


@dataclass(frozen=True, slots=True)
class BlockQuery:
    """Which blocks are listed; ``""`` is any.

    Attributes:
        in_force: Only those that act now.
        cursor: Where the page begins.
        limit: Blocks on a page.
    """

    kind: str = ""
    name: str = ""
    in_force: bool = True
    cursor: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class BlockPage:
    """Some blocks, newest first, and the cursor of the next page or None."""

    blocks: tuple[Block, ...]
    next: str | None


def end_of(until_at: datetime | None, length: str, now: datetime) -> datetime:
    """Return when a block ends, that was given an end or a length like ``2 hours``.

    Raises:
        InvalidRequestError: If it was given both or neither, or the length is not one.
    """
    if (until_at is None) == (not length):
        raise InvalidRequestError("say when the block ends: either `until` or `for`, like `2 hours`", field="until")
    if until_at is not None:
        return until_at
    try:
        return now + timedelta(seconds=parse_duration(length))
    except QuantityError as error:
        raise InvalidRequestError(f"`for`: {error.message}; {error.hint}".rstrip("; "), field="for") from error


async def place_block(
    database: Database, snapshot: Snapshot, wish: BlockWish, identity: Identity, now: datetime
) -> Placed:
    """Stop something until a stated time.

    Args:
        database: Where blocks are kept; every worker reads them more than once a second.
        snapshot: What names mean, and who may stop.
        wish: What is to be stopped, why, and until when.
        identity: Who does so.
        now: The door's instant.

    Raises:
        ForbiddenError: If this person may not, or not for so long.
        InvalidRequestError: If there is nothing of this name, the end is not one, or the reason says nothing.
    """
    authority = _authority(snapshot.organization, identity, now)
    reason = checked_reason(wish.reason)
    _check_end(snapshot.organization, authority, wish.until_at, now)
    target = await target_of(database, snapshot, wish.kind, wish.name)
    block = Block(
        id=new_id(int(now.timestamp() * 1000)),
        kind=target.kind,
        name=target.name,
        reason=reason,
        placed_by=_who(identity),
        placed_key=identity.name,
        authority=authority,
        placed_at=now,
        until_at=wish.until_at,
    )
    await database.write(lambda connection: insert_block(connection, block))
    return Placed(block, target.note)


def blocks_as_they_acted(connection: Connection) -> Blocks:
    """Return every block there ever was, for a look at the past: one that was lifted acted until then."""
    return Blocks(
        (
            block if block.lifted_at is None else replace(block, until_at=min(block.until_at, block.lifted_at))
            for block in read_blocks(connection, BlockFilter())
        ),
        past=True,
    )


async def lift_a_block(
    database: Database, organization: Organization, block_id: str, *, reason: str, identity: Identity, now: datetime
) -> Block:
    """Let something go on before its block ends. Lifting what is lifted or has ended changes nothing.

    Raises:
        NotFoundError: If there is no such block.
        ForbiddenError: If this person may not: what an admin stopped, only an admin lifts, and nobody lifts their own.
    """
    key = id_bytes(block_id)
    authority = _authority(organization, identity, now)
    reason = checked_reason(reason) if reason else ""
    by = _who(identity)

    def write(connection: Connection) -> Block:
        block = read_block(connection, key) if key is not None else None
        if block is None:
            raise NotFoundError(f"no block has the id `{block_id[:80]}`; GET /blocks lists them", id=block_id[:200])
        if block.state_at(now) is not BlockState.IN_FORCE:
            return block
        _check_lift(organization, authority, block, identity)
        lift_block(connection, block.id, at=now, by=by, reason=reason)
        lifted = read_block(connection, block.id)
        assert lifted is not None
        return lifted

    return await database.write(write)


async def list_blocks(
    database: Database, organization: Organization, query: BlockQuery, identity: Identity, now: datetime
) -> BlockPage:
    """Return one page of blocks, newest first.

    Raises:
        ForbiddenError: If whoever asks may neither read nor stop.
        InvalidRequestError: If the cursor is not one of this list.
    """
    if identity.role is Role.GATEWAY:
        _authority(organization, identity, now)
    before = id_bytes(decode_cursor(query.cursor, 1)[0]) if query.cursor else None
    if query.cursor and before is None:
        raise wrong_cursor()
    wanted = BlockFilter(query.kind, query.name, now if query.in_force else None, before)
    blocks = await database.read(lambda connection: read_blocks(connection, wanted, query.limit + 1))
    following = encode_cursor(id_text(blocks[query.limit - 1].id)) if len(blocks) > query.limit else None
    return BlockPage(tuple(blocks[: query.limit]), following)


def _authority(organization: Organization, identity: Identity, now: datetime) -> Authority:
    """Return by which right somebody may stop."""
    if identity.role is Role.ADMIN:
        return Authority.ADMIN
    right = organization.can_stop
    person = organization.person_named(identity.person, now)
    members = organization.groups.get(right.group, ()) if right is not None else ()
    if person is not None and person.user in members:
        return Authority.CAN_STOP
    who = f"`{identity.person}`" if identity.person else f"the key `{identity.name}`, which no person holds,"
    raise ForbiddenError(
        f"{who} may not stop anybody; admins may, and the group in the Organization's can_stop",
        role=str(identity.role),
        needed="admin, can_stop",
    )


def _check_end(organization: Organization, authority: Authority, until_at: datetime, now: datetime) -> None:
    if until_at <= now:
        raise InvalidRequestError(
            "the block would have ended already; give an end that is still to come", field="until"
        )
    if until_at > now + LONGEST:
        raise InvalidRequestError(
            f"a block lasts at most {LONGEST.days} days; what should never be belongs into a policy", field="until"
        )
    right = organization.can_stop
    if authority is Authority.CAN_STOP and right is not None and until_at > now + timedelta(seconds=right.for_s):
        longest = duration_words(right.for_s)
        raise ForbiddenError(
            f"the group {right.group} may stop for at most {longest}; stop for that long, or ask an admin",
            longest_s=right.for_s,
        )


def _check_lift(organization: Organization, authority: Authority, block: Block, identity: Identity) -> None:
    if authority is Authority.ADMIN:
        return
    if block.authority is Authority.ADMIN:
        raise ForbiddenError(f"an admin placed this block; ask an admin to lift it ({block.placed_by} placed it)")
    person = organization.person_ids.get(identity.person.lower(), "")
    if Target(block.kind, block.name) in {Target(BlockKind.USER, person), Target(BlockKind.KEY, identity.name)}:
        raise ForbiddenError("nobody lifts a block on themselves; ask somebody else of the group, or an admin")


def _who(identity: Identity) -> str:
    return identity.person or identity.name
