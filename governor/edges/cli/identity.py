"""Who works on the command line: whoever can reach the database is an admin, and the audit names them."""

import getpass
from typing import Annotated

import typer

from governor.core.decisions.caller import Caller
from governor.core.keys import Role
from governor.services.keys import Identity

NAME = "cli"

ByOption = Annotated[
    str,
    typer.Option("--by", metavar="WHO", help="Who does this, for the audit; by default the system's user."),
]


def operator(by: str) -> Identity:
    """Return the identity of whoever runs a command."""
    return Identity(NAME, Role.ADMIN, by or _system_user(), Caller(NAME))


def _system_user() -> str:
    try:
        return f"{getpass.getuser()} ({NAME})"
    except (OSError, KeyError):
        # A container may run under a number that no user has.
        return NAME
