"""Structured logs: one line an event, every line with its request's id, and nothing secret in any of them."""

import logging
import re
import sys
from contextvars import ContextVar
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The request that is being answered. Set by the gate: a context variable costs a tenth of binding a logger."""

SECRET_NAMES = frozenset({"authorization", "key", "secret", "token", "password", "body", "headers", "database_url"})
"""Names whose values are never logged, whoever passes them."""

_KEY_TEXT = re.compile(r"gov_[A-Za-z0-9_-]{8,}")
_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@/\s]*@")
MASK = "***"


def configure_logs(level: str, style: str) -> None:
    """Send everything that is logged, also by libraries, as one line each to standard error.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        style: ``json``, or ``console`` for people.
    """
    render: Any = structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer()
    shared: list[Any] = [
        _with_request_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "watchfiles", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns each second that the look before is still waiting for the database, which has been said already.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _with_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id:
        event.setdefault("request_id", request_id)
    return event


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank secret names, and whatever looks like a key or a password in any text."""
    return {
        name: MASK if name.lower() in SECRET_NAMES and name != "event" else _masked(value)
        for name, value in event.items()
    }


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _PASSWORD.sub(rf"\1:{MASK}@", _KEY_TEXT.sub(f"gov_{MASK}", value))
    if isinstance(value, dict):
        return {name: MASK if str(name).lower() in SECRET_NAMES else _masked(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner) for inner in value]
    return value
