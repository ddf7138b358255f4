"""The durable ledger on SQLite and PostgreSQL: one code path, adaptive micro-batches."""

from governor.store.ledger.sql_ledger import SqlLedger

__all__ = ["SqlLedger"]
