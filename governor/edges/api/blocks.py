"""``/blocks``: stop at once, see what is stopped, and let go on."""

from datetime import datetime
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from governor.core.decisions.blocks import Block
from governor.edges.api.access import TheCaller, TheGovernor
from governor.edges.api.bodies import require_json
from governor.edges.api.examples_control import BLOCK
from governor.edges.api.parameters import Cursor, Limit, Parameters, Word
from governor.edges.api.wire_blocks import BLOCK as BLOCK_BODY
from governor.services.block_wire import block_wire
from governor.services.blocks import BlockQuery, lift_a_block, list_blocks, place_block

block_routes = APIRouter(tags=["operate"])

_log = structlog.get_logger("governor.blocks")

BlockId = Annotated[str, Path(description="The `id` of a block.", max_length=64)]


class BlockAnswer(BaseModel):
    """One block: what, why, who, until when, and who lifted it."""

    model_config = ConfigDict(json_schema_extra={"examples": [BLOCK]})

    id: str
    target: dict[str, str]
    reason: str
    state: str
    placed_by: str
    placed_with_key: str
    authority: str
    placed_at: datetime
    until: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None
    note: str | None


class BlocksAnswer(BaseModel):
    """One page of blocks, newest first."""

    blocks: list[BlockAnswer]
    next: str | None


class BlockParameters(Parameters):
    """Which blocks."""

    kind: Literal["", "user", "service_account", "key", "team", "use_case", "model"] = ""
    name: Annotated[Word, Field(description="Its canonical name.")] = ""
    state: Annotated[Literal["in_force", "all"], Field(description="`all`: also those that ended or were lifted.")] = (
        "in_force"
    )
    cursor: Cursor = ""
    limit: Limit = 100


class LiftParameters(Parameters):
    """Why a block is lifted."""

    reason: Annotated[Word, Field(description="Kept with the block.")] = ""


@block_routes.post("/blocks", summary="Stop at once", response_model=BlockAnswer)
async def place(request: Request, governor: TheGovernor, caller: TheCaller) -> dict[str, Any]:
    """Stop a user, service account, key, team, use case or model, on every worker within a second, until a stated time.

    For admins, and for persons of the group in the Organization's `can_stop`, for as long as it says.
    """
    require_json(request.scope)
    now = governor.clock.now()
    wish = BLOCK_BODY.decode(await request.body()).to_core(now)
    placed = await place_block(governor.database, governor.publisher.snapshots.current, wish, caller, now)
    await governor.blocks.refresh()
    _note("block_placed", placed.block)
    return block_wire(placed.block, now, placed.note)


@block_routes.get("/blocks", summary="What is stopped", response_model=BlocksAnswer)
async def blocks(
    parameters: Annotated[BlockParameters, Query()], governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """List blocks, newest first: those in force, or all that ever were, with who, when and why."""
    fields = parameters.model_dump()
    query = BlockQuery(in_force=fields.pop("state") == "in_force", **fields)
    now = governor.clock.now()
    organization = governor.publisher.snapshots.current.organization
    page = await list_blocks(governor.database, organization, query, caller, now)
    return {"blocks": [block_wire(block, now) for block in page.blocks], "next": page.next}


@block_routes.delete("/blocks/{block_id}", summary="Let go on", response_model=BlockAnswer)
async def lift(
    block_id: BlockId, parameters: Annotated[LiftParameters, Query()], governor: TheGovernor, caller: TheCaller
) -> dict[str, Any]:
    """Lift a block before its end. Lifting one that was lifted or has ended changes nothing."""
    now = governor.clock.now()
    organization = governor.publisher.snapshots.current.organization
    block = await lift_a_block(
        governor.database, organization, block_id, reason=parameters.reason, identity=caller, now=now
    )
    await governor.blocks.refresh()
    _note("block_lifted", block)
    return block_wire(block, now)


def _note(event: str, block: Block) -> None:
    """Say in the log what everybody on call wants to see; the audit is in the database."""
    _log.warning(
        event,
        block=block.ref,
        kind=str(block.kind),
        name=block.name,
        by=block.lifted_by or block.placed_by,
        until=block.until_at.isoformat(),
        reason=block.reason,
    )
