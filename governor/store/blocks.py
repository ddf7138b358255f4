"""Blocks as rows: placed once, lifted at most once, never deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from governor.core.decisions.blocks import Authority, Block, BlockKind
from governor.store.instants import from_ms, to_ms
from governor.store.tables import BLOCKS


@dataclass(frozen=True, slots=True)
class BlockFilter:
    """Which blocks are listed; ``""`` and None are any.

    Attributes:
        kind: What is stopped.
        name: Which one.
        in_force_at: Only those that act at this instant.
        before: Only ids below this one: where a page begins.
    """

    kind: str = ""
    name: str = ""
    in_force_at: datetime | None = None
    before: bytes | None = None


def read_blocks(connection: Connection, wanted: BlockFilter, limit: int | None = None) -> list[Block]:
    """Return the blocks that match, the newest first."""
    columns = BLOCKS.c
    query = select(BLOCKS).order_by(columns.id.desc()).limit(limit)
    if wanted.kind:
        query = query.where(columns.kind == wanted.kind)
    if wanted.name:
        query = query.where(columns.name == wanted.name)
    if wanted.in_force_at is not None:
        query = query.where(columns.lifted_at_ms.is_(None), columns.until_ms > to_ms(wanted.in_force_at))
    if wanted.before is not None:
        query = query.where(columns.id < wanted.before)
    return [_from_row(row) for row in connection.execute(query)]


def read_block(connection: Connection, block_id: bytes) -> Block | None:
    """Return a block, also one that has ended, or None if there is none with this id."""
    row = connection.execute(select(BLOCKS).where(BLOCKS.c.id == block_id)).one_or_none()
    return _from_row(row) if row is not None else None


def insert_block(connection: Connection, block: Block) -> None:
    """Keep a new block."""
    connection.execute(insert(BLOCKS).values(_values(block)))


def lift_block(connection: Connection, block_id: bytes, *, at: datetime, by: str, reason: str) -> None:
    """End a block, unless it was lifted before: the first one who does so is remembered."""
    connection.execute(
        update(BLOCKS)
        .where(BLOCKS.c.id == block_id, BLOCKS.c.lifted_at_ms.is_(None))
        .values(lifted_at_ms=to_ms(at), lifted_by=by, lift_reason=reason)
    )


def _values(block: Block) -> Mapping[str, Any]:
    return {
        "id": block.id,
        "kind": block.kind.value,
        "name": block.name,
        "reason": block.reason,
        "placed_by": block.placed_by,
        "placed_key": block.placed_key,
        "authority": block.authority.value,
        "placed_at_ms": to_ms(block.placed_at),
        "until_ms": to_ms(block.until_at),
        "lifted_at_ms": to_ms(block.lifted_at),
        "lifted_by": block.lifted_by,
        "lift_reason": block.lift_reason,
    }


def _from_row(row: Row[Any]) -> Block:
    return Block(
        id=bytes(row.id),
        kind=BlockKind(row.kind),
        name=row.name,
        reason=row.reason,
        placed_by=row.placed_by,
        placed_key=row.placed_key,
        authority=Authority(row.authority),
        placed_at=from_ms(row.placed_at_ms),
        until_at=from_ms(row.until_ms),
        lifted_at=from_ms(row.lifted_at_ms),
        lifted_by=row.lifted_by,
        lift_reason=row.lift_reason,
    )
