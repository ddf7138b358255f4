"""Options that several commands share, and how a command runs what is asynchronous."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

T = TypeVar("T")

DatabaseOption = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="By default GOVERNOR_DATABASE_URL.", show_default=False),
]
PoliciesOption = Annotated[
    Path | None,
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
    """Run what is asynchronous to its end."""
    return asyncio.run(coroutine)
