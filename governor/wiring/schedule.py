"""Running the scheduler alone, in a process of its own."""

from pkgutil import resolve_name
from typing import Any

from governor.settings import Settings

ENTRY_POINT = "governor.scheduler:run"
"""By its name, as the server's is: what is wired here lies below the doors."""


def schedule(settings: Settings) -> None:
    """Run every job that is due, until told to stop (SIGTERM, SIGINT).

    Raises:
        GovernorError: If the database cannot be used, or the policy folder has errors.
    """
    run: Any = resolve_name(ENTRY_POINT)
    run(settings)
