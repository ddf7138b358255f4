"""A database that is slow, or fails, when a test says so."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from governor.store.database import Database
from governor.wiring import Governor

T = TypeVar("T")


class SlowDatabase:
    """A database whose answers wait until a test lets them go, or that fails."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.going = asyncio.Event()
        self.going.set()
        self.broken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def write(self, function: Callable[[Connection], T]) -> T:
        """Write when it is time."""
        await self.going.wait()
        if self.broken:
            raise OperationalError("x", {}, Exception("gone"))
        return await self._database.write(function)


def slowed(made: list[SlowDatabase]) -> Callable[[Governor], Governor]:
    """Return what puts a slow database in."""

    def change(governor: Governor) -> Governor:
        made.append(SlowDatabase(governor.database))
        return replace(governor, database=cast("Database", made[0]))

    return change
