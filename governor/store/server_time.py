"""The database's own clock, with which every worker's must agree."""

import time

from sqlalchemy import Connection, text


def server_time_s(connection: Connection) -> float:
    """Return the database's Unix time in seconds; a SQLite file has no clock but the machine's."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("SELECT 1"))
        return time.time()
    return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
