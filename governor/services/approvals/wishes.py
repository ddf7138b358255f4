"""What somebody asks for, checked and made canonical: names, policies, an end, and reasons that are long enough."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from governor.core.approvals.terms import Terms
from governor.core.decisions.snapshot import Snapshot
from governor.core.errors import InvalidRequestError
from governor.core.grants import LIFTED_KINDS, GrantKind, UnitAmount
from governor.core.money import AMOUNT_MAX
from governor.core.policy.approval_rule import ApprovalRule
from governor.core.scopes import Scope
from governor.core.units import Unit, amount_words
from governor.services.approvals.desk import whole_ms

TEXT_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for, as a door read it.

    Attributes:
        kind: More budget, a model, or larger requests.
        lifts: The policies that stand in the way: ``Quota/x``, ``ModelAllowlist/y``, ``ContextLimit/z``.
        until_at: When it should end.
        scope: Whom it is for; empty: the asker.
        amount_nano_usd: What it may spend in all; None: as much as Governor estimates.
        amounts: For quotas that count tokens or requests: how much of their own unit, by policy.
        models: Any names of the models.
        outcome: The business outcome, in words.
        expected_value_nano_usd: What it is expected to be worth.
        extends: Id of the request that it prolongs, or ``""``.
        starts_at: For what is prolonged: when it should begin.
        request_id: The caller's own id: sent again, it is the same request. ``""``: none.
    """

    kind: GrantKind
    lifts: tuple[str, ...]
    until_at: datetime
    scope: Scope = ()
    amount_nano_usd: int | None = None
    amounts: dict[str, int] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    input_tokens_max: int | None = None
    output_tokens_max: int | None = None
    total_tokens_max: int | None = None
    justification: str = ""
    outcome: str = ""
    expected_value_nano_usd: int | None = None
    urgent: bool = False
    extends: str = ""
    starts_at: datetime | None = None
    request_id: str = ""


def checked_lifts(snapshot: Snapshot, wish: Wish) -> tuple[str, ...]:
    """Return the policies that a wish names, each once, under their present names.

    Raises:
        InvalidRequestError: If one is not known, is of another kind, or says ``exceptions: never``.
    """
    headers = {f"{header.kind}/{name}": header for header in snapshot.policies.headers for name in header.formerly}
    headers |= {header.ref: header for header in snapshot.policies.headers}
    kinds = sorted(LIFTED_KINDS[wish.kind])
    lifts: dict[str, None] = {}
    for ref in wish.lifts:
        header = headers.get(ref)
        if header is None:
            raise InvalidRequestError(f"there is no policy `{ref[:120]}`; name it like Quota/team-spend", field="lifts")
        if header.kind not in kinds:
            message = f"an exception of the kind {wish.kind} lifts {' or '.join(kinds)}, not {ref}"
            raise InvalidRequestError(message, field="lifts")
        if not header.exceptions_allowed:
            message = f"{ref} says `exceptions: never`; ask its owner {header.owner or 'in a pull request'}"
            raise InvalidRequestError(message, code="never_lifted", field="lifts", policy=ref)
        lifts[header.ref] = None
    if not lifts:
        raise InvalidRequestError("name the policies that stand in the way in `lifts`", field="lifts")
    return tuple(lifts)


def terms_of(snapshot: Snapshot, wish: Wish, lifts: tuple[str, ...], now: datetime) -> Terms:
    """Return what is asked for; the amount is 0 while it is to be estimated.

    Raises:
        InvalidRequestError: If something is missing, or makes no sense.
    """
    if not now < wish.until_at:
        raise InvalidRequestError("the end has passed; give one that is still to come", field="until")
    if wish.amount_nano_usd is not None and not 0 < wish.amount_nano_usd <= AMOUNT_MAX:
        raise InvalidRequestError("`amount_usd` must be above 0", field="amount_usd")
    terms = Terms(
        amount_nano_usd=wish.amount_nano_usd or 0,
        ends_at=whole_ms(wish.until_at),
        starts_at=whole_ms(wish.starts_at) if wish.starts_at is not None else None,
    )
    match wish.kind:
        case GrantKind.BUDGET:
            return replace(terms, amounts=_amounts(snapshot, wish, lifts))
        case GrantKind.MODEL:
            models = tuple(dict.fromkeys(snapshot.model(name, "").id for name in wish.models))
            if not models:
                raise InvalidRequestError("name the models in `models`", field="models")
            return replace(terms, models=models)
        case GrantKind.CONTEXT:
            sizes = (wish.input_tokens_max, wish.output_tokens_max, wish.total_tokens_max)
            if not any(sizes) or any(size is not None and not 0 < size <= AMOUNT_MAX for size in sizes):
                message = "say how many tokens of input, of output or of both a request may have"
                raise InvalidRequestError(message, field="input_tokens_max")
            return replace(terms, input_tokens_max=sizes[0], output_tokens_max=sizes[1], total_tokens_max=sizes[2])


def _amounts(snapshot: Snapshot, wish: Wish, lifts: tuple[str, ...]) -> tuple[UnitAmount, ...]:
    amounts = []
    for ref in lifts:
        quota = snapshot.quota(ref.removeprefix("Quota/"))
        assert quota is not None, "lifts of this kind are quotas that were looked up"
        if quota.unit is Unit.USD:
            continue
        asked = wish.amounts.get(ref)
        if asked is None or not 0 < asked <= AMOUNT_MAX:
            message = f"{ref} counts {quota.unit}; say in `amounts` how many {quota.unit} it should give"
            raise InvalidRequestError(message, field=f"amounts.{ref}")
        amounts.append(UnitAmount(ref, quota.unit, asked))
    unknown = set(wish.amounts) - {one.policy for one in amounts}
    if unknown:
        message = f"`amounts` names {min(unknown)}, which is no lifted quota that counts tokens or requests"
        raise InvalidRequestError(message, field="amounts")
    return tuple(amounts)


def check_rule(rule: ApprovalRule, wish: Wish, now: datetime) -> None:
    """Refuse what the rule does not let anybody ask for.

    Raises:
        InvalidRequestError: Naming the field.
    """
    longest = timedelta(seconds=rule.max_duration_s)
    if wish.until_at - (wish.starts_at or now) > longest:
        message = f"an exception lasts at most {_length(longest)} here ({rule.ref}); give an earlier end"
        raise InvalidRequestError(message, field="until", longest_s=rule.max_duration_s)
    written = len(wish.justification.strip())
    if written < rule.justification_min:
        message = f"say why in at least {rule.justification_min} characters; it has {written}"
        raise InvalidRequestError(message, field="justification", at_least=rule.justification_min)
    if rule.expected_value_required and wish.expected_value_nano_usd is None:
        message = "say what it is expected to be worth: whoever decides compares it with the cost"
        raise InvalidRequestError(message, field="expected_value_usd")


def checked_text(text: str, field_: str) -> str:
    """Return a text of several lines without space around it.

    Raises:
        InvalidRequestError: If it is too long, or has control characters.
    """
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if len(text) > TEXT_MAX:
        raise InvalidRequestError(f"`{field_}` is longer than {TEXT_MAX:,} characters; write less", field=field_)
    if not text.replace("\n", "").isprintable():
        raise InvalidRequestError(f"`{field_}` has control characters; write plain text", field=field_)
    return text


def words_of(amounts: tuple[UnitAmount, ...]) -> str:
    """Say what is asked of quotas that count no money, for people."""
    return ", ".join(f"{amount_words(one.amount, one.unit)} of {one.policy}" for one in amounts)


def _length(length: timedelta) -> str:
    return f"{length.days} days" if length.days else f"{int(length.total_seconds()) // 3600} hours"
