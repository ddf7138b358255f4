"""The answer: a verdict with every reason, the numbers compared, and the ways out. A deny is a value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governor.core.decisions.output_estimates import OutputEstimate
from governor.core.grants import Grant
from governor.core.ledger.budget import Balance, BudgetKey
from governor.core.scopes import Scope
from governor.core.units import Unit
from governor.core.values import hot_value


class Verdict(StrEnum):
    """What the gateway may do."""

    ALLOW = "allow"
    DENY = "deny"


class Mode(StrEnum):
    """``audited`` when nothing enforced applied."""

    ENFORCED = "enforced"
    AUDITED = "audited"


class Basis(StrEnum):
    """Whether the input was counted by the caller or estimated by us."""

    COUNTED = "counted"
    ESTIMATED = "estimated"


class ReasonCode(StrEnum):
    """Why a request was refused or warned about. Documented in ``docs/reference/codes.md``; a test keeps them equal."""

    BLOCKED = "blocked"
    MODEL_DENIED = "model_denied"
    MODEL_NOT_ALLOWED = "model_not_allowed"
    MODEL_NOT_IN_ONLY = "model_not_in_only"
    NO_ALLOWLIST_MATCHES = "no_allowlist_matches"
    UNKNOWN_MODEL = "unknown_model"
    UNKNOWN_PRICE = "unknown_price"
    UNKNOWN_USER = "unknown_user"
    UNKNOWN_SERVICE_ACCOUNT = "unknown_service_account"
    UNKNOWN_ENVIRONMENT = "unknown_environment"
    SUBJECT_NOT_ACTIVE = "subject_not_active"
    SUBJECT_MISMATCH = "subject_mismatch"
    CLIENT_ASSERTED = "client_asserted"
    UNREGISTERED_USE_CASE = "unregistered_use_case"
    RETIRED_USE_CASE = "retired_use_case"
    INPUT_TOO_LARGE = "input_too_large"
    OUTPUT_TOO_LARGE = "output_too_large"
    CONTEXT_TOO_LARGE = "context_too_large"
    BATCH_SIZE_UNKNOWN = "batch_size_unknown"
    MODEL_ROUTED = "model_routed"
    NO_ROUTING = "no_routing"
    QUOTA_EXCEEDED = "quota_exceeded"
    OVERAGE = "overage"
    SOFT_LIMIT_EXCEEDED = "soft_limit_exceeded"
    GRANTED = "granted"
    GRANT_EXHAUSTED = "grant_exhausted"
    BATCH_DENIED = "batch_denied"
    EVALUATION_ERROR = "evaluation_error"
    LEDGER_UNAVAILABLE = "ledger_unavailable"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, as data.

    Amounts are integers of ``unit`` (nano-USD for USD) and None where a reason has no numbers.

    Attributes:
        code: Which rule.
        policy: ``Kind/name``, ``Block/id``, or ``""`` for what no policy says.
        source: ``file:line``, or ``""``.
        message: One sentence for people, with the numbers.
        would_deny: In warnings: an audit or warn policy would have refused.
    """

    code: ReasonCode
    message: str
    policy: str = ""
    source: str = ""
    scope: Scope = ()
    unit: Unit | None = None
    limit: int | None = None
    used: int | None = None
    held: int | None = None
    requested: int | None = None
    resets_at: datetime | None = None
    would_deny: bool = False


class RemedyType(StrEnum):
    """Ways out of a deny."""

    USE_MODEL = "use_model"
    LOWER_OUTPUT = "lower_max_output_tokens"
    SHORTEN_INPUT = "shorten_input"
    WAIT_UNTIL = "wait_until"
    REQUEST_EXCEPTION = "request_exception"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way out; only the fields that its type needs are set."""

    type: RemedyType
    model: str = ""
    max_output_tokens: int | None = None
    at: datetime | None = None
    url: str = ""
    slack: str = ""


@hot_value
class BudgetView:
    """A budget as answers and ``GET /budgets`` show it; amounts in its unit, ``ceiling`` None if there is none.

    ``why`` says in words what made the ceiling another than the limit; ``""`` if it is the limit. ``existing`` is what
    of ``used`` was used before the budget began (``count_existing``), and ``carried`` what it took over from the period
    before (below zero: a debt), both as far as whoever made the view has looked.
    ``began_anew`` says when and why an edit of its policy put it in the place of another in the middle of its period.
    """

    budget: BudgetKey
    limit: int
    ceiling: int | None
    used: int
    held: int
    why: str = ""
    existing: int = 0
    began_anew: str = ""
    carried: int = 0

    @property
    def carried_limit(self) -> int:
        """The limit with what was carried into the period: what alerts and forecasts compare with."""
        return self.limit + self.carried

    @property
    def free(self) -> int | None:
        """``ceiling - used - held``; below zero after an overrun."""
        return None if self.ceiling is None else self.ceiling - self.used - self.held


@dataclass(frozen=True, slots=True)
class GrantUse:
    """A grant that a decision rests on, the policies that it lifted for it, and what it has paid and holds now."""

    grant: Grant
    lifts: tuple[str, ...]
    paid: Balance

    @property
    def left_nano_usd(self) -> int:
        """What it may still spend; below zero after an overrun."""
        return self.grant.amount_nano_usd - self.paid.taken


@hot_value
class ReservationView:
    """What the decision holds.

    ``tokens`` is input plus the output estimate; costs are nano-USD, None while the price is unknown;
    ``expires_at_s`` is in Unix seconds.
    """

    id: str
    state: str
    tokens: int
    cost_nano_usd: int | None
    worst_case_nano_usd: int | None
    expires_at_s: int


@hot_value
class Decision:
    """The whole answer.

    Attributes:
        decision_id: UUID text, or None for dry runs and degraded answers, which are not stored.
        model: The canonical id that the gateway may call; the one asked for if denied.
        max_output_tokens: What the gateway must send on; always present.
        reservation: None for denies, dry runs and degraded answers.
        attributes: The resolved subject, for explanations; not part of the wire answer.
        estimate: What was learned of the model's output, where a budget on the path holds by it.
        grants: What was granted beyond the policies, and without which it would have been another decision.
    """

    decision_id: str | None
    verdict: Verdict
    requested_model: str
    model: str
    substituted: bool
    max_output_tokens: int
    clamped: bool
    basis: Basis
    reservation: ReservationView | None
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    budgets: tuple[BudgetView, ...]
    remedies: tuple[Remedy, ...]
    policy_version: str
    mode: Mode
    attributes: Mapping[str, str]
    replayed: bool = False
    degraded: bool = False
    stale_policy: bool = False
    estimate: OutputEstimate | None = None
    grants: tuple[GrantUse, ...] = ()
