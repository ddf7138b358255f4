"""Policy tests as values: requests, what is given, and what is expected of the answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from governor.core.decisions.request import DecideRequest
from governor.core.grants import Grant
from governor.core.policy.header import Source
from governor.core.units import Unit


@dataclass(frozen=True, slots=True)
class Given:
    """What a budget has used and holds before the request, in ``unit``.

    Attributes:
        quota: Its name without the kind.
        scope: Whose budget, by the quota's ``per``; None: the one that the request draws on.
        at: An instant of the period that is meant; None: the present one.
    """

    quota: str
    unit: Unit
    used: int
    held: int = 0
    scope: Mapping[str, str] | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GivenGrant:
    """An approved exception that stands before the request, and what it has paid already, in nano-USD."""

    grant: Grant
    used_nano_usd: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """One request and what is expected of its answer.

    Attributes:
        expected: What is stated, by the names of the answer's fields; never empty for a case that was accepted.
        source: Where it stands.
    """

    name: str
    now: datetime
    givens: tuple[Given, ...]
    request: DecideRequest
    expected: Mapping[str, object]
    source: Source
    grants: tuple[GivenGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases of one document."""

    name: str
    cases: tuple[Case, ...]
    source: Source
    description: str = ""
