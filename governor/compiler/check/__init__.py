"""Questions about a whole folder: names, references, prices, scopes, sums."""

from datetime import datetime

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems
from governor.core.decisions.snapshot import Catalogues


def check_folder(built: Built, now: datetime, catalogues: Catalogues, problems: Problems) -> None:
    """Ask every question about a folder, and add the answers as problems."""
