"""Two versions of the policies side by side: what the later one says differently."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from governor.core.decisions.snapshot import PolicySet
from governor.core.periods import Every, next_boundaries
from governor.core.policy.kinds import Quota
from governor.core.policy_changes.balances import changed_identity, pairs, starts_anew
from governor.core.policy_changes.change import ChangeKind, Difference, PolicyChange, Touched
from governor.core.policy_changes.parts import begun_parts
from governor.core.policy_changes.reach import Reach
from governor.core.wording.phrases import begin_words, listed
from governor.core.wording.policy_set import describe
from governor.core.wording.statements import Described, Statement

_UNTOLD = frozenset({"formerly"})
"""Statements that say nothing new beside the rename itself."""


@dataclass(frozen=True, slots=True)
class _Version:
    """One of the two versions, indexed."""

    described: Mapping[str, Described]
    quotas: Mapping[str, Quota]
    reach: Reach

    @classmethod
    def of(cls, policies: PolicySet, now: datetime) -> "_Version":
        described = {policy.ref: policy for policy in describe(policies)}
        quotas = {quota.header.ref: quota for quota in policies.quotas}
        return cls(described, quotas, Reach(policies.organization, now))

    def touched(self, policy: Described, statement: Statement) -> tuple[frozenset[str], bool] | None:
        if statement.people:
            return frozenset(statement.people), False
        if statement.team:
            return self.reach.members("team", statement.team), False
        if policy.header is None or not statement.decides:
            return None
        quota = self.quotas.get(policy.ref)
        if quota is not None and statement.rule:
            return self.reach.limited(quota, statement.rule)
        return self.reach.concerned(policy.header)


def compare(before: PolicySet, after: PolicySet, now: datetime) -> tuple[PolicyChange, ...]:
    """Say what the later version says differently.

    Args:
        before: The version in force.
        after: The version that is proposed.
        now: Where people are, and which limits are in force.

    Returns:
        One change for each policy that differs, in the order of the later version; what is gone comes last.
    """
    old, new = _Version.of(before, now), _Version.of(after, now)
    continued, _ = pairs(before, after)
    partners = {f"Quota/{name}": quota.header.ref for name, quota in continued.items()}
    partners.update((ref, formerly) for ref in new.described if (formerly := _former(ref, old, new)) is not None)
    gone = old.described.keys() - partners.values()
    return (
        *_of_present(old, new, partners, now),
        *[_whole(old, old.described[ref], ChangeKind.REMOVED, now) for ref in old.described if ref in gone],
    )


def _former(ref: str, old: _Version, new: _Version) -> str | None:
    """Return what a policy that keeps no balance was called before."""
    if ref.startswith("Quota/"):
        return None
    if ref in old.described:
        return ref
    kind = ref.partition("/")[0]
    if kind == "Organization":
        return next((each for each in old.described if each.startswith("Organization/")), None)
    names = (f"{kind}/{name}" for name in new.described[ref].formerly)
    return next((name for name in names if name in old.described and name not in new.described), None)


def _of_present(old: _Version, new: _Version, partners: Mapping[str, str], now: datetime) -> Iterator[PolicyChange]:
    for ref, policy in new.described.items():
        if ref not in partners:
            yield _whole(new, policy, ChangeKind.ADDED, now)
            continue
        earlier = old.described[partners[ref]]
        differences = tuple(_differences(old, new, earlier, policy))
        formerly = earlier.ref if earlier.ref != ref else ""
        if differences or formerly:
            balances = _balances(old.quotas.get(earlier.ref), new.quotas.get(ref), now)
            yield PolicyChange(ChangeKind.CHANGED, ref, formerly, policy.source, differences, balances)


def _whole(version: _Version, policy: Described, kind: ChangeKind, now: datetime) -> PolicyChange:
    """Say of a policy that it is new, or gone, with everything that it says."""
    added = kind is ChangeKind.ADDED
    differences = tuple(
        Difference(
            kind,
            statement.key,
            statement.subject,
            "" if added else statement.words,
            statement.words if added else "",
            statement.decides,
            _count(version.touched(policy, statement), None, version.reach),
        )
        for statement in policy.statements
    )
    balances = ""
    if policy.ref in version.quotas:
        balances = _whole_balances(version.quotas[policy.ref], now, added=added)
    return PolicyChange(kind, policy.ref, "", policy.source, differences, balances)


def _whole_balances(quota: Quota, now: datetime, *, added: bool) -> str:
    if not added:
        return "is no longer counted"
    if quota.count_existing:
        return f"begins with what its requests used so far in this period{_beginnings(quota, now)}"
    return f"begins with nothing used: what was spent before does not count{_beginnings(quota, now)}"


def _beginnings(quota: Quota, now: datetime) -> str:
    """Say when the next periods begin, as far as days go: `month` and `30 days` look alike, and are not."""
    period = quota.period
    if period is None or period.every in {Every.MINUTE, Every.HOUR, Every.DAY, Every.ONCE}:
        return ""
    boundaries = [begin_words(at, period.time_zone) for at in next_boundaries(period, now, 3)]
    return f"; new periods begin on {listed(boundaries)}"


def _differences(old: _Version, new: _Version, earlier: Described, later: Described) -> Iterator[Difference]:
    before = {statement.key: statement for statement in earlier.statements}
    after = {statement.key: statement for statement in later.statements}
    for key in dict.fromkeys((*after, *before)):
        was, is_now = before.get(key), after.get(key)
        if key in _UNTOLD or (was is not None and is_now is not None and was.says_as(is_now)):
            continue
        if key.endswith(".order") and not _same_members(before, after, key.removesuffix("order")):
            # What is new or gone is said already, and has to stand somewhere.
            continue
        statement = is_now or was
        assert statement is not None
        touched = (
            old.touched(earlier, was) if was is not None else None,
            new.touched(later, is_now) if is_now is not None else None,
        )
        yield Difference(
            _kind(was, is_now),
            key,
            statement.subject,
            was.words if was is not None else "",
            is_now.words if is_now is not None else "",
            statement.decides,
            _count(*touched, new.reach),
        )


def _same_members(before: Mapping[str, Statement], after: Mapping[str, Statement], prefix: str) -> bool:
    mine, theirs = ({key for key in keys if key.startswith(prefix)} for keys in (before, after))
    return mine == theirs


def _kind(was: Statement | None, is_now: Statement | None) -> ChangeKind:
    if was is None:
        return ChangeKind.ADDED
    return ChangeKind.REMOVED if is_now is None else ChangeKind.CHANGED


def _count(
    was: tuple[frozenset[str], bool] | None, is_now: tuple[frozenset[str], bool] | None, reach: Reach
) -> Touched | None:
    """Count whom either version concerns."""
    found = [each for each in (was, is_now) if each is not None]
    if not found:
        return None
    names = frozenset[str]().union(*(each for each, _ in found))
    accounts = sum(reach.is_account(name) for name in names)
    return Touched(len(names) - accounts, accounts, any(at_most for _, at_most in found))


def _begun(parts: Sequence[str], quota: Quota) -> str:
    """Say what begins beside the budgets that go on."""
    if not parts:
        return ""
    if quota.count_existing:
        return f"; so it does for {listed(parts)}"
    return f", but {listed(parts)} {'counts' if len(parts) == 1 else 'count'} from now"


def _balances(was: Quota | None, is_now: Quota | None, now: datetime) -> str:
    if was is None or is_now is None:
        return ""
    if starts_anew(was, is_now):
        begin = _beginnings(is_now, now) if "period" in changed_identity(was, is_now) else ""
        if is_now.count_existing:
            return f"it has other budgets, which begin with what its requests used so far in this period{begin}"
        return f"its budgets start from now: what was spent so far in this period does not count{begin}"
    return f"what was spent so far in this period counts{_begun(begun_parts(was, is_now), is_now)}"
