"""One handler for every mistake: a sentence on standard error and an exit code, never a stack trace."""

from typing import Any

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from governor.clients.recordings import RecordingError
from governor.core.errors import ConflictError, GovernorError, LedgerUnavailableError, NotFoundError
from governor.core.field_words import in_plain_words
from governor.edges.cli.printing import complain

FINDING = 1
WRONG_USE = 2


class FindingError(GovernorError):
    """Something that was looked at is not in order; the command was used well."""

    code = "finding"


FINDINGS = (FindingError, NotFoundError, ConflictError, LedgerUnavailableError, RecordingError)
"""Errors that say something about the world, not about how the command was used."""


FINDING_STATUSES = (404, 409, 503)
"""What a server answers for the first three of them."""


def _is_finding(error: GovernorError) -> bool:
    return isinstance(error, FINDINGS) or error.details.get("status") in FINDING_STATUSES


class MistakeGroup(TyperGroup):
    """A group of commands that turns deliberate errors and wrong options into sentences."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a mistake ends it with a sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except GovernorError as error:
            complain(error.message)
            raise typer.Exit(FINDING if _is_finding(error) else WRONG_USE) from error
        except OSError as error:
            # Without a file it is a broken pipe, or a mistake of ours.
            if error.filename is None:
                raise
            complain(f"`{error.filename}`: {(error.strerror or 'it cannot be used').lower()}")
            raise typer.Exit(WRONG_USE) from error
        except typer.BadParameter as error:
            if isinstance(error.__cause__, ValidationError):
                problem = error.__cause__.errors()[0]
                error.message = in_plain_words(problem["type"], problem["msg"], problem.get("ctx", {}))
            raise
