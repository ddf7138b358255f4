"""Open the database of a server, ready to be used, or say in a sentence why it cannot be."""

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from governor.core.errors import GovernorError
from governor.store.database import CACHE_KIB, Database
from governor.store.migrate import ensure


class DatabaseUnavailableError(GovernorError):
    """The database cannot be reached or opened at start."""

    code = "database_unavailable"


async def open_database(url: str, *, cache_kib: int = CACHE_KIB) -> Database:
    """Open a database and make its schema ready.

    Args:
        url: ``sqlite:///file.db`` or ``postgresql://...``.
        cache_kib: See ``Database``.

    Raises:
        DatabaseUnavailableError: If it cannot be reached.
        GovernorError: If its URL or its schema cannot be used.
    """
    database = Database(url, cache_kib=cache_kib)
    try:
        await asyncio.to_thread(ensure, database)
    except (SQLAlchemyError, OSError) as error:
        await database.close()
        raise DatabaseUnavailableError(
            f"the database `{database.name}` cannot be used ({_first_line(error)}); check GOVERNOR_DATABASE_URL"
        ) from error
    return database


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0][:200]
