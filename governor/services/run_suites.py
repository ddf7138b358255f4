"""Run policy tests: each case on an empty in-memory ledger, by the very functions that answer ``/decide``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from governor.core.decisions.budget_keys import SHARE, budget_key, part_key
from governor.core.decisions.caller import Caller
from governor.core.decisions.conclude import conclude
from governor.core.decisions.decision import Decision
from governor.core.decisions.draws import Part
from governor.core.decisions.evaluate import evaluate
from governor.core.decisions.plan import Plan
from governor.core.decisions.snapshot import Snapshot
from governor.core.decisions.suites import Case, Given, Suite
from governor.core.ledger.admit import admit
from governor.core.ledger.book import Book
from governor.core.ledger.budget import BudgetKey
from governor.core.ledger.commands import Admission
from governor.core.ledger.counter import Counter, expiry_bucket
from governor.core.money import usd_text
from governor.core.policy.kinds import Quota
from governor.services.answers import encode_decision
from governor.services.fired_rules import Rule, fired_rules, took_part
from governor.services.given_grants import pay_given, with_given

CALLER = Caller("test")
HELD_FOR_S = 600


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case.

    Attributes:
        differences: What is not as expected, a sentence each; empty if it passed.
        answer: The answer as ``/decide`` gives it.
        fired: The rules that decided something.
    """

    suite: Suite
    case: Case
    differences: tuple[str, ...]
    answer: Mapping[str, Any]
    fired: frozenset[Rule]


def run_suites(snapshot: Snapshot, suites: Sequence[Suite]) -> Iterator[CaseResult]:
    """Run every case; each begins with nothing but its givens."""
    for suite in suites:
        for case in suite.cases:
            yield _run(snapshot, suite, case)


def _run(snapshot: Snapshot, suite: Suite, case: Case) -> CaseResult:
    snapshot = with_given(snapshot, case.grants)
    plan = evaluate(snapshot, case.request, CALLER, case.now)
    book = Book(complete=True)
    book.now_s = case.now.timestamp()
    troubles = [trouble for given in case.givens for trouble in _give(book, snapshot, plan, given, case.now)]
    troubles += pay_given(book, snapshot, case.grants)
    admission = admit(plan.options(), book.find_balance)
    decision = conclude(plan, admission, None)
    answer: dict[str, Any] = msgspec.json.decode(encode_decision(decision))
    part = took_part(snapshot, plan)
    differences = (*troubles, *_differences(case, decision, answer, _cost(plan, admission), part))
    return CaseResult(suite, case, differences, answer, fired_rules(snapshot, plan, admission, decision))


def _give(book: Book, snapshot: Snapshot, plan: Plan, given: Given, now: datetime) -> Iterator[str]:
    quota = snapshot.quota(given.quota)
    if quota is None:
        yield f"given: there is no Quota/{given.quota}"
        return
    if quota.unit is not given.unit:
        yield f"given: Quota/{given.quota} counts {quota.unit}, not {given.unit}"
        return
    at = given.at or now
    keys: set[BudgetKey] = set()
    if given.scope is not None:
        key = _key_of(quota, given.scope, at)
        if key is None:
            yield f"given: the scope of Quota/{given.quota} is {_scope_words(quota)}"
            return
        keys.add(key)
    else:
        # The budget that the request draws on; a quota that does not concern it has none.
        draws = [draw for candidate in plan.candidates for draw in candidate.prepared.draws]
        paying = [*draws, *(other for draw in draws for other in draw.instead)]
        keys.update(
            budget_key(quota, draw.budget.scope, at)
            for draw in paying
            if draw.applied.quota.header.name == given.quota and draw.part in {Part.WHOLE, Part.FUND}
        )
    for key in keys:
        counter = book.counters.setdefault(key.digest, Counter(key))
        counter.fold(book.now_s)
        counter.used += given.used
        counter.hold(expiry_bucket(book.now_s + HELD_FOR_S), given.held, charge_on_expiry=False)


def _key_of(quota: Quota, given: Mapping[str, str], at: datetime) -> BudgetKey | None:
    """Return the budget of a scope or, where the taker of a share is named too, the budget of that share."""
    if not all(name in given for name in quota.per):
        return None
    scope = tuple((name, given[name]) for name in quota.per)
    whole = budget_key(quota, scope, at)
    beside = set(given) - set(quota.per)
    if not beside:
        return whole
    if quota.max_share is None or beside != {quota.max_share.per}:
        return None
    taker = quota.max_share.per
    return part_key(quota, whole, SHARE, (*scope, (taker, given[taker])))


def _scope_words(quota: Quota) -> str:
    names = ", ".join(quota.per) or "nobody in particular"
    return f"{names}, and for a share {quota.max_share.per}" if quota.max_share is not None else names


def _differences(
    case: Case, decision: Decision, answer: Mapping[str, Any], cost_usd: str | None, part: frozenset[str]
) -> Iterator[str]:
    """Say what is not as expected; only what is stated is compared."""
    expected = dict(case.expected)
    reason, policy, resets_at = (expected.pop(name, None) for name in ("reason", "policy", "resets_at"))
    actual: dict[str, object] = {**answer, "cost_usd": cost_usd}
    actual["reasons"] = [each["code"] for each in answer["reasons"]]
    actual["warnings"] = [each["code"] for each in answer["warnings"]]
    actual["remedies"] = [each["type"] for each in answer["remedies"]]
    for name, wanted in expected.items():
        if actual[name] != wanted:
            yield f"{name}: expected {_shown(wanted)}, got {_shown(actual[name])}"
    if policy is not None and policy not in part:
        yield f"policy: {policy} was not evaluated; what took part: {', '.join(sorted(part)) or 'nothing'}"
    elif reason is not None or resets_at is not None:
        yield from _reason_differences(decision, answer, reason, policy, resets_at)


def _reason_differences(
    decision: Decision, answer: Mapping[str, Any], reason: object, policy: object, resets_at: object
) -> Iterator[str]:
    """A stated reason is one of the reasons or, where the request is allowed, one of what it points out."""
    given = [*answer["reasons"], *answer["warnings"]] if decision.verdict == "allow" else answer["reasons"]
    found = [each for each in given if reason in {None, each["code"]} and policy in {None, each["policy"]}]
    wanted = " of ".join(str(each) for each in (reason, policy) if each is not None) or "any reason"
    shown = ", ".join(f"{each['code']} of {each['policy']}" for each in given) or "none"
    if not found:
        yield f"reason: expected {wanted}, got {shown}"
    elif resets_at is not None and not any(_same_instant(each.get("resets_at"), resets_at) for each in found):
        yield f"resets_at: expected {resets_at}, got {found[0].get('resets_at')}"


def _same_instant(given: object, wanted: object) -> bool:
    if given is None:
        return False
    first, second = (datetime.fromisoformat(str(each)).astimezone(UTC) for each in (given, wanted))
    return abs(first - second) < timedelta(seconds=1)


def _cost(plan: Plan, admission: Admission) -> str | None:
    cost = plan.standing(admission.chosen or 0, admission).amounts.cost_nano_usd
    return usd_text(cost) if cost is not None else None


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
