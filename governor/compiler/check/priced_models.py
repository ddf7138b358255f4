"""Models that rules allow or offer must be known, must have a price, and must not be retired."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from governor.compiler.build.header import Models
from governor.compiler.build.named_models import offered_models
from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems
from governor.compiler.source import Document, Path
from governor.core.decisions.snapshot import Catalogues
from governor.core.globs import is_glob, matches_any
from governor.core.policy.header import Header


def check_models(built: Built, now: datetime, catalogues: Catalogues, problems: Problems) -> None:
    """Check every model that a rule allows or offers, by itself or through a group.

    Without the price catalogue (where policies use it), nothing is said about models that only it would know.
    """
    judge = _Judge(built, now, catalogues)
    for allowlist in built.policies.allowlists:
        _judge_named(judge, allowlist.header, (_ALLOW, _FALLBACK), problems, denied=allowlist.deny)
    for limit in built.policies.context_limits:
        _judge_named(judge, limit.header, (_OVER_TO,), problems)
    for quota in built.policies.quotas:
        _judge_named(judge, quota.header, (_REACHED_TO,), problems)
    for routing in built.policies.routings:
        _judge_named(judge, routing.header, (_AMONG,), problems)


_ALLOW: Path = ("allow",)
_FALLBACK: Path = ("fallback",)
_OVER_TO: Path = ("when_over", "downgrade", "to")
_REACHED_TO: Path = ("when_reached", "downgrade", "to")
_AMONG: Path = ("among",)
_OFFERS = frozenset({_FALLBACK, _OVER_TO, _REACHED_TO, _AMONG})
"""Where models are tried one by one, so that a group's pattern must stand for models that are listed."""


def _judge_named(
    judge: "_Judge", header: Header, places: Sequence[Path], problems: Problems, *, denied: Sequence[str] = ()
) -> None:
    """Judge the models that a document names at some places, each once; groups as their members."""
    document = judge.built.documents[header.source]
    seen: set[str] = set()
    for place in places:
        for index, pattern in enumerate(_list_at(document, place)):
            where: Path = (*place, index)
            members = judge.members(pattern)
            if place in _OFFERS:
                members = judge.offered(members, pattern, document, where, problems)
            for member in members:
                if not is_glob(member) and member not in seen and not matches_any(denied, member):
                    seen.add(member)
                    judge.judge(member, document, where, problems)


def _list_at(document: Document, place: Path) -> Sequence[str]:
    value: Any = document.value
    for key in place:
        value = value.get(key) if isinstance(value, dict) else None
    return list(value or ())


class _Judge:
    """Answers what is known of a model, each model once.

    Args:
        built: The folder.
        now: The instant for prices and retirement.
        catalogues: The price catalogue.
    """

    def __init__(self, built: Built, now: datetime, catalogues: Catalogues) -> None:
        self.built = built
        self.now = now
        self.today = now.astimezone(ZoneInfo(built.policies.organization.time_zone)).date()
        self.catalogues = catalogues
        self.models = Models(built.policies.catalog, catalogues.models)
        self.answers: dict[str, tuple[str, str, str] | None] = {}

    def members(self, pattern: str) -> Sequence[str]:
        """Return the canonical id or the members of the group that a rule names."""
        if pattern.startswith("group:"):
            return self.built.policies.catalog.groups.get(pattern[6:].strip(), ())
        return (self.models.canonical(pattern),)

    def offered(
        self, members: Sequence[str], named: str, document: Document, path: Path, problems: Problems
    ) -> Sequence[str]:
        """Return the models that are offered; say so of each of the group's patterns that offers none."""
        listed = self.built.policies.catalog.models
        for member in members:
            if is_glob(member) and not offered_models((member,), listed):
                message = f"`{member}` of `{named}` offers no model here: no ModelCatalog lists one that it matches"
                hint = "list the models that may be given under `models` of a ModelCatalog, or name them in the group"
                problems.add(document.problem("pattern-offers-nothing", message, path, hint=hint))
        return offered_models(members, listed)

    def judge(self, model: str, document: Document, path: Path, problems: Problems) -> None:
        """Add a problem if there is one with a model."""
        if model not in self.answers:
            self.answers[model] = self._answer(model)
        answer = self.answers[model]
        if answer is not None:
            code, message, hint = answer
            problems.add(document.problem(code, message, path, hint=hint))

    def _answer(self, model: str) -> tuple[str, str, str] | None:
        retires_on = self.built.retires_on.get(model)
        if retires_on is not None and retires_on <= self.today:
            return "retired-model", f"`{model}` retired on {retires_on}", "allow its replacement"
        prices = self.built.policies.prices
        knows_prices = not prices.use_catalogue or self.catalogues.prices is not None
        priced = prices.unknown_price is not None or not knows_prices
        if not priced and prices.price(model, "", self.now, self.catalogues.prices) is None:
            return (
                "missing-price",
                f"nothing says what `{model}` costs",
                "add it to a PriceBook, or correct its name",
            )
        catalog = self.built.policies.catalog
        knows_models = not catalog.use_catalogue or self.catalogues.models is not None
        if knows_models and not catalog.resolve(model, lookup=self.catalogues.models).known:
            return "unknown-model", f"no catalogue knows `{model}`", "add it to a ModelCatalog, or correct its name"
        return None
