"""Options that several commands share, and how a command runs what is asynchronous."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import structlog
import typer

T = TypeVar("T")

DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="By default GOVERNOR_DATABASE_URL.", show_default=False),
]
PoliciesOption = Annotated[
    str | None,
    typer.Option("--policies", metavar="DIR", help="By default GOVERNOR_POLICIES.", show_default=False),
]
UrlOption = Annotated[
    str,
    typer.Option("--url", metavar="URL", help="Ask a running server instead of the database.", show_default=False),
]
KeyOption = Annotated[
    str,
    typer.Option("--key", envvar="GOVERNOR_KEY", metavar="KEY", help="The key for --url.", show_default=False),
]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what is asynchronous to its end; warnings of the log go to standard error, where no program reads results."""
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.dev.ConsoleRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    try:
        return asyncio.run(coroutine)
    finally:
        structlog.configure(**before)
