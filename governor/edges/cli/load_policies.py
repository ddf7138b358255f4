"""The policies that a command works with, or every reason why there are none."""

from datetime import datetime
from pathlib import Path

from governor.clients.price_catalogue import genai_prices
from governor.compiler.load import compile_folder
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import GovernorError


class InvalidFolderError(GovernorError):
    """A policy folder that does not compile."""

    code = "invalid_policies"


def load_snapshot(folder: Path, now: datetime) -> Snapshot:
    """Compile a folder and index it.

    Raises:
        InvalidFolderError: If it is missing or has errors; the message lists them.
    """
    if not folder.is_dir():
        raise InvalidFolderError(f"there is no policy folder `{folder}`; name one with --policies")
    catalogues = genai_prices()
    compiled = compile_folder(folder, now, catalogues)
    if compiled.policies is None:
        lines = "\n".join(str(problem) for problem in compiled.problems)
        raise InvalidFolderError(f"the policies in `{folder}` have errors; mend them first\n{lines}")
    return Snapshot.build(compiled.policies, catalogues)
