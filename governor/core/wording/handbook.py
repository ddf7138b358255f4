"""The policies as a document that people read and sign: who, what, how much, per when, and who can say yes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from governor.core.calendar_days import local_date
from governor.core.decisions.snapshot import PolicySet
from governor.core.errors import NotFoundError
from governor.core.policy.applicable import limit_rule
from governor.core.policy.header import Enforcement, Header
from governor.core.policy.kinds import Quota
from governor.core.policy.organization import Team
from governor.core.policy_changes.reach import Reach
from governor.core.scopes import NONE_VALUE
from governor.core.wording.approvals import approval_statements
from governor.core.wording.envelope import ENFORCEMENT_WORDS
from governor.core.wording.models import price_words
from governor.core.wording.organization import organization_statements, team_moves
from governor.core.wording.phrases import begin_words, capitalised, counted, date_words, last_day_words, listed
from governor.core.wording.quotas import limit_statements, quota_statements
from governor.core.wording.rules import (
    allowlist_statements,
    context_statements,
    routing_statements,
    use_case_statements,
)
from governor.core.wording.selectors import concern_words
from governor.core.wording.statements import Statement

_ENVELOPE = frozenset(
    {
        "applies_to",
        "enforcement",
        "exceptions",
        "effective_from",
        "effective_until",
        "description",
        "owner",
        "reason",
        "review_by",
        "formerly",
    }
)
"""What a rule's heading says."""

_INNER = frozenset({"reserve.output", "reserve.hold_for", "reserve.on_expiry", "on_ledger_failure", "limits.order"})
"""What matters to those who run gateways, and to nobody else."""

_CALENDAR = frozenset({"time_zone", "fiscal_year_start", "working_hours", "unknown_users", "unlisted", "can_stop"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy as it is read.

    Attributes:
        title: What it is about, in words where there are some.
        ref: ``Quota/x``, and ``source`` is where it stands.
        whom: Whom it concerns.
        facts: Pairs of what is spoken of and what is said of it.
        note: What is out of the ordinary: on trial, not yet in force, no exceptions.
    """

    title: str
    ref: str
    source: str
    whom: str
    facts: tuple[tuple[str, str], ...]
    note: str = ""
    owner: str = ""
    reason: str = ""
    review_on: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Rules of one sort."""

    title: str
    intro: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Handbook:
    """The whole document.

    Attributes:
        title: Its heading.
        whom: For whom it was made: ``everyone``, a department, a person.
        about: Who that is: ``employee, team growth and department marketing``; ``""`` for everyone.
        version: The policies' digest or commit.
        on: The day of its making, in words.
        in_short: Every limit in a line: whose and per when, how much, from when on it warns, what happens when it is
            reached.
    """

    title: str
    whom: str
    about: str
    version: str
    on: str
    in_short: tuple[tuple[str, str, str, str], ...] = ()
    chapters: tuple[Chapter, ...] = field(default_factory=tuple)


def make_handbook(policies: PolicySet, now: datetime, *, department: str = "", user: str = "") -> Handbook:
    """Write the handbook of everybody, of a department, or of a person.

    Args:
        policies: The version in force.
        now: What is over is left out, what is to come is marked.
        department: Only what concerns somebody in it.
        user: Only what concerns this person, by any of the names that the Organization lists, or this machine.

    Raises:
        NotFoundError: If nobody is called that.
    """
    return _Writer(policies, now, department, user).handbook()


class _Writer:
    """Writes one handbook."""

    def __init__(self, policies: PolicySet, now: datetime, department: str, user: str) -> None:
        self._policies = policies
        self._now = now
        self._zone = policies.organization.time_zone
        self._reach = Reach(policies.organization, now)
        self._department = department
        self._user = user
        self._readers = self._found_readers()

    def handbook(self) -> Handbook:
        organization = self._policies.organization
        whom = self._user or self._department
        return Handbook(
            title=f"AI budgets of {organization.name}" + (f" for {whom}" if whom else ""),
            whom=whom or "everyone",
            about=self._about(),
            version=self._policies.version[:12],
            on=date_words(local_date(self._now, self._zone)),
            in_short=tuple(self._in_short()),
            chapters=tuple(chapter for chapter in self._chapters() if chapter.rules),
        )

    def _found_readers(self) -> frozenset[str]:
        """Return whose rules are in the handbook."""
        organization = self._policies.organization
        if self._user:
            name = organization.person_ids.get(self._user.lower(), self._user)
            if name not in self._reach.everybody():
                raise NotFoundError(f"`{self._user[:80]}` is nobody whom the Organization lists today")
            self._user = name
            return frozenset({name})
        if self._department:
            if self._department not in organization.departments:
                known = listed(sorted(organization.departments))
                raise NotFoundError(f"`{self._department[:80]}` is no department; there are {known}")
            return self._reach.members("department", self._department)
        return self._reach.everybody()

    def _about(self) -> str:
        """Say who the reader is, as the Organization says it."""
        keys = {f"people.{self._user}", f"service_accounts.{self._user}", f"departments.{self._department}"}
        said = organization_statements(self._policies.organization)
        return next((each.words for each in said if each.key in keys), "")

    def _chapters(self) -> Iterator[Chapter]:
        policies, zone = self._policies, self._zone
        yield Chapter(
            "How much may be spent",
            "Every budget on the way must have room: the tightest one decides.",
            tuple(self._quota(quota) for quota in policies.quotas if self._concerns(quota.header)),
        )
        yield Chapter(
            "Which models may be used",
            "A model must be allowed by one of these lists, be in every list of the only ones, and be refused by none.",
            self._rules((each.header, allowlist_statements(each, zone)) for each in policies.allowlists),
        )
        yield Chapter(
            "How large a request may be",
            "The tightest limit counts, and so does the model's own window.",
            self._rules((each.header, context_statements(each, zone)) for each in policies.context_limits),
        )
        yield Chapter(
            "Who chooses the model",
            "Where a request leaves the choice open, or a rule makes it.",
            self._rules((each.header, routing_statements(each, zone)) for each in policies.routings),
        )
        yield Chapter(
            "Who can say yes",
            "Whoever needs more asks, says why, and is answered by people who have nothing to gain from it.",
            self._rules((each.header, approval_statements(each, zone)) for each in policies.approval_rules),
        )
        if not self._user:
            yield Chapter("What we use models for", "The inventory of use cases.", tuple(self._use_cases()))
            yield Chapter("What models cost", "Prices in USD for a million tokens.", tuple(self._prices()))
            yield Chapter(
                "Which teams move",
                "From that day on the new department pays; what was used before stays with the old one.",
                tuple(self._moves()),
            )
            yield Chapter("How we reckon", "", tuple(self._reckoning()))

    def _concerns(self, header: Header) -> bool:
        until = header.effective_until
        if until is not None and until <= self._now:
            return False
        found, _ = self._reach.concerned(header)
        return bool(found & self._readers) or not header.applies_to.terms

    def _rules(self, described: Iterable[tuple[Header, Iterator[Statement]]]) -> tuple[Rule, ...]:
        return tuple(self._rule(header, list(said)) for header, said in described if self._concerns(header))

    def _rule(self, header: Header, said: Sequence[Statement]) -> Rule:
        facts = [(capitalised(each.subject), each.words) for each in said if each.key not in _ENVELOPE | _INNER]
        return Rule(
            title=header.description or header.name,
            ref=header.ref,
            source=str(header.source),
            whom=concern_words(header),
            facts=tuple(facts),
            note=self._note(header),
            owner=header.owner,
            reason=header.reason,
            review_on=date_words(header.review_by) if header.review_by is not None else "",
        )

    def _in_short(self) -> Iterator[tuple[str, str, str, str]]:
        for quota in self._policies.quotas:
            if not self._concerns(quota.header):
                continue
            said = {each.key: each.words for each in quota_statements(quota, self._zone)}
            on_trial = quota.header.enforcement is not Enforcement.ENFORCE
            reached = "nothing: it is on trial" if on_trial else said["when_reached"]
            for limit in (each for each in self._limits(quota) if each.key not in _INNER):
                yield capitalised(limit.subject), limit.words, said.get("soft_limit", ""), reached

    def _quota(self, quota: Quota) -> Rule:
        """Say of a budget what is used of it: first the limits of the readers, then what happens at them."""
        mine = self._limits(quota)
        said = [each for each in quota_statements(quota, self._zone) if not each.key.startswith(("limit", "schedule"))]
        return self._rule(quota.header, [*mine, *said])

    def _limits(self, quota: Quota) -> list[Statement]:
        """Return the limits that the readers meet, of all that the quota has."""
        said = list(limit_statements(quota, self._zone))
        if not self._user and not self._department:
            return said
        rules = {self._rule_of(quota, name) for name in self._readers}
        return [each for each in said if each.rule in rules] or said

    def _rule_of(self, quota: Quota, name: str) -> str:
        attributes = self._reach.attributes(name)
        scope = tuple((key, attributes.get(key, NONE_VALUE)) for key in quota.per)
        rule = limit_rule(quota, scope, self._policies.organization, self._now)[0]
        return rule if rule.startswith("limits[") else "limit"

    def _note(self, header: Header) -> str:
        parts = []
        if header.enforcement is not Enforcement.ENFORCE:
            parts.append(f"on trial: {ENFORCEMENT_WORDS[header.enforcement]}")
        if header.effective_from is not None and header.effective_from > self._now:
            parts.append(f"from {begin_words(header.effective_from, self._zone)} on")
        if header.effective_until is not None:
            parts.append(f"until {last_day_words(header.effective_until, self._zone)}")
        if not header.exceptions_allowed:
            parts.append("no exceptions are made")
        return "; ".join(parts)

    def _use_cases(self) -> Iterator[Rule]:
        for use_case in self._policies.organization.use_cases.values():
            yield self._rule(use_case.header, list(use_case_statements(use_case)))

    def _prices(self) -> Iterator[Rule]:
        book = self._policies.prices
        facts = tuple(
            (f"{entry.model} from {begin_words(entry.from_at, self._zone)} on", price_words(entry.price))
            for entry in book.entries
        )
        if facts:
            source = str(book.source) if book.source is not None else ""
            yield Rule("Our own prices", book.policy, source, "everyone", facts)

    def _moves(self) -> Iterator[Rule]:
        """Say which teams will come and go; a person's own page says so of the person."""
        organization = self._policies.organization
        for team in organization.teams.values():
            coming = [place for place in team.placements if place.from_at is not None and place.from_at > self._now]
            if not coming or (self._department and not self._sees_move(team)):
                continue
            facts = tuple(
                (capitalised(each.subject), each.words) for each in team_moves(team, self._zone)[-len(coming) :]
            )
            people = sum(not self._reach.is_account(name) for name in self._reach.members("team", team.name))
            ref, source = f"Organization/{organization.name}", str(organization.source)
            yield Rule(f"Team {team.name}", ref, source, counted(people, "person", "people"), facts)

    def _sees_move(self, team: Team) -> bool:
        return self._department in {place.department for place in team.placements}

    def _reckoning(self) -> Iterator[Rule]:
        organization = self._policies.organization
        facts = tuple(
            (capitalised(each.subject), each.words)
            for each in organization_statements(organization)
            if each.key in _CALENDAR
        )
        ref = f"Organization/{organization.name}"
        yield Rule("Calendar, and what happens to what nobody listed", ref, str(organization.source), "everyone", facts)
