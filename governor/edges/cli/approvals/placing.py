"""The options that every command of this room has: where it acts, as whom, and how it prints. Written once."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from governor.edges.cli.options import DatabaseOption, KeyOption, PoliciesOption, UrlOption
from governor.edges.cli.printing import Output, OutputOption

Command = Callable[..., None]

_BY = Annotated[
    str,
    typer.Option(
        "--by", metavar="USER", help="Who does this: a person of the Organization; by default the system's user."
    ),
]
_OPTIONS: tuple[tuple[str, Any, Any], ...] = (
    ("by", _BY, ""),
    ("url", UrlOption, ""),
    ("key", KeyOption, ""),
    ("policies", PoliciesOption, None),
    ("database", DatabaseOption, None),
    ("output", OutputOption, Output.TABLE),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as whom a command acts, and how it prints; as its options say."""

    url: str
    key: str
    policies: str | None
    database: str | None
    output: Output
    by: str = ""

    @property
    def prints_json(self) -> bool:
        """Whether a program reads the answer."""
        return self.output is Output.JSON


def add_command(app: typer.Typer, command: Command, example: str, *, name: str | None = None, by: bool = True) -> None:
    """Add a command that takes a ``place`` beside options of its own.

    Args:
        app: Where it is added.
        command: Has a parameter ``place``, which stands for the options of a place; they come last in its help.
        example: How it is called, for the help.
        name: By default the function's.
        by: Whether somebody acts: then it takes ``--by``.
    """
    options = _OPTIONS if by else _OPTIONS[1:]

    def run(**given: Any) -> None:
        command(place=Place(**{name: given.pop(name) for name, _, _ in options}), **given)

    own = [parameter for parameter in signature(command).parameters.values() if parameter.name != "place"]
    common = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind) for name, kind, default in options
    ]
    # Typer reads what a command takes from its signature.
    run.__signature__ = Signature([*own, *common])  # type: ignore[attr-defined]  # how inspect lets a signature be given
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *common)}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    app.command(name, epilog=f"Example: {example}")(run)
