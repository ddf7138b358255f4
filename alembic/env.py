"""Lets the ``alembic`` command work on the database of ``GOVERNOR_DATABASE_URL``: ``alembic check``, ``revision``."""

import os

from alembic import context
from governor.store.database import Database
from governor.store.tables import METADATA

database = Database(os.environ.get("GOVERNOR_DATABASE_URL", "sqlite:///governor.db"))
with database.writing() as connection:
    context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
database.engine.dispose()
