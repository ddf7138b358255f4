"""A policy folder to a PolicySet: all or nothing, with every problem at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from governor.compiler.build.policy_set import Built, build_policy_set
from governor.compiler.check import check_folder
from governor.compiler.folder import Folder, read_folder
from governor.compiler.problems import Problem, Problems, TooManyProblemsError
from governor.compiler.shape import shape_of
from governor.compiler.shapes.envelope import Envelope
from governor.compiler.source import Document, read_documents
from governor.core.decisions.snapshot import NO_CATALOGUES, Catalogues, PolicySet


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a folder gives.

    Attributes:
        policies: Everything it says, or None if there is any error.
        problems: Every error and warning, by file, line and column.
        version: SHA-256 over the sorted paths and bytes of its files, in hex.
        files: Text of every file that was read, by path relative to the folder.
    """

    policies: PolicySet | None
    problems: tuple[Problem, ...]
    version: str
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def compile_folder(folder: Path, now: datetime, catalogues: Catalogues = NO_CATALOGUES) -> Compiled:
    """Compile a policy folder.

    Args:
        folder: Where the ``*.yaml`` files are.
        now: For warnings about dates, and for the prices that are looked for; aware.
        catalogues: The price catalogue: it makes model names canonical and says which models have a price. Without
            one, models that only the catalogue knows are unknown, and missing prices are not looked for.

    Returns:
        The policies, or None with at least one error. A folder without policies is an error.
    """
    problems = Problems()
    text = read_folder(folder, problems)
    try:
        built = _build(text, now, catalogues, problems)
    except TooManyProblemsError as error:
        problems.found.append(Problem("", 1, 1, error.code, error.message, "mend these first"))
        built = None
    files = text.files if built is None else built.files
    version = text.version if built is None else built.policies.version
    policies = None if built is None or problems.fatal else built.policies
    return Compiled(policies, problems.sorted(), version, files)


def _build(text: Folder, now: datetime, catalogues: Catalogues, problems: Problems) -> Built | None:
    """Build and question everything, or nothing where it cannot even begin."""
    shaped: list[tuple[Envelope, Document]] = []
    for name, content in text.files.items():
        for document in read_documents(name, content, problems):
            shape = shape_of(document, problems)
            if shape is not None:
                shaped.append((shape, document))
    if not shaped and not problems.fatal:
        message = "the folder has no policies: nothing was checked"
        problems.add(Problem("", 1, 1, "no-policies", message, "name a folder with *.yaml files"))
        return None
    built = build_policy_set(shaped, text, problems, catalogues)
    if built is not None:
        check_folder(built, now, catalogues, problems)
    return built
