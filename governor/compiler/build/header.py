"""The envelope and selectors to core values."""

from collections.abc import Mapping
from dataclasses import replace

from msgspec import UnsetType

from governor.compiler.build.reader import Reader, given
from governor.compiler.problems import did_you_mean
from governor.compiler.quantities import parse_date
from governor.compiler.shapes.envelope import Envelope, RuleEnvelope, ScopedEnvelope
from governor.compiler.shapes.use_cases import UseCaseShape
from governor.compiler.source import Path
from governor.core.globs import is_glob
from governor.core.model_names import provider_name
from governor.core.models import ModelCatalog, ModelLookup
from governor.core.policy.header import Enforcement, Header, Selector

_LOWER_CASE = frozenset({"user", "provider", "model", "operation", "kind"})
"""Attributes whose values are lower case once resolved; the others are compared as they are written."""


class Models:
    """Canonicalises what rules say about models.

    Args:
        catalog: The folder's models.
        lookup: The price catalogue's models, if there is one.
    """

    def __init__(self, catalog: ModelCatalog, lookup: ModelLookup | None = None) -> None:
        self.catalog = catalog
        self.lookup = lookup

    def canonical(self, pattern: str) -> str:
        """Return the canonical id of a literal; a glob is plain text in lower case."""
        if is_glob(pattern):
            return pattern.lower()
        return self.catalog.resolve(pattern, lookup=self.lookup).id

    def expand(self, patterns: list[str], reader: Reader, path: Path) -> tuple[str, ...]:
        """Return canonical ids and globs, ``group:NAME`` replaced by its members, each once."""
        found: dict[str, None] = {}
        for index, pattern in enumerate(patterns):
            if pattern.startswith("group:"):
                found.update(dict.fromkeys(self._members(pattern[6:].strip(), reader, (*path, index))))
            else:
                found[self.canonical(pattern)] = None
        return tuple(found)

    def _members(self, group: str, reader: Reader, path: Path) -> tuple[str, ...]:
        members = self.catalog.groups.get(group)
        if members is None:
            hint = did_you_mean(group, self.catalog.groups)
            reader.add("unknown-reference", f"no ModelCatalog has a group `{group[:60]}`", path, hint=hint)
            return ()
        return members


def build_header(kind: str, shape: Envelope, reader: Reader, models: Models | None = None) -> Header:
    """Build the envelope of a document."""
    plain = Header(
        kind=kind,
        name=shape.name,
        source=reader.source(),
        description=given(shape.description, ""),
        owner=given(shape.owner, ""),
        reason=given(shape.reason, ""),
        review_by=reader.maybe(parse_date, shape.review_by, ("review_by",)),
        formerly=tuple(shape.formerly) if isinstance(shape, RuleEnvelope | UseCaseShape) else (),
    )
    if not isinstance(shape, ScopedEnvelope) or models is None:
        return plain
    scoped = _scoped_header(plain, shape, reader, models)
    if not isinstance(shape, RuleEnvelope):
        return scoped
    return replace(
        scoped,
        enforcement=Enforcement(shape.enforcement),
        exceptions_allowed=shape.exceptions == "allowed",
    )


def _scoped_header(plain: Header, shape: ScopedEnvelope, reader: Reader, models: Models) -> Header:
    effective_from = reader.first_instant(shape.effective_from, ("effective_from",))
    effective_until = reader.end_of(shape.effective_until, ("effective_until",))
    if effective_from and effective_until and effective_until <= effective_from:
        hint = "effective_until is the last day on which it is in force"
        reader.add("wrong-date", "`effective_until` is before `effective_from`", ("effective_until",), hint=hint)
    excluded = None
    if not isinstance(shape.except_, UnsetType):
        excluded = build_selector(shape.except_, reader, ("except",), models)
    return replace(
        plain,
        effective_from=effective_from,
        effective_until=effective_until,
        applies_to=build_selector(shape.applies_to, reader, ("applies_to",), models),
        excluded=excluded,
        if_missing_applies=not isinstance(shape.if_missing, UnsetType),
    )


def build_selector(
    shape: Mapping[str, str | list[str]], reader: Reader, path: Path, models: Models, skip: str = ""
) -> Selector:
    """Build a selector: every field a list of patterns, models canonical.

    Args:
        shape: Field to pattern or patterns.
        reader: For problems.
        path: Where the selector stands.
        models: Canonicalises models.
        skip: A field that is not part of the selector.
    """
    terms = []
    for attribute, value in shape.items():
        if attribute == skip:
            continue
        patterns = [value] if isinstance(value, str) else value
        if attribute == "model":
            terms.append((attribute, models.expand(patterns, reader, (*path, attribute))))
            continue
        if attribute == "provider":
            patterns = [text if is_glob(text) else provider_name(text) for text in patterns]
        lower = attribute in _LOWER_CASE
        terms.append((attribute, tuple(dict.fromkeys(text.lower() if lower else text for text in patterns))))
    return Selector(tuple(terms))
