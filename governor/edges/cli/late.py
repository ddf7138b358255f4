"""Commands that are imported when they are used: what one of them needs, the others and ``--help`` do not wait for."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand
from typer.main import get_group

from governor.edges.cli.mistakes import MistakeGroup


class LateCommand(TyperCommand):
    """Stands for the command of the module of its name, which has a function of that name or an ``app`` of several.

    Args:
        name: The command's, its module's and its function's name.
        summary: What a list of commands says of it.
        room: The module, if it has another name.
    """

    def __init__(self, name: str, summary: str, room: str = "") -> None:
        super().__init__(name, help=summary)
        self._module = f"{__package__}.{room or name}"

    def load(self) -> Any:
        """Import the module, and return the command itself."""
        module = import_module(self._module)
        name = str(self.name)
        shelf = typer.Typer()
        if hasattr(module, "app"):
            shelf.add_typer(module.app)
        else:
            shelf.command(name, epilog=module.EXAMPLE)(getattr(module, name))
        return get_group(shelf).commands[name]

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Let the command itself read its arguments, and run."""
        return self.load().make_context(info_name, args, parent, **extra)


class LateCommands(MistakeGroup):
    """A group whose commands are imported late; a subclass says which there are."""

    summaries: ClassVar[Mapping[str, str]]
    rooms: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **given: Any) -> None:
        commands = {
            name: LateCommand(name, summary, self.rooms.get(name, "")) for name, summary in self.summaries.items()
        }
        super().__init__(**{**given, "commands": commands})
