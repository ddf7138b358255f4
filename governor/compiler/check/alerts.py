"""Whether a quota's alerts can be: a period that lasts long enough, and somebody who is told."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from governor.compiler.build.policy_set import Built
from governor.compiler.problems import Problems, did_you_mean
from governor.compiler.source import Document, Path
from governor.core.alerts.recipients import RELATIVE, is_channel, people_told
from governor.core.globs import matches_any
from governor.core.periods import Every
from governor.core.policy.alert_rule import EMAIL_PREFIX, OWNER, SLACK_PREFIX, AlertOf, AlertRule
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Organization
from governor.core.policy.scope_attributes import team_attributes

_TOO_SHORT = {
    AlertOf.USED: frozenset({Every.MINUTE}),
    AlertOf.FORECAST: frozenset({Every.MINUTE, Every.HOUR, Every.DAY}),
}
"""Periods that are over before anybody has read of them, or before there is anything to forecast."""


def check_alerts(built: Built, now: datetime, problems: Problems) -> None:
    """Refuse alerts that cannot go with their quota's period, and alerts that reach nobody."""
    organization = built.policies.organization
    for quota in built.policies.quotas:
        document = built.documents[quota.header.source]
        for index, rule in enumerate(quota.alerts):
            path: Path = ("alerts", index)
            _check_period(quota, rule, document, path, problems)
            _check_notify(organization, quota, rule, now, document=document, path=path, problems=problems)


def _check_period(quota: Quota, rule: AlertRule, document: Document, path: Path, problems: Problems) -> None:
    if quota.period is None:
        message = "concurrent requests are never used up, so there is nothing to tell of"
        problems.add(document.problem("period-conflict", message, path, hint="leave `alerts` out"))
    elif quota.period.every in _TOO_SHORT[rule.of]:
        message = f"a period of a {quota.period.every} is too short for an alert of {rule.of}"
        hint = "alert on a quota with a longer period" if rule.of is AlertOf.USED else "write of: used"
        problems.add(document.problem("period-conflict", message, (*path, "of"), hint=hint))


def _check_notify(
    organization: Organization,
    quota: Quota,
    rule: AlertRule,
    now: datetime,
    *,
    document: Document,
    path: Path,
    problems: Problems,
) -> None:
    unknown = [name for name in rule.notify if not _is_known(organization, name, quota.header.owner)]
    for name in unknown:
        hint = did_you_mean(name, (*organization.groups, *RELATIVE, OWNER)) or "name a group, or slack:#a-channel"
        message = f"nobody is called `{name[:60]}`"
        place = (*path, "notify", rule.notify.index(name))
        problems.add(document.problem("unknown-reference", message, place, hint=hint))
    if unknown:
        return
    for whose in _scopes(organization, quota, now):
        if not _reaches(organization, quota, rule, whose, now):
            of = f" of {', '.join(sorted(whose.values()))}" if whose else ""
            message = f"the alert at {rule.words} reaches nobody{of}"
            hint = "add slack:#a-channel, or a group with members"
            problems.add(document.problem("alert-reaches-nobody", message, (*path, "notify"), hint=hint))
            return


def _is_known(organization: Organization, name: str, owner: str) -> bool:
    if name == OWNER:
        return bool(owner)
    if is_channel(name):
        return name not in {SLACK_PREFIX, EMAIL_PREFIX} and (not name.startswith(EMAIL_PREFIX) or "@" in name)
    return name in organization.groups or name in RELATIVE or name.lower() in organization.person_ids


def _reaches(
    organization: Organization, quota: Quota, rule: AlertRule, whose: Mapping[str, str], now: datetime
) -> bool:
    owner = quota.header.owner
    return any(
        is_channel(name) or (name == OWNER and "@" in owner) or bool(people_told(organization, name, whose, owner, now))
        for name in rule.notify
    )


def _scopes(organization: Organization, quota: Quota, now: datetime) -> Iterator[dict[str, str]]:
    """Yield whose budgets the quota may make, as far as leads depend on it."""
    teams = [team for team in organization.teams.values() if _concerned(quota, "team", team.name)]
    if "team" in quota.per or "user" in quota.per:
        yield from (team_attributes(team, now) for team in teams)
        return
    departments = [name for name in organization.departments if _concerned(quota, "department", name)]
    if "department" in quota.per:
        yield from ({"department": name} for name in departments)
        return
    yield from _shared(quota, organization, departments, now)


def _shared(
    quota: Quota, organization: Organization, departments: Iterable[str], now: datetime
) -> Iterator[dict[str, str]]:
    """Yield whose budget a shared one is: a single team's or department's, if it is for no other."""
    wanted = dict(quota.header.applies_to.terms)
    teams = [name for name in organization.teams if name in wanted.get("team", ())]
    if len(teams) == 1:
        yield team_attributes(organization.teams[teams[0]], now)
        return
    named = list(departments) if "department" in wanted else []
    yield {"department": named[0]} if len(named) == 1 else {}


def _concerned(quota: Quota, key: str, value: str) -> bool:
    patterns = dict(quota.header.applies_to.terms).get(key)
    return patterns is None or matches_any(patterns, value)
